"""The gateway's figures, from samples that are made up."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest
from benchmarks.gateway import report
from benchmarks.gateway_client import GatewayTarget
from benchmarks.gateway_figures import StreamSample, goals, over_direct, stream_figures
from benchmarks.gateway_report import render_gateway
from benchmarks.gateway_upstream import pieces
from benchmarks.job_figures import LevelSample, level_figures
from benchmarks.rounds import QUICK
from benchmarks.upstream import REPLY_TEXT

SETTINGS = replace(QUICK, levels=(1, 32))


def level(stack: str, in_flight: int, latency_s: float, calls: int, number: int = 1) -> LevelSample:
    return LevelSample(
        stack=stack,
        round=number,
        in_flight=in_flight,
        window_s=1.0,
        latencies_s=[latency_s] * calls,
        failed=0,
        lost=0,
        repeated=0,
        upstream_p50_s=0.050,
        upstream_p99_s=0.050,
        stack_cpu_s=0.5,
        client_cpu_s=0.1,
        upstream_cpu_s=0.1,
        others_cpu_s=0.0,
        rss_bytes=2_000_000,
        pss_bytes=1_000_000 if stack == "octavo" else 4_000_000,
    )


def stream(stack: str, first_s: float, number: int = 1) -> StreamSample:
    return StreamSample(stack, number, [first_s], [first_s + 0.001], [first_s + 0.1])


LEVELS = [
    level("direct", 1, 0.052, 19),
    level("octavo", 1, 0.055, 18),
    level("direct", 32, 0.054, 600),
    level("octavo", 32, 0.064, 500),
    level("litellm", 32, 0.354, 100),
]
STREAMS = [stream("direct", 0.051), stream("octavo", 0.056), stream("litellm", 0.071)]


def test_overhead_is_reckoned_from_direct_calls_of_the_same_round_and_level() -> None:
    figures = {(s.stack, s.in_flight): level_figures([s]) for s in over_direct([*LEVELS, level("octavo", 32, 0.070, 1, number=2)][:-1])}
    assert figures["octavo", 1].overhead_p50_ms == pytest.approx(3.0)
    assert figures["octavo", 32].overhead_p50_ms == pytest.approx(10.0)
    assert figures["direct", 1].overhead_p50_ms == pytest.approx(2.0)


def test_a_round_without_direct_calls_is_reckoned_from_the_upstreams_own_account() -> None:
    [_, alone] = over_direct([level("direct", 1, 0.052, 9), level("octavo", 1, 0.055, 9, number=2)])
    assert level_figures([alone]).overhead_p50_ms == pytest.approx(5.0)


def test_streams_are_reckoned_from_direct_streams_of_the_same_round() -> None:
    figures = stream_figures(STREAMS, "octavo")
    assert figures is not None
    assert figures.first_byte_over_p50_ms == pytest.approx(5.0)
    assert figures.end_over_p50_ms == pytest.approx(5.0)
    assert stream_figures(STREAMS, "nobody") is None
    assert stream_figures([stream("octavo", 0.056, number=2), stream("direct", 0.05)], "octavo") is None


def test_goals_tell_what_is_reached_missed_and_not_measured() -> None:
    found = goals(over_direct(LEVELS), STREAMS)
    assert [goal.value for goal in found] == [pytest.approx(5.0), pytest.approx(3.0), pytest.approx(5.0)]
    assert [goal.met for goal in found] == [True, True, True]
    slow = goals(over_direct([*LEVELS[:3], level("octavo", 32, 0.1, 300), LEVELS[4]]), [])
    assert [goal.met for goal in slow] == [False, True, None]
    assert [goal.met for goal in goals([], [])] == [None, None, None]


def test_a_result_can_be_written_and_shown() -> None:
    result = orjson.loads(orjson.dumps(report(["direct", "octavo", "litellm"], LEVELS, STREAMS, SETTINGS)))
    assert result["ratios"] == [
        {**result["ratios"][0], "in_flight": 32, "jobs_per_s": 5.0},
    ]
    assert result["memory_ratio"] == 0.25
    shown = render_gateway(result)
    assert "| 32 | Octavo | 500.0 |" in shown
    assert "| requests/s over LiteLLM's at 32 in flight | 5.00 | 4 | 6 | reached |" in shown
    assert "Not measured yet." in render_gateway(None)


def test_a_stack_alone_is_not_compared() -> None:
    result = report(["direct"], LEVELS[:1], STREAMS[:1], SETTINGS)
    assert result["ratios"] == []
    assert "Octavo over LiteLLM" not in render_gateway(result)


def test_all_stacks_are_asked_the_same() -> None:
    one, other = GatewayTarget(80, "/a"), GatewayTarget(80, "/b")
    assert one.submission(1).replace(b"/a", b"/b") == other.submission(2)
    assert b'"stream":true' in one.stream_request
    assert b"stream" not in one.submission(1)


def test_the_pieces_of_the_upstreams_stream_are_its_answer() -> None:
    chunks = [orjson.loads(line[6:]) for piece in pieces() for line in piece.split(b"\n\n") if line.startswith(b"data: {")]
    text = "".join(choice["delta"].get("content", "") for chunk in chunks for choice in chunk["choices"])
    assert text.strip() == REPLY_TEXT
    assert pieces()[-1].endswith(b"data: [DONE]\n\n")
