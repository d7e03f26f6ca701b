"""`octavo jobs`."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from octavo.commands.calling import calling, checked

_COLOURS = {"queued": "yellow", "running": "cyan", "succeeded": "green", "failed": "red", "cancelled": "dim"}


def list_jobs(name: str, status: Sequence[str], limit: int, *, url: str, token: str | None) -> None:
    with calling(url, token) as client:
        page = checked(client.get(f"/generators/{name}/api/v1/jobs", params={"limit": limit, "status": list(status)}))
    console = Console()
    if not console.is_terminal:
        # Another program reads it: a job is a line.
        console = Console(width=1_000)
    queue = page["queue"]
    table = Table(box=None)
    for heading in ("id", "status", "accepted", "ms", "try"):
        table.add_column(heading, no_wrap=True)
    table.add_column("message")
    for item in page["items"]:
        colour = _COLOURS[item["status"]]
        timings = item["timings"]
        table.add_row(
            item["generation_id"],
            f"[{colour}]{item['status']}[/]",
            timings["accepted_at"],
            "" if timings["run_ms"] is None else str(timings["run_ms"]),
            str(item["attempt"]),
            Text(item["message"] if item["status"] == "failed" else ""),
        )
    console.print(table)
    console.print(f"[dim]queued {queue['queued']}, waiting to run again {queue['delayed']}, running {queue['running']}[/]")


def act(action: str, name: str, job: str, *, url: str, token: str | None) -> None:
    path = f"/generators/{name}/api/v1/generate/{job}"
    with calling(url, token) as client:
        match action:
            case "cancel":
                body = checked(client.delete(path))
            case "replay":
                body = checked(client.post(f"{path}/replay"))
            case _:
                body = checked(client.get(path))
    Console(soft_wrap=True).print_json(orjson.dumps(body).decode())
