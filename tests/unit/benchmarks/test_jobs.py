"""The result of a run."""

from benchmarks.job_figures import LevelSample
from benchmarks.jobs import report
from benchmarks.rounds import QUICK


def level(stack: str, jobs: int) -> LevelSample:
    return LevelSample(
        stack=stack,
        round=1,
        in_flight=100,
        window_s=1.0,
        latencies_s=[0.06] * jobs,
        failed=0,
        lost=0,
        repeated=0,
        upstream_p50_s=0.05,
        upstream_p99_s=0.05,
        stack_cpu_s=0.5,
        client_cpu_s=0.1,
        upstream_cpu_s=0.1,
        others_cpu_s=0.0,
        rss_bytes=1,
        pss_bytes=1,
    )


def test_octavo_is_compared_with_each_peer() -> None:
    levels = [level("octavo", 30), level("seeds", 10), level("bull", 20)]
    result = report(["octavo", "seeds", "bull"], levels, [], QUICK)
    assert [(found["peer"], found["in_flight"], found["jobs_per_s"]) for found in result["ratios"]] == [
        ("seeds", 100, 3.0),
        ("bull", 100, 1.5),
    ]


def test_peers_alone_are_not_compared() -> None:
    result = report(["seeds", "bull"], [level("seeds", 10), level("bull", 20)], [], QUICK)
    assert result["ratios"] == []
    assert set(result["stacks"]) == {"seeds", "bull"}
