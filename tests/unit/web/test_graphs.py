"""Graphs: what they are drawn from, and that what is drawn stays in its box."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo_web.domain.graphs import HEIGHT, WIDTH, Amount, Depth, Span, amounts, bars, ceiling, coarser, depths, span_of, stairs
from octavo_web.pages.admin.graphs import HOUR_MS, graphs_of, shares_of

NOW = 1_795_876_200_000


@st.composite
def spans(draw: st.DrawFn) -> Span:
    accepted = draw(st.integers(0, 1_000))
    started = draw(st.none() | st.integers(accepted, 1_200))
    ended = draw(st.none() | st.integers(accepted if started is None else started, 1_400))
    return Span(accepted, started, ended, draw(st.floats(0, 5)))


def test_a_queue_s_depth_is_the_most_of_each_bin() -> None:
    found = depths([Span(0, 0, 50), Span(10, 30, None), Span(20, None, 40)], since=0, until=100, bins=4)
    assert found == [Depth(0, 2, 1), Depth(25, 2, 2), Depth(50, 0, 1), Depth(75, 0, 1)]


def test_what_was_taken_as_it_came_has_not_waited() -> None:
    assert depths([Span(5, 5, 9)], since=0, until=10, bins=1) == [Depth(0, 0, 1)]


def test_what_began_before_counts_from_the_beginning() -> None:
    assert depths([Span(-90, -50, None), Span(-80, None, None)], since=0, until=10, bins=2) == [Depth(0, 1, 1), Depth(5, 1, 1)]


@given(st.lists(spans(), max_size=30), st.integers(1, 20))
def test_depths_are_never_below_nothing_and_never_above_all(found: list[Span], bins: int) -> None:
    drawn = depths(found, since=200, until=900, bins=bins)
    assert len(drawn) == bins
    assert all(0 <= one.waiting <= len(found) and 0 <= one.running <= len(found) for one in drawn)
    # In bins as fine as the clock, each moment is what a count says.
    fine = depths(found, since=200, until=300, bins=100)
    for one in fine:
        assert one.running == sum(s.started is not None and s.started <= one.at and (s.ended is None or s.ended > one.at) for s in found)


def test_in_fewer_bins_the_most_is_kept() -> None:
    assert coarser([Depth(0, 1, 0), Depth(1, 0, 4), Depth(2, 2, 2)], 2) == [Depth(0, 1, 4), Depth(2, 2, 2)]


@given(st.lists(spans(), max_size=30), st.integers(1, 20))
def test_nothing_that_was_spent_is_lost(found: list[Span], bins: int) -> None:
    drawn = amounts(found, since=0, until=1_401, bins=bins)
    assert sum(one.value for one in drawn) == pytest.approx(sum(one.usd for one in found if one.ended is not None))


def test_what_was_spent_stands_where_it_ended() -> None:
    assert amounts([Span(0, 1, 60, 0.5), Span(0, 1, 200, 9.0)], since=0, until=100, bins=2) == [Amount(0, 0.0), Amount(50, 0.5)]


@pytest.mark.parametrize(("value", "top"), [(0, 1), (-3, 1), (1, 1), (1.1, 2), (3, 5), (7, 10), (11, 20), (0.0003, 0.0005), (999, 1_000)])
def test_an_axis_ends_at_a_round_number(value: float, top: float) -> None:
    assert ceiling(value) == pytest.approx(top)


@given(st.floats(1e-6, 1e9))
def test_an_axis_is_no_less_than_what_stands_on_it(value: float) -> None:
    assert value * (1 - 1e-9) <= ceiling(value) <= value * 10


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60))
def test_a_path_stays_in_its_box(values: list[int]) -> None:
    path = stairs(values, 50)
    assert path.startswith("M")
    assert path.endswith(" Z")
    for corner in path.removeprefix("M").removesuffix(" Z").split(" L"):
        x, y = map(float, corner.split())
        assert 0 <= x <= WIDTH
        assert 0 <= y <= HEIGHT


def test_a_path_steps_and_stands_on_what_is_below() -> None:
    assert stairs([1, 1, 2], 2) == "M0 60 L400 60 L400 0 L600 0 L600 120 L400 120 L400 120 L0 120 Z"
    assert stairs([1], 2, [1]) == "M0 0 L600 0 L600 60 L0 60 Z"
    assert stairs([], 1) == ""


def test_nothing_has_no_bar_and_little_has_one_that_can_be_seen() -> None:
    drawn = bars([0, 1, 0.0001], 1)
    assert [round(bar.height) for bar in drawn] == [HEIGHT, 1]
    assert all(bar.x >= 0 and bar.x + bar.width <= WIDTH and bar.y + bar.height == HEIGHT for bar in drawn)


@pytest.mark.parametrize(
    ("view", "span"),
    [
        ({}, None),
        ({"accepted_at": "yesterday"}, None),
        ({"accepted_at": "1970-01-01T00:00:01.500Z"}, Span(1_500, None, None)),
        (
            {"accepted_at": "1970-01-01T00:00:01Z", "started_at": "1970-01-01T00:00:02Z", "ended_at": None, "usage": {"cost_usd": "0.02"}},
            Span(1_000, 2_000, None, 0.02),
        ),
        ({"accepted_at": "1970-01-01T00:00:01Z", "usage": {"cost_usd": "much"}}, Span(1_000, None, None)),
        ({"accepted_at": "1970-01-01T00:00:01Z", "usage": {"prompt_tokens": 3}}, Span(1_000, None, None)),
    ],
)
def test_a_job_as_the_api_tells_it(view: dict[str, Any], span: Span | None) -> None:
    assert span_of(view) == span


def test_a_generator_without_work_has_graphs_too() -> None:
    queue, cost = graphs_of([], now=NOW)
    assert (queue.top, queue.most_waiting, queue.most_running, len(queue.rows)) == (1, 0, 0, 12)
    assert (cost.bars, cost.total) == ((), 0)


def test_graphs_are_of_the_last_hour_and_their_figures_say_the_same() -> None:
    at = "2026-11-28T14:00:00.000Z"
    job: dict[str, Any] = {"accepted_at": at, "started_at": "2026-11-28T14:05:00.000Z", "ended_at": "2026-11-28T14:12:00.000Z"}
    job |= {"usage": {"cost_usd": "0.5"}}
    queue, cost = graphs_of([job], now=NOW)
    assert (queue.begins, queue.ends) == ("2026-11-28T13:30:00.000Z", "2026-11-28T14:30:00.000Z")
    assert [(row[0][11:16], *row[1:]) for row in queue.rows if row[1] or row[2]] == [("14:00", 1, 0), ("14:05", 0, 1), ("14:10", 0, 1)]
    assert [(row[0][11:16], row[1]) for row in cost.rows if row[1]] == [("14:10", 0.5)]
    assert cost.total == 0.5
    assert HOUR_MS == 3_600_000


def test_shares_of_providers_are_by_money_else_by_tokens() -> None:
    def spent(name: str, usd: float, tokens: int) -> dict[str, Any]:
        return {"provider": name, "today": {"usd": 0.0, "tokens": 0}, "month": {"usd": usd, "tokens": tokens}}

    def shares(*found: dict[str, Any]) -> list[tuple[str, int]]:
        return [(one.provider, one.percent) for one in shares_of({"by_provider": list(found)})]

    assert shares(spent("a", 1, 9), spent("b", 3, 1)) == [("b", 75), ("a", 25)]
    assert shares(spent("a", 0, 9), spent("b", 0, 1)) == [("a", 90), ("b", 10)]
    assert shares(spent("a", 0, 0)) == [("a", 0)]
    assert shares_of(None) == []
