"""What tests read out of HTTP answers: problems in their one shape, events as they come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

ENDS = ("job.succeeded", "job.failed", "job.cancelled")


def assert_problem(answer: httpx.Response, *statuses: int) -> dict[str, Any]:
    """The answer is a problem in the fixed shape, with one of the statuses (any 4xx when none is named); its body."""
    assert answer.status_code in (statuses or range(400, 500)), f"{answer.status_code}: {answer.text[:500]}"
    assert answer.headers["content-type"] == "application/problem+json", answer.text[:500]
    body: dict[str, Any] = answer.json()
    assert body["success"] is False
    assert body["status"] == answer.status_code
    assert body["error"]
    assert body["message"]
    assert body["message"] == body["detail"]
    assert body["title"]
    assert body["type"] == f"urn:octavo:error:{body['error']}"
    assert body["correlation_id"] == answer.headers["x-correlation-id"]
    assert "Traceback" not in answer.text
    for fault in body.get("errors", ()):
        assert fault["message"]
        assert "path" in fault
    return body


@dataclass(frozen=True)
class Frame:
    id: str | None
    event: str
    data: dict[str, Any]


def frames(lines: Iterable[str]) -> Iterator[Frame]:
    """Server-sent events; comments are left out."""
    fields: dict[str, str] = {}
    for line in lines:
        if line == "":
            if "data" in fields:
                yield Frame(fields.get("id"), fields["event"], orjson.loads(fields["data"]))
            fields = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")


def follow(client: httpx.Client, path: str, *, last_event_id: str | None = None, headers: dict[str, str] | None = None) -> list[Frame]:
    """All events of a stream that ends."""
    headers = {**(headers or {}), **({} if last_event_id is None else {"last-event-id": last_event_id})}
    with client.stream("GET", path, headers=headers) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        return list(frames(answer.iter_lines()))
