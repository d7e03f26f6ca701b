"""How the tests of this folder ask for generations."""

from __future__ import annotations

from typing import Any

import httpx
from tests.servers.starting import wait_until

WAIT = {"prefer": "wait=30"}
ASYNC = {"prefer": "respond-async"}


def url(name: str, rest: str = "generate") -> str:
    return f"/generators/{name}/api/v1/{rest}"


def submit(client: httpx.Client, name: str, prompt: str = "A question", **headers: str) -> httpx.Response:
    return client.post(url(name), json={"prompt": prompt}, headers=headers or ASYNC)


def accepted(client: httpx.Client, name: str, prompt: str = "A question", **headers: str) -> str:
    """The id of a job that was accepted and not waited for."""
    answer = submit(client, name, prompt, **headers)
    assert answer.status_code == 202, answer.text
    job: str = answer.json()["generation_id"]
    return job


def until(client: httpx.Client, name: str, job: str, *statuses: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """The job as soon as it has one of these statuses."""
    seen: list[dict[str, Any]] = []

    def there() -> bool:
        seen.append(client.get(url(name, f"generate/{job}"), headers=headers).json())
        return seen[-1]["status"] in statuses

    wait_until(there, what=f"the job {job} of {name} is not {' or '.join(statuses)}")
    return seen[-1]
