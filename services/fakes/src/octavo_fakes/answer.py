"""What goes back: a whole body, or a stream of server-sent events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

Headers = tuple[tuple[bytes, bytes], ...]

JSON: Headers = ((b"content-type", b"application/json"),)
EVENT_STREAM: Headers = ((b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache"))


@dataclass(slots=True)
class Answer:
    status: int
    body: bytes
    headers: Headers = JSON


@dataclass(frozen=True, slots=True)
class Event:
    """`text`: it carries a piece of the answer, and is paced and counted; the others go with it."""

    data: bytes
    text: bool = False


@dataclass(slots=True)
class Stream:
    events: Iterable[Event]
    headers: Headers = EVENT_STREAM


def json_answer(body: Any, status: int = 200, headers: Headers = ()) -> Answer:
    return Answer(status, orjson.dumps(body), JSON + headers)


def header(name: str, value: object) -> tuple[bytes, bytes]:
    return name.lower().encode("latin-1"), str(value).encode("latin-1", "replace")
