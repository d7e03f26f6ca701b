"""The few statistics that the benchmarks report."""

from collections.abc import Sequence
from statistics import median


def percentile(ordered: Sequence[float], share: float) -> float:
    """The nearest-rank percentile of values that are already sorted: always a value that was measured; 0.0 where there is none."""
    if not ordered:
        return 0.0
    rank = -(-len(ordered) * share // 100)
    return ordered[min(len(ordered), max(1, int(rank))) - 1]


def middle(values: Sequence[float]) -> float | None:
    """The median, or None where nothing was measured."""
    return median(values) if values else None


def ratio(ours: float | None, theirs: float | None) -> float | None:
    """ours / theirs, or None where one of them is missing or theirs is zero."""
    if ours is None or not theirs:
        return None
    return ours / theirs
