from __future__ import annotations

from typing import Any

import pytest
from benchmarks.operator import difference, parse_metrics, ratios, writes_of
from benchmarks.report import render_operator

METRICS = """# HELP octavo_operator_writes_total Objects written to the API server.
octavo_operator_writes_total{kind="ConfigMap",verb="apply"} 3.0
octavo_operator_writes_total{kind="Lease",verb="update"} 70.0
octavo_operator_queue_depth 2.0
python_info 1.0
"""


def test_metrics_are_read_by_their_prefix() -> None:
    found = parse_metrics(METRICS, "octavo_operator_")
    assert found["octavo_operator_queue_depth"] == 2.0
    assert "python_info" not in found


def test_renewals_of_a_lease_are_no_writes() -> None:
    after = parse_metrics(METRICS, "octavo_operator_")
    before = {'octavo_operator_writes_total{kind="ConfigMap",verb="apply"}': 1.0}
    assert writes_of(before, after) == {"ConfigMap/apply": 2.0}
    assert writes_of(after, after) == {}


def test_what_did_not_move_is_left_out() -> None:
    assert difference({"GET": 5, "PUT": 1}, {"GET": 7, "PUT": 1, "APPLY": 2}) == {"APPLY": 2, "GET": 2}


def stacks() -> dict[str, Any]:
    def phase(per_s: float) -> dict[str, float]:
        return {"per_s": per_s, "cpu_ms_each": 12.0, "writes_each": 11.0}

    operator = {
        "create": phase(9.0),
        "edit": phase(20.0),
        "rest": {"writes": 0.0, "cpu_share": 0.01},
        "restart": {"all_looked_at_s": 3.0, "writes": 0.0, "rss_kb_each": 15.0},
        "failover": {"leading_s": 10.0, "written_s": 10.5},
        "delete": {"seconds": 60.0, "writes": 0.0},
        "rss_kb_each_created": 15.0,
        "rss_kb_each_edited": 16.0,
    }
    return {"operator": operator, "bare": [{"create": phase(8.0), "edit": phase(20.0)}, {"create": phase(12.0), "edit": phase(20.0)}]}


def test_the_operator_is_set_against_the_mean_of_the_scripts_runs() -> None:
    assert ratios(stacks()) == pytest.approx({"create": 0.9, "edit": 1.0})
    assert ratios({"operator": stacks()["operator"]}) == {}


def test_the_page_shows_figures_and_a_skeleton_without_them() -> None:
    machine = {"python": "3.11.7", "cores": 2, "cpu": "x", "memory_gib": 23.5, "kernel": "6.1"}
    result = {"benchmark": "operator", "at": "now", "machine": machine, "settings": {"count": 1000}, "stacks": stacks()}
    text = render_operator({**result, "ratios": ratios(stacks())})
    assert "1,000 GeneratorServices" in text
    assert "0.90 ×" in text
    assert "writes in 60 s of rest" in text
    assert "Not measured yet" in render_operator(None)
