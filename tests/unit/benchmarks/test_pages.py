"""What Lighthouse says, as figures and tables."""

from typing import Any

import pytest
from benchmarks.lighthouse_figures import UnreadableReport, read, settled
from benchmarks.report import RENDERERS, render

MACHINE = {"cpu": "Abacus", "cores": 2, "memory_gib": 24.0, "kernel": "6.1", "python": "3.12.1", "node": "20.1.0", "redis": "7.0.15"}


def report(performance: float | None = 0.93, script: int = 34_000, contrast: float | None = 1.0) -> dict[str, Any]:
    def category(score: float | None, *audits: str) -> dict[str, Any]:
        return {"score": score, "auditRefs": [{"id": audit, "weight": 1} for audit in audits]}

    times = ("first-contentful-paint", "largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift")
    requests = [
        {"resourceType": "Document", "transferSize": 6_000},
        {"resourceType": "Script", "transferSize": script},
        {"resourceType": "Font", "transferSize": 20_000},
        {"resourceType": "Image"},
    ]
    return {
        "categories": {
            "performance": category(performance, "first-contentful-paint"),
            "accessibility": category(1.0, "color-contrast", "video-caption"),
            "best-practices": category(0.96, "is-on-https"),
        },
        "audits": {
            **{name: {"numericValue": 1_234.5, "score": 0.9, "scoreDisplayMode": "numeric"} for name in times},
            "color-contrast": {"score": contrast, "scoreDisplayMode": "binary"},
            "video-caption": {"score": None, "scoreDisplayMode": "notApplicable"},
            "is-on-https": {"score": 0, "scoreDisplayMode": "binary"},
            "network-requests": {"details": {"items": requests}},
        },
    }


def test_a_report_becomes_figures() -> None:
    found = read(report())
    assert dict(found.scores) == {"performance": 93, "accessibility": 100, "best-practices": 96}
    assert (found.script_bytes, found.total_bytes) == (34_000, 60_000)
    assert found.times["largest_paint_ms"] == 1_234.5
    assert found.faults == ("is-on-https",), "what does not apply is not wrong"
    assert read(report(contrast=0)).faults == ("color-contrast", "is-on-https")


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"runtimeError": {"code": "NO_FCP", "message": "The page did not paint any content."}},
        report(performance=None),
        {**report(), "audits": {}},
    ],
)
def test_what_is_no_report_is_said(broken: dict[str, Any]) -> None:
    with pytest.raises(UnreadableReport):
        read(broken)


def test_runs_are_one_by_their_middle_and_their_worst() -> None:
    found = settled([read(report(performance=score, script=size)) for score, size in ((0.9, 33_000), (0.94, 34_000), (0.92, 33_500))])
    assert (found["scores"]["performance"], found["lowest"]["performance"]) == (92, 90)
    assert found["script_bytes"] == 34_000


def result(**changed: Any) -> dict[str, Any]:
    page = settled([read(report())])
    return {
        "benchmark": "pages",
        "at": "2026-01-02T03:04Z",
        "machine": MACHINE,
        "settings": {"runs": 3, "width": 390, "height": 844},
        "pages": dict.fromkeys(("home", "feed", "studio", "form"), page),
        "first_page_ms": {"first": 412.3, "median": 180.0, "painted_median": 120.0},
        "install_errors": {"home": [], "feed": []},
        **changed,
    }


def test_the_tables_say_what_was_reached() -> None:
    text = render([result()])
    assert "3 runs of Lighthouse on each page, 390 × 844" in text
    assert "| home | 93 | 100 | 96 | 1,234 ms | 1,234 ms | 1,234.500 | 34.0 kB | 60 kB | is-on-https |" in text
    assert "| performance, the lowest page | 93 | 90 | reached |" in text
    assert "| first page on loopback, nothing cached | 412 ms | 1,000 ms | reached |" in text
    assert "| can be installed | yes | yes | reached |" in text


def test_what_was_missed_stands_out() -> None:
    slow = settled([read(report(performance=0.5, script=130_000))])
    text = render([result(pages={"home": slow}, install_errors={"home": ["no-manifest"], "feed": []})])
    assert "| performance, the lowest page | 50 | 90 | **missed** |" in text
    assert "| scripts, packed, the heaviest page | 130.0 kB | 120 kB | **missed** |" in text
    assert "| can be installed | home: no-manifest | yes | **missed** |" in text


def test_without_a_result_there_is_a_skeleton() -> None:
    text = RENDERERS["pages"](None)
    assert text.startswith("Not measured yet.")
    assert "| home | – | – | – |" in text
