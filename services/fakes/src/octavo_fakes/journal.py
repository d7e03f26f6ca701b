"""What was asked, for tests to look at: the last requests, and counts of all of them.

Bounded: `keep` requests, of each at most `MAX_KEPT_BODY` bytes of body. Keys are never shown: their last 4 characters are.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from urllib.parse import parse_qsl

import orjson

from octavo_core.clock import to_iso
from octavo_fakes.call import mask

KEEP = 1_000
MAX_KEPT_BODY = 16_384
MAX_SHOWN_PROMPT = 2_000
_SECRET_HEADERS = frozenset({b"authorization", b"proxy-authorization", b"api-key", b"x-api-key", b"x-key", b"mj-api-secret", b"cookie"})
_SECRET_QUERY = frozenset({"key", "api-key", "api_key", "apikey", "token", "subscription-key"})

Ended = Literal["open", "answered", "cut", "gone"]
"""`cut`: by us, as scripted. `gone`: the caller left before the answer was whole."""


class Described(Protocol):
    """What the journal keeps a request by."""

    @property
    def provider(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def prompt(self) -> str: ...
    @property
    def raw(self) -> bytes: ...
    @property
    def scope(self) -> Any: ...


@dataclass(slots=True)
class Entry:
    number: int
    call: Described | None
    began: float
    provider: str
    at_ms: int
    status: int | None = None
    ended: Ended = "open"
    seconds: float | None = None
    shown: dict[str, Any] | None = None
    """What is left of a request that is too large to be kept."""

    def describe(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "at": to_iso(self.at_ms),
            **(self.shown if self.call is None else _describe(self.call)),  # type: ignore[dict-item]
            "status": self.status,
            "ended": self.ended,
            "seconds": self.seconds,
        }


@dataclass(slots=True)
class Count:
    total: int = 0
    by_status: dict[int, int] = field(default_factory=dict)
    in_flight: int = 0
    max_in_flight: int = 0


class Journal:
    def __init__(self, keep: int = KEEP) -> None:
        self._entries: deque[Entry] = deque(maxlen=keep)
        self._counts: dict[str, Count] = {}
        self._number = 0

    def begin(self, call: Described) -> Entry:
        self._number += 1
        entry = Entry(self._number, call, time.monotonic(), call.provider, time.time_ns() // 1_000_000)
        self._entries.append(entry)
        count = self._counts.get(call.provider)
        if count is None:
            count = self._counts[call.provider] = Count()
        count.total += 1
        count.in_flight += 1
        count.max_in_flight = max(count.max_in_flight, count.in_flight)
        return entry

    def end(self, entry: Entry, status: int | None, ended: Ended) -> None:
        entry.status, entry.ended = status, ended
        entry.seconds = round(time.monotonic() - entry.began, 4)
        if entry.call is not None and len(entry.call.raw) > MAX_KEPT_BODY:
            entry.shown, entry.call = _describe(entry.call), None
        count = self._counts.get(entry.provider)
        if count is None or count.in_flight == 0:
            # It began before the counts were cleared.
            return
        count.in_flight -= 1
        if status is not None:
            count.by_status[status] = count.by_status.get(status, 0) + 1

    def clear(self) -> None:
        self._entries.clear()
        self._counts.clear()

    def describe(self, *, provider: str | None = None, limit: int = KEEP) -> dict[str, Any]:
        """Oldest first."""
        chosen = [entry for entry in self._entries if provider is None or entry.provider == provider]
        return {
            "requests": [entry.describe() for entry in chosen[-limit:]],
            "total": sum(count.total for count in self._counts.values()),
            "counts": {
                name: {
                    "total": count.total,
                    "by_status": {str(status): times for status, times in sorted(count.by_status.items())},
                    "in_flight": count.in_flight,
                    "max_in_flight": count.max_in_flight,
                }
                for name, count in self._counts.items()
            },
        }


def _describe(call: Described) -> dict[str, Any]:
    headers, key = {}, ""
    for name, value in call.scope["headers"]:
        text = value.decode("latin-1")
        if name in _SECRET_HEADERS:
            scheme, space, secret = text.rpartition(" ")
            text = scheme + space + mask(secret)
            key = key or mask(secret)
        headers[name.decode("latin-1")] = text
    return {
        "provider": call.provider,
        "method": call.method,
        "path": call.path,
        "query": _safe_query(call.scope["query_string"].decode("latin-1")),
        "model": call.model,
        "prompt": call.prompt[:MAX_SHOWN_PROMPT],
        "key": key,
        "headers": headers,
        "body": _safe_body(call.raw),
    }


def _safe_query(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    return "&".join(f"{name}={mask(value) if name.lower() in _SECRET_QUERY else value}" for name, value in pairs)


def _safe_body(raw: bytes) -> Any:
    """The parsed JSON; None for a body that is larger than is kept, or no JSON."""
    if not raw or len(raw) > MAX_KEPT_BODY:
        return None
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
