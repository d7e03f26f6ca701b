"""From rounds to figures."""

import pytest
from benchmarks.job_figures import LevelSample, PauseSample, level_figures, pause_figures, ratios


def level(stack: str = "octavo", number: int = 1, latencies_s: tuple[float, ...] = (0.06,) * 10, upstream_s: float = 0.05) -> LevelSample:
    return LevelSample(
        stack=stack,
        round=number,
        in_flight=100,
        window_s=2.0,
        latencies_s=list(latencies_s),
        failed=0,
        lost=0,
        repeated=1,
        upstream_p50_s=upstream_s,
        upstream_p99_s=upstream_s,
        stack_cpu_s=0.5,
        client_cpu_s=0.1,
        upstream_cpu_s=0.1,
        others_cpu_s=0.2,
        rss_bytes=200_000_000,
        pss_bytes=100_000_000,
    )


def test_overhead_is_latency_less_the_upstreams_own_time_of_that_round() -> None:
    figures = level_figures([level(), level(number=2, latencies_s=(0.08,) * 10, upstream_s=0.07)])
    assert figures.overhead_p50_ms == pytest.approx(10.0)
    assert figures.overhead_p99_ms == pytest.approx(10.0)


def test_rates_and_costs_are_of_all_rounds_together() -> None:
    figures = level_figures([level(), level(number=2, latencies_s=(0.06,) * 30)])
    assert figures.jobs_per_s == pytest.approx(10.0)
    assert (figures.jobs_per_s_lowest, figures.jobs_per_s_highest) == (5.0, 15.0)
    assert figures.cpu_s_per_1000_jobs == pytest.approx(25.0)
    assert figures.others_cores == pytest.approx(0.1)
    assert figures.repeated == 2


def test_a_ratio_is_the_median_of_the_rounds_own_ratios() -> None:
    ours = [level(number=number, latencies_s=(0.06,) * jobs) for number, jobs in ((1, 20), (2, 30), (3, 400))]
    theirs = [level("seeds", number, (0.06,) * 10) for number in (1, 2, 3)]
    compared = ratios(ours, theirs)
    assert compared is not None
    assert compared.jobs_per_s == pytest.approx(3.0)


def test_rounds_that_only_one_stack_ran_are_not_compared() -> None:
    assert ratios([level(number=1)], [level("seeds", number=2)]) is None


def pause(cpu_s_by_role: dict[str, float], first_s: float = 0.055) -> PauseSample:
    return PauseSample("octavo", 1, 60.0, 50.0, first_s, 0.05, cpu_s_by_role)


def test_idle_cpu_is_a_share_of_one_core() -> None:
    figures = pause_figures([pause({"worker": 0.25, "redis": 0.05}), pause({"worker": 0.75, "redis": 0.05}, first_s=0.065)])
    assert figures.worker_idle_cores == pytest.approx(0.01)
    assert figures.stack_idle_cores == pytest.approx(0.011)
    assert figures.first_job_overhead_highest_ms == pytest.approx(15.0)


def test_a_stack_without_a_worker_has_no_idle_worker() -> None:
    assert pause_figures([pause({"server": 0.25})]).worker_idle_cores is None
