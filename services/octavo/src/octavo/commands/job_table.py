"""A page of jobs, as `GET /api/v1/jobs` answers it, on a terminal: the same from a laptop's platform and from a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

_COLOURS = {"queued": "yellow", "running": "cyan", "succeeded": "green", "failed": "red", "cancelled": "dim"}


def show_page(page: Mapping[str, Any]) -> None:
    """To standard output. Where another program reads it, a job is a line."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=1_000)
    queue = page["queue"]
    table = Table(box=None)
    for heading in ("id", "status", "accepted", "ms", "try"):
        table.add_column(heading, no_wrap=True)
    table.add_column("message")
    for item in page["items"]:
        timings = item["timings"]
        table.add_row(
            Text(item["generation_id"]),
            Text(item["status"], style=_COLOURS.get(item["status"], "")),
            Text(timings["accepted_at"]),
            "" if timings["run_ms"] is None else str(timings["run_ms"]),
            str(item["attempt"]),
            Text(item["message"] if item["status"] == "failed" else ""),
        )
    console.print(table)
    console.print(f"[dim]queued {queue['queued']}, waiting to run again {queue['delayed']}, running {queue['running']}[/]")
