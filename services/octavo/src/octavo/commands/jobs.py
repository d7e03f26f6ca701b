"""`octavo jobs`."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from rich.console import Console

from octavo.commands.calling import calling, checked
from octavo.commands.job_table import show_page


def list_jobs(name: str, status: Sequence[str], limit: int, *, url: str, token: str | None) -> None:
    with calling(url, token) as client:
        page = checked(client.get(f"/generators/{name}/api/v1/jobs", params={"limit": limit, "status": list(status)}))
    show_page(page)


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
