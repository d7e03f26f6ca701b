"""The page that shows results."""

import pytest
from benchmarks.report import insert, render, render_jobs, render_startup

MACHINE = {"cpu": "Abacus", "cores": 2, "memory_gib": 24.0, "kernel": "6.1", "python": "3.12.1", "node": None, "redis": "7.0.15"}
LEVEL = {
    "in_flight": 100,
    "jobs_per_s": 1234.56,
    "overhead_p50_ms": 4.321,
    "overhead_p99_ms": 9.87,
    "cpu_s_per_1000_jobs": 0.5,
    "pss_mb": 210.4,
    "others_cores": 0.02,
    "failed": 0,
    "lost": 0,
    "repeated": 0,
}
JOBS = {
    "benchmark": "jobs",
    "at": "2026-01-02T03:04Z",
    "machine": MACHINE,
    "settings": {"levels": [100], "rounds": 3, "seconds": 15.0, "latency_ms": 50.0, "pause_s": 60.0},
    "stacks": {
        "octavo": {
            "levels": [LEVEL],
            "pause": {
                "first_job_overhead_p50_ms": 4.0,
                "first_job_overhead_highest_ms": 5.0,
                "worker_idle_cores": 0.0031,
                "stack_idle_cores": 0.01,
            },
        },
        "seeds": {"levels": [{**LEVEL, "jobs_per_s": 617.28}], "pause": None},
        "bull": {"levels": [{**LEVEL, "jobs_per_s": 1800.0}], "pause": None},
    },
    "ratios": [
        {"peer": "seeds", "in_flight": 100, "jobs_per_s": 2.0, "overhead_p50": 1.0, "overhead_p99": 1.0, "cpu_s_per_1000_jobs": None},
        {"peer": "bull", "in_flight": 100, "jobs_per_s": 0.69, "overhead_p50": 1.0, "overhead_p99": 1.0, "cpu_s_per_1000_jobs": 1.0},
    ],
}


def test_a_result_is_rendered_with_its_machine_and_date() -> None:
    text = render([JOBS])
    assert "Measured 2026-01-02T03:04Z on 2 cores (Abacus), 24 GiB, Linux 6.1, Python 3.12.1, Redis 7.0.15. 3 rounds, 15 s a level" in text
    assert "| 100 | Octavo | 1,234.6 | 4.32 ms | 9.87 ms | 0.500 | 210 MB | 0 / 0 / 0 |" in text
    assert "| 100 | the seeds' stack (Express + Bull + socket.io) | 617.3 |" in text
    assert "| 100 | the same, tuned by hand (two processes, no JWT, completed jobs thrown away) | 1,800.0 |" in text
    assert "| Octavo | 4.00 ms | 5.00 ms | 0.31 % | 1.00 % |" in text


def test_ratios_are_shown_against_each_peer() -> None:
    text = render([JOBS])
    assert "| 100 | **Octavo over the seeds' stack** | **2.00 ×** | **1.00 ×** | **1.00 ×** | **–** |  |  |" in text
    assert "| 100 | **Octavo over the tuned one** | **0.69 ×** | **1.00 ×** | **1.00 ×** | **1.00 ×** |  |  |" in text


def test_a_stack_that_was_not_run_has_no_row() -> None:
    alone = {**JOBS, "stacks": {"seeds": {"levels": [LEVEL], "pause": None}}, "ratios": []}
    text = render_jobs(alone)
    assert "the seeds' stack" in text
    assert "Octavo" not in text
    assert "tuned" not in text


def test_without_a_result_every_figure_is_a_dash() -> None:
    for text in (render_jobs(None), render_startup(None)):
        assert text.startswith("Not measured yet.")
    skeleton = render_jobs(None)
    assert "| 400 | Octavo | – | – | – | – | – | – |" in skeleton
    assert "| 400 | **Octavo over the tuned one** | – | – | – | – |  |  |" in skeleton


def test_every_row_of_a_table_has_the_same_columns() -> None:
    for text in (render_jobs(JOBS), render_jobs(None), render_startup(None)):
        for block in text.split("\n\n"):
            rows = [line.count("|") for line in block.splitlines() if line.startswith("|")]
            assert len(set(rows)) <= 1


def test_a_section_is_replaced_and_the_words_around_it_stay() -> None:
    page = "before\n<!-- jobs -->\nold\n<!-- /jobs -->\nafter\n"
    assert insert(page, "jobs", "a \\1 b") == "before\n<!-- jobs -->\na \\1 b\n<!-- /jobs -->\nafter\n"


def test_a_page_without_the_section_is_refused() -> None:
    with pytest.raises(ValueError, match="startup"):
        insert("<!-- jobs -->\n<!-- /jobs -->", "startup", "")
