"""`octavo generate`: a job, its progress as it comes, its result."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import orjson
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from octavo.commands.calling import calling, checked
from octavo_core.errors import EngineError, Unavailable

_ENDS = frozenset({"job.succeeded", "job.failed", "job.cancelled"})
_RECONNECTS = 10


def run(name: str, body: dict[str, Any], *, url: str, token: str | None) -> None:
    """Prints the result's text to standard output, all else to standard error. Ctrl-C leaves the job running and says its id."""
    console = Console(soft_wrap=True, highlight=False, emoji=False)
    notes = Console(stderr=True, soft_wrap=True, highlight=False, emoji=False)
    base = f"/generators/{name}/api/v1/generate"
    with calling(url, token) as client:
        accepted = checked(client.post(base, json=body, headers={"prefer": "respond-async"}))
        job = accepted["generation_id"]
        try:
            written = _follow(client, base, job, console, notes)
        except KeyboardInterrupt:
            notes.print(f"the job goes on; see it with [bold]octavo jobs show {name} {job}[/]")
            raise
        ended = checked(client.get(f"{base}/{job}"))
        if ended["status"] != "succeeded":
            raise EngineError(f"{ended['status']}: {ended['message']}")
        text = ended["result"].get("text", "")
        if written:
            console.print()
        else:
            console.print(text if text else orjson.dumps(ended["result"], option=orjson.OPT_INDENT_2).decode(), markup=False)
        usage, timings = ended.get("usage") or {}, ended["timings"]
        notes.print(f"[dim]{usage.get('completion_tokens')} tokens, {timings['run_ms']} ms, job {job}[/]")


def _follow(client: httpx.Client, base: str, job: str, console: Console, notes: Console) -> bool:
    """Shows progress until the end; true when the text was written out while it came (a person watches)."""
    live = console.is_terminal
    progress = Progress(SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=notes, transient=True)
    attempt, wrote = 0, False
    with progress:
        task = progress.add_task("queued", total=None)
        for event in _events(client, f"{base}/{job}/events"):
            data = event["data"]
            if data.get("attempt", attempt) != attempt:
                attempt = data["attempt"]
                if wrote:
                    console.print("\n[dim]— another attempt —[/]")
                    wrote = False
            match event["type"]:
                case "job.started":
                    progress.update(task, description="started")
                case "job.progress":
                    fraction = data.get("fraction")
                    progress.update(task, description=data.get("stage", ""), total=None if fraction is None else 1, completed=fraction or 0)
                case "job.token" if live:
                    progress.stop()
                    console.print(data["text"], end="", markup=False)
                    wrote = True
                case kind if kind in _ENDS:
                    break
    return wrote


def _events(client: httpx.Client, path: str) -> Iterator[dict[str, Any]]:
    """The job's events, over as many connections as it takes."""
    last: str | None = None
    for _ in range(_RECONNECTS):
        headers = {} if last is None else {"last-event-id": last}
        try:
            with client.stream("GET", path, headers=headers, timeout=httpx.Timeout(30, read=60)) as answer:
                if answer.status_code != 200:
                    answer.read()
                    checked(answer)
                for line in answer.iter_lines():
                    if line.startswith("data: "):
                        event = orjson.loads(line[6:])
                        last = event["id"] or last
                        yield event
                        if event["type"] in _ENDS:
                            return
        except (httpx.ReadError, httpx.RemoteProtocolError, httpx.ReadTimeout):
            continue
    raise Unavailable("the events of the job broke off too often")
