"""The pages' figures as tables."""

from collections.abc import Mapping
from typing import Any

from benchmarks.lighthouse_figures import CATEGORIES, TARGETS
from benchmarks.report import DASH, Result, figure, provenance, table

_PAGES = ("home", "feed", "studio", "form")
_SCRIPTS_MOST = 120_000
_FIRST_MOST_MS = 1_000


def render_pages(result: Result | None) -> str:
    """Lighthouse's scores by page, then what is to be reached."""
    pages: Mapping[str, Any] = result["pages"] if result else {}
    rows = []
    for name in _PAGES:
        at: Mapping[str, Any] = pages.get(name, {})
        scores, times = at.get("scores", {}), at.get("times", {})
        rows.append(
            [
                name,
                *(figure(scores.get(category), 0) for category in CATEGORIES),
                figure(times.get("largest_paint_ms"), 0, " ms"),
                figure(times.get("blocked_ms"), 0, " ms"),
                figure(times.get("shift"), 3),
                figure(None if not at else at["script_bytes"] / 1000, 1, " kB"),
                figure(None if not at else at["total_bytes"] / 1000, 0, " kB"),
                ", ".join(at.get("faults", ())) or (DASH if not at else "none"),
            ]
        )
    head = ["Page", *(name.replace("-", " ") for name in CATEGORIES), "largest paint", "blocked", "shift", "scripts", "all", "found wrong"]
    how = ""
    if result:
        how = " {runs} runs of Lighthouse on each page, {width} × {height}, its own simulated phone.".format(**result["settings"])
    return "\n\n".join([provenance(result) + how, table(head, rows), table(["To be reached", "measured", "target", ""], _targets(result))])


def _targets(result: Result | None) -> list[list[str]]:
    pages: Mapping[str, Any] = result["pages"] if result else {}
    rows = []
    for category, wanted in TARGETS.items():
        lowest = min((at["scores"][category] for at in pages.values()), default=None)
        met = None if lowest is None else lowest >= wanted
        rows.append([f"{category.replace('-', ' ')}, the lowest page", figure(lowest, 0), str(wanted), _met(met)])
    scripts = max((at["script_bytes"] for at in pages.values()), default=None)
    met = None if scripts is None else scripts <= _SCRIPTS_MOST
    rows.append(["scripts, packed, the heaviest page", figure(None if scripts is None else scripts / 1000, 1, " kB"), "120 kB", _met(met)])
    first = result["first_page_ms"]["first"] if result else None
    met = None if first is None else first <= _FIRST_MOST_MS
    rows.append(["first page on loopback, nothing cached", figure(first, 0, " ms"), "1,000 ms", _met(met)])
    errors: Mapping[str, Any] = result["install_errors"] if result else {}
    said = "; ".join(f"{page}: {', '.join(found)}" for page, found in errors.items() if found)
    rows.append(["can be installed", said or ("yes" if result else DASH), "yes", _met(None if result is None else not said)])
    return rows


def _met(met: bool | None) -> str:
    return DASH if met is None else "reached" if met else "**missed**"
