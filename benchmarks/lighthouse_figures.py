"""What Lighthouse says of a page, as figures. Pure: it reads the JSON that `lighthouse --output=json` writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

CATEGORIES = ("performance", "accessibility", "best-practices")
TARGETS: Mapping[str, int] = {"performance": 90, "accessibility": 100, "best-practices": 95}
_TIMES = {
    "first_paint_ms": "first-contentful-paint",
    "largest_paint_ms": "largest-contentful-paint",
    "blocked_ms": "total-blocking-time",
    "shift": "cumulative-layout-shift",
}


class UnreadableReport(Exception):
    """It is none of Lighthouse's, or Lighthouse could not load the page."""


@dataclass(frozen=True, slots=True)
class Look:
    """One run on one page. Scores are 0 to 100. Bytes are as they travelled, packed."""

    scores: Mapping[str, int]
    times: Mapping[str, float]
    script_bytes: int
    total_bytes: int
    faults: tuple[str, ...]
    """Ids of what it finds wrong about accessibility and practices."""


def read(report: Mapping[str, Any]) -> Look:
    """Raises `UnreadableReport`."""
    failed = report.get("runtimeError")
    if failed:
        raise UnreadableReport(f"{failed.get('code')}: {failed.get('message')}")
    try:
        audits = report["audits"]
        scores = {name: _score(report["categories"][name]["score"]) for name in CATEGORIES}
        times = {name: float(audits[audit]["numericValue"]) for name, audit in _TIMES.items()}
        requests = audits["network-requests"]["details"]["items"]
        faults = [
            one["id"]
            for name in CATEGORIES[1:]
            for one in report["categories"][name]["auditRefs"]
            if one.get("weight") and _is_wrong(audits[one["id"]])
        ]
    except (LookupError, TypeError) as error:
        raise UnreadableReport(f"the report lacks {error}") from None
    return Look(
        scores,
        times,
        sum(_bytes(one) for one in requests if one.get("resourceType") == "Script"),
        sum(_bytes(one) for one in requests),
        tuple(dict.fromkeys(faults)),
    )


def settled(looks: Sequence[Look]) -> dict[str, Any]:
    """Several runs on one page as one: the middle of each figure, and all that any of them found wrong. Lighthouse itself varies."""
    return {
        "scores": {name: round(median([look.scores[name] for look in looks])) for name in CATEGORIES},
        "lowest": {name: min(look.scores[name] for look in looks) for name in CATEGORIES},
        "times": {name: round(median([look.times[name] for look in looks]), 3) for name in _TIMES},
        "script_bytes": max(look.script_bytes for look in looks),
        "total_bytes": max(look.total_bytes for look in looks),
        "faults": list(dict.fromkeys(fault for look in looks for fault in look.faults)),
    }


def _is_wrong(audit: Mapping[str, Any]) -> bool:
    """What does not apply, or is for a person to look at, has no score."""
    return audit.get("scoreDisplayMode") in ("binary", "numeric", "metricSavings") and (audit.get("score") or 0) < 1


def _score(given: Any) -> int:
    if given is None:
        raise UnreadableReport("a category has no score: one of its audits failed")
    return round(float(given) * 100)


def _bytes(one: Mapping[str, Any]) -> int:
    return int(one.get("transferSize") or 0)
