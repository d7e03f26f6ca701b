"""The gateway's figures as Markdown."""

from collections.abc import Mapping
from typing import Any

from benchmarks.report import DASH, Result, figure, provenance, table

LEVELS = (1, 32, 128)
STACKS = {"direct": "the upstream itself", "octavo": "Octavo", "litellm": "LiteLLM's proxy, 1 worker"}


def render_gateway(result: Result | None) -> str:
    """Calls at each level, then streams, then what was to be reached. Without a result a skeleton."""
    levels = result["settings"]["levels"] if result else LEVELS
    stacks: Mapping[str, Any] = result["stacks"] if result else {stack: {"levels": [], "streams": None} for stack in STACKS}
    shown = [stack for stack in STACKS if stack in stacks]
    parts = [provenance(result)]
    if result:
        settings = result["settings"]
        others = max((at["others_cores"] for stack in stacks.values() for at in stack["levels"]), default=0.0)
        parts[0] += " {rounds} rounds, {seconds:g} s a level, upstream {latency_ms:g} ms;".format(**settings)
        parts[0] += f" programs that have no part in it held at most {others:.2f} cores."
    parts.append(table(_CALLS, [_call_row(STACKS[stack], _level(stacks[stack], level), level) for level in levels for stack in shown]))
    if result:
        rows = [[str(at["in_flight"]), *(figure(at[key], 2, " ×") for key in _COMPARED)] for at in result["ratios"]]
        parts += ["Octavo over LiteLLM:", table(_RATIOS, rows)] if rows else []
    parts.append("Streams, one after the other, in milliseconds over the upstream's own:")
    parts.append(table(_STREAMS, [_stream_row(STACKS[stack], stacks[stack]["streams"] or {}) for stack in shown if stack != "direct"]))
    if result:
        parts.append(table(["To be reached", "measured", "at the least", "target", ""], [_goal_row(goal) for goal in result["goals"]]))
    return "\n\n".join(parts)


def _level(stack: Mapping[str, Any], in_flight: int) -> Mapping[str, float]:
    return next((figures for figures in stack["levels"] if figures["in_flight"] == in_flight), {})


def _call_row(name: str, at: Mapping[str, float], in_flight: int) -> list[str]:
    return [
        str(in_flight),
        name,
        figure(at.get("jobs_per_s")),
        figure(at.get("overhead_p50_ms"), 2, " ms"),
        figure(at.get("overhead_p99_ms"), 2, " ms"),
        figure(at.get("cpu_s_per_1000_jobs"), 3),
        figure(at.get("rss_mb"), 0, " MB"),
        figure(at.get("pss_mb"), 0, " MB"),
    ]


def _stream_row(name: str, at: Mapping[str, float]) -> list[str]:
    return [name, *(figure(at.get(key), 2) for key in _MOMENTS)]


def _goal_row(goal: Mapping[str, Any]) -> list[str]:
    met = {True: "reached", False: "**missed**", None: DASH}[goal["met"]]
    return [goal["name"], figure(goal["value"], 2), figure(goal["limit"], 0), figure(goal["target"], 0), met]


_CALLS = ["In flight", "Stack", "requests/s", "overhead p50", "overhead p99", "CPU s per 1,000", "RSS", "PSS"]
_COMPARED = ("jobs_per_s", "overhead_p50", "overhead_p99", "cpu_s_per_1000_jobs")
_RATIOS = ["In flight", "requests/s", "overhead p50", "overhead p99", "CPU s per 1,000"]
_MOMENTS = (
    *("first_byte_over_p50_ms", "first_byte_over_p99_ms"),
    *("first_text_over_p50_ms", "first_text_over_p99_ms"),
    "end_over_p50_ms",
)
_STREAMS = ["Stack", "first byte p50", "first byte p99", "first text p50", "first text p99", "end p50"]
