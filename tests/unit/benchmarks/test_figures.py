"""The statistics that the benchmarks report."""

import pytest
from benchmarks.figures import middle, percentile, ratio


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0, 1.0), (1, 1.0), (50, 50.0), (99, 99.0), (99.5, 100.0), (100, 100.0)],
)
def test_a_percentile_is_a_value_that_was_measured(share: float, expected: float) -> None:
    assert percentile([float(value) for value in range(1, 101)], share) == expected


def test_a_percentile_of_one_value_is_that_value() -> None:
    assert percentile([7.0], 1) == percentile([7.0], 99) == 7.0


def test_nothing_measured_gives_no_figures() -> None:
    assert percentile([], 99) == 0.0
    assert middle([]) is None
    assert ratio(None, 2.0) is None
    assert ratio(2.0, None) is None
    assert ratio(2.0, 0.0) is None


def test_a_ratio_is_ours_over_theirs() -> None:
    assert ratio(3.0, 2.0) == 1.5
