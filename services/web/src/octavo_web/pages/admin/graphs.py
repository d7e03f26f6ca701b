"""Graphs of a generator's page: the shapes, what stands at their edges, and the figures for whoever does not see them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from octavo_core.clock import to_iso
from octavo_web.domain.graphs import Amount, Bar, Depth, amounts, bars, ceiling, coarser, depths, span_of, stairs

HOUR_MS = 3_600_000
_MINUTES = 60
_FIVES = 12


@dataclass(frozen=True, slots=True)
class QueueGraph:
    """`running` and `waiting` are paths, the second upon the first; `top` is the number at the upper edge."""

    top: int
    running: str
    waiting: str
    begins: str
    ends: str
    rows: tuple[tuple[str, int, int], ...]
    most_waiting: int
    most_running: int


@dataclass(frozen=True, slots=True)
class CostGraph:
    """Dollars of each five minutes."""

    top: float
    bars: tuple[Bar, ...]
    begins: str
    ends: str
    rows: tuple[tuple[str, float], ...]
    total: float


@dataclass(frozen=True, slots=True)
class Share:
    """Of a provider: dollars and tokens of today and of this month, and its part of the month, 0 to 100."""

    provider: str
    usd_today: float
    usd_month: float
    tokens_month: int
    percent: int


def graphs_of(jobs: Sequence[Mapping[str, Any]], *, now: int) -> tuple[QueueGraph, CostGraph]:
    """Of the hour that ends at `now`, in milliseconds since the epoch."""
    spans = [span for span in map(span_of, jobs) if span is not None]
    since = now - HOUR_MS
    return (
        _queue(depths(spans, since=since, until=now, bins=_MINUTES), now),
        _cost(amounts(spans, since=since, until=now, bins=_FIVES), now),
    )


def shares_of(cost: Mapping[str, Any] | None) -> list[Share]:
    """The providers that anything was spent on, the dearest of the month first."""
    found = []
    for one in (cost or {}).get("by_provider") or ():
        today, month = one.get("today") or {}, one.get("month") or {}
        found.append((str(one.get("provider", "")), float(today.get("usd", 0)), float(month.get("usd", 0)), int(month.get("tokens", 0))))
    usd, tokens = sum(one[2] for one in found), sum(one[3] for one in found)
    # Where nothing was paid, as for models of one's own, tokens say who did the work.
    parts = [one[2] / usd if usd else one[3] / tokens if tokens else 0.0 for one in found]
    shares = [Share(*one, round(100 * part)) for one, part in zip(found, parts, strict=True)]
    return sorted(shares, key=lambda share: (-share.percent, share.provider))


def _queue(found: Sequence[Depth], now: int) -> QueueGraph:
    running, waiting = [one.running for one in found], [one.waiting for one in found]
    top = max(1, round(ceiling(max(map(sum, zip(running, waiting, strict=True))))))
    fives = coarser(found, _MINUTES // _FIVES)
    return QueueGraph(
        top,
        stairs(running, top),
        stairs(waiting, top, running),
        to_iso(found[0].at),
        to_iso(now),
        tuple((to_iso(one.at), one.waiting, one.running) for one in fives),
        max(waiting),
        max(running),
    )


def _cost(found: Sequence[Amount], now: int) -> CostGraph:
    values = [one.value for one in found]
    top = ceiling(max(values))
    return CostGraph(
        top,
        tuple(bars(values, top)),
        to_iso(found[0].at),
        to_iso(now),
        tuple((to_iso(one.at), one.value) for one in found),
        sum(values),
    )
