"""Logs from Loki (HTTP API of 2.9 and 3): `query_range` for a search, the WebSocket `tail` for what follows.

Loki is asked for lines that hold the texts that are looked for; what they mean (level, service, correlation id) is read here, since
how lines are labelled differs from one installation to another.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import aiohttp
import orjson

from octavo_admin.adapters.calling import Calls
from octavo_admin.adapters.merging import moment_of, place, placed
from octavo_admin.domain.log_lines import LogLine, LogPage, LogQuery, read_line
from octavo_admin.domain.moments import nanoseconds_of, of_nanoseconds
from octavo_core.errors import InvalidInput, Unavailable

BATCH = 1_000
MAX_BATCHES = 10
LOOKS_BACK_S = 7 * 86_400
"""Where a search names no beginning. Loki refuses ranges that are longer than it is configured for (30 days, mostly)."""
_HEARTBEAT_S = 20.0
_LAST = "~"
"""Sorts behind the names of all streams: a place before which all lines of a moment are."""


class LokiLogs:
    """See `ports.LogSource`."""

    def __init__(self, url: str, *, selector: str, calls: Calls, tenant: str | None = None, token: str | None = None) -> None:
        self._url = url.rstrip("/")
        self._selector = selector
        self._calls = calls
        self._headers = {} if tenant is None else {"x-scope-orgid": tenant}
        self._token = token

    async def search(self, query: LogQuery, *, limit: int, before: str | None) -> LogPage:
        now = time.time_ns()
        # The end is exclusive, and of the cursor's own moment there may be more.
        end = _moment(query.until) or now + 60_000_000_000
        if before is not None:
            end = min(end, (_moment(moment_of(before)) or now) + 1)
        start = _moment(query.since) or now - LOOKS_BACK_S * 1_000_000_000
        found: list[LogLine] = []
        for _ in range(MAX_BATCHES):
            batch = await self._range(query, start, end) if start < end else []
            oldest = _moment(moment_of(batch[-1].position)) if len(batch) >= BATCH else None
            for line in batch:
                if oldest is not None and oldest + 1 < end and _moment(moment_of(line.position)) == oldest:
                    # Not all lines of this moment may be in: they are read again, with those that were left out.
                    break
                if (before is None or line.position < before) and query.holds_for(line):
                    found.append(line)
                    if len(found) > limit:
                        return LogPage(tuple(found[:limit]), next=found[limit - 1].position)
            if oldest is None:
                return LogPage(tuple(found))
            end = oldest + 1 if oldest + 1 < end else oldest
        looked_to = of_nanoseconds(end)
        return LogPage(tuple(found), next=place(looked_to, _LAST, 0), searched_back_to=looked_to)

    @asynccontextmanager
    async def follow(self, query: LogQuery) -> AsyncIterator[AsyncIterator[LogLine]]:
        headers = {**self._headers, **({} if self._token is None else {"authorization": f"Bearer {self._token}"})}
        asked = {"query": self._logql(query), "start": str(time.time_ns()), "limit": "100"}
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None, sock_connect=3.0), trust_env=False) as session,
                session.ws_connect(f"{self._url}/loki/api/v1/tail", params=asked, headers=headers, heartbeat=_HEARTBEAT_S) as socket,
                aclosing(_tail(socket, query)) as lines,
            ):
                yield lines
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(f"Loki does not answer ({type(error).__name__})", retry_after=2) from None

    async def close(self) -> None:
        """Holds nothing of its own."""

    async def _range(self, query: LogQuery, start: int, end: int) -> list[LogLine]:
        """Newest first."""
        asked = {"query": self._logql(query), "start": str(start), "end": str(end), "limit": str(BATCH), "direction": "backward"}
        answer = await self._calls.ask("GET", f"{self._url}/loki/api/v1/query_range", query=asked, headers=self._headers, token=self._token)
        body = answer.json()
        if answer.status == 400:
            raise InvalidInput(f"Loki refuses the search: {answer.body.decode('utf-8', 'replace')[:200]}")
        if answer.status != 200 or not isinstance(body, dict):
            raise Unavailable(f"Loki answers {answer.status}", retry_after=2)
        return sorted(_read(body.get("data", {}).get("result")), key=lambda line: line.position, reverse=True)

    def _logql(self, query: LogQuery) -> str:
        parts = [self._selector]
        if query.correlation_id is not None:
            parts.append(f"|= {_quoted(query.correlation_id)}")
        if query.text is not None:
            parts.append(f"|~ {_quoted('(?i)' + _literal(query.text))}")
        return " ".join(parts)


async def _tail(socket: aiohttp.ClientWebSocketResponse, query: LogQuery) -> AsyncGenerator[LogLine, None]:
    async for message in socket:
        if message.type is not aiohttp.WSMsgType.TEXT:
            break
        try:
            body = orjson.loads(message.data)
        except orjson.JSONDecodeError:
            raise Unavailable("Loki sends something else than JSON") from None
        for line in sorted(_read(body.get("streams")), key=lambda line: line.position):
            if query.holds_for(line):
                yield line
    raise Unavailable("Loki has ended the tail")


def _read(streams: Any) -> list[LogLine]:
    found: list[LogLine] = []
    for stream in streams if isinstance(streams, list) else ():
        labels: dict[str, str] = stream.get("stream") or {}
        source = "/".join(labels[name] for name in ("namespace", "pod", "container") if name in labels)
        source = source or labels.get("service_name") or ",".join(f"{name}={value}" for name, value in sorted(labels.items())) or "loki"
        values = sorted(((int(value[0]), str(value[1])) for value in stream.get("values") or ()), key=lambda value: value[0])
        lines = ((of_nanoseconds(moment), text) for moment, text in values)
        found += [read_line(text, position=position, source=source, at=moment) for position, moment, text in placed(lines, source)]
    return found


def _moment(text: str | None) -> int | None:
    return None if text is None else nanoseconds_of(text)


def _quoted(text: str) -> str:
    """A string of LogQL, which are those of Go: JSON's are, too."""
    return orjson.dumps(text).decode()


def _literal(text: str) -> str:
    """For RE2: whatever stands in a text means itself."""
    return "".join(character if character.isalnum() or character in " _" else _escaped(character) for character in text)


def _escaped(character: str) -> str:
    return f"\\{character}" if character.isascii() else character
