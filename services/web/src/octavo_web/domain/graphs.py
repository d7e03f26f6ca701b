"""How a generator's queue and cost went, as shapes to be drawn: steps and bars in a box of `WIDTH` by `HEIGHT`, with the figures that they
stand for. Pure.

What is drawn comes from jobs: each waited from when it was accepted to when it began, and ran from then to its end. Times are
milliseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

WIDTH = 600
HEIGHT = 120
_GAP = 0.25
"""Of a bar's place, what stays empty."""


@dataclass(frozen=True, slots=True)
class Span:
    """A job, as far as a graph goes. `started` and `ended` are None while that is still to come."""

    accepted: int
    started: int | None
    ended: int | None
    usd: float = 0.0


@dataclass(frozen=True, slots=True)
class Depth:
    """The most that waited, and the most that ran, at any time of the bin that begins at `at`."""

    at: int
    waiting: int
    running: int


@dataclass(frozen=True, slots=True)
class Amount:
    """What was spent in the bin that begins at `at`."""

    at: int
    value: float


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float


def span_of(view: Mapping[str, Any]) -> Span | None:
    """From a job as the admin API answers it; None where it does not say when it was accepted."""
    accepted = _ms(view.get("accepted_at"))
    if accepted is None:
        return None
    usage = view.get("usage")
    return Span(accepted, _ms(view.get("started_at")), _ms(view.get("ended_at")), _usd(usage) if isinstance(usage, Mapping) else 0.0)


def depths(spans: Sequence[Span], *, since: int, until: int, bins: int) -> list[Depth]:
    """One after another, `bins` of them, from `since` to `until`. What began before `since` counts from the first on."""
    changes: dict[int, tuple[int, int]] = {}

    def change(at: int, waiting: int, running: int) -> None:
        before = changes.get(at, (0, 0))
        changes[at] = (before[0] + waiting, before[1] + running)

    for span in spans:
        change(span.accepted, 1, 0)
        if span.started is not None:
            change(span.started, -1, 1)
        if span.ended is not None:
            change(span.ended, *((-1, 0) if span.started is None else (0, -1)))
    moments = sorted(changes)
    found, place, waiting, running = [], 0, 0, 0
    for number in range(bins):
        begin, end = (since + (until - since) * edge // bins for edge in (number, number + 1))
        # What changes at one moment changes at once: a job that was taken as it came has not waited.
        while place < len(moments) and moments[place] <= begin:
            waiting, running = waiting + changes[moments[place]][0], running + changes[moments[place]][1]
            place += 1
        most_waiting, most_running = waiting, running
        while place < len(moments) and moments[place] < end:
            waiting, running = waiting + changes[moments[place]][0], running + changes[moments[place]][1]
            most_waiting, most_running = max(most_waiting, waiting), max(most_running, running)
            place += 1
        found.append(Depth(begin, most_waiting, most_running))
    return found


def amounts(spans: Sequence[Span], *, since: int, until: int, bins: int) -> list[Amount]:
    """What the jobs that ended from `since` to `until` cost, by when they ended."""
    sums = [0.0] * bins
    for span in spans:
        if span.ended is not None and since <= span.ended < until:
            sums[(span.ended - since) * bins // (until - since)] += span.usd
    return [Amount(since + (until - since) * number // bins, value) for number, value in enumerate(sums)]


def coarser(found: Sequence[Depth], times: int) -> list[Depth]:
    """The same in fewer bins: of each `times` that follow each other the most."""
    groups = [found[start : start + times] for start in range(0, len(found), times)]
    return [Depth(group[0].at, max(one.waiting for one in group), max(one.running for one in group)) for group in groups]


def ceiling(value: float) -> float:
    """The least of 1, 2 and 5, times a power of ten, that is no less: where an axis ends. 1 for nothing at all."""
    if value <= 0:
        return 1.0
    step = 1.0
    while step < value:
        step *= 10
    while step / 10 >= value:
        step /= 10
    # `step` is a power of ten, no less than `value`, and a tenth of it is less.
    return next(step * part for part in (0.2, 0.5, 1.0) if step * part >= value)


def stairs(values: Sequence[float], top: float, below: Sequence[float] | None = None) -> str:
    """The path of an area that steps from value to value, for SVG's `d`. `below`: what it stands on, else the bottom."""
    if not values:
        return ""
    floor = list(below) if below is not None else [0.0] * len(values)
    width = WIDTH / len(values)
    upper, lower = [], []
    for (value, base), group in groupby(enumerate(zip(values, floor, strict=True)), key=itemgetter(1)):
        places = [place for place, _ in group]
        left, right = _n(places[0] * width), _n((places[-1] + 1) * width)
        upper += [f"{left} {_y(base + value, top)}", f"{right} {_y(base + value, top)}"]
        lower += [f"{left} {_y(base, top)}", f"{right} {_y(base, top)}"]
    return f"M{' L'.join([*upper, *reversed(lower)])} Z"


def bars(values: Sequence[float], top: float) -> list[Bar]:
    """One beside another; of nothing there is none."""
    width = WIDTH / max(1, len(values))
    found = []
    for number, value in enumerate(values):
        height = HEIGHT * min(1.0, value / top)
        if height > 0:
            # What is little is still something.
            height = max(1.0, height)
            left, breadth = (number + _GAP / 2) * width, (1 - _GAP) * width
            found.append(Bar(round(left, 1), round(HEIGHT - height, 1), round(breadth, 1), round(height, 1)))
    return found


def _y(value: float, top: float) -> str:
    return _n(HEIGHT - HEIGHT * min(1.0, value / top))


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


def _ms(moment: object) -> int | None:
    if not isinstance(moment, str):
        return None
    try:
        return round(datetime.fromisoformat(moment).timestamp() * 1000)
    except ValueError:
        return None


def _usd(usage: Mapping[str, Any]) -> float:
    try:
        return max(0.0, float(usage.get("cost_usd") or 0))
    except (TypeError, ValueError):
        return 0.0
