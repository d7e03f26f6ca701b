"""Logs: searched in pages, and followed live as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated

import orjson
from fastapi import APIRouter, Query
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from octavo_admin.api.answers import Cursor, Logs, Moment
from octavo_admin.api.callers import AdminCaller
from octavo_admin.domain.cursors import decode_cursor, encode_cursor
from octavo_admin.domain.log_lines import Level, LogQuery
from octavo_admin.domain.ports import LogSource
from octavo_admin.domain.tailing import Tail, TailEnd, Tails
from octavo_core.http.sse import HEARTBEAT, HEARTBEAT_EVERY_S, event_stream, frame

_Service = Annotated[str | None, Query(max_length=256, description="Of this service, process, pod or generator.")]
_Level = Annotated[Level | None, Query(description="Of this level or a worse one.")]
_Correlation = Annotated[str | None, Query(max_length=128, pattern=r"^[A-Za-z0-9._:/+=@-]+$", description="Of this X-Correlation-ID.")]
_Text = Annotated[str | None, Query(min_length=1, max_length=200, description="With this text in it, whatever the case.")]
_Since = Annotated[Moment | None, Query(description="Then or later.")]
_Until = Annotated[Moment | None, Query(description="Before.")]
_MOST = 500


def logs_router(source: LogSource, tails: Tails, prefix: str) -> APIRouter:
    router = APIRouter(prefix=f"{prefix}/logs", tags=["logs"])

    @router.get("", summary="Search, newest first")
    async def search(
        _admin: AdminCaller,
        limit: Annotated[int, Query(ge=1, le=_MOST, description="How many at most.")] = 100,
        cursor: Cursor = None,
        service: _Service = None,
        level: _Level = None,
        correlation_id: _Correlation = None,
        text: _Text = None,
        since: _Since = None,
        until: _Until = None,
    ) -> Logs:
        query = LogQuery(service, level, correlation_id, text, _utc(since), _utc(until))
        page = await source.search(query, limit=limit, before=None if cursor is None else decode_cursor(cursor))
        following = None if page.next is None else encode_cursor(page.next)
        return Logs(items=list(page.lines), next_cursor=following, searched_back_to=page.searched_back_to)

    @router.get(
        "/tail",
        summary="Follow, as server-sent events",
        response_class=Response,
        responses={200: {"description": "Events `open`, `line`, and `end` with the reason.", "content": {"text/event-stream": {}}}},
    )
    async def tail(
        _admin: AdminCaller,
        service: _Service = None,
        level: _Level = None,
        correlation_id: _Correlation = None,
        text: _Text = None,
    ) -> Response:
        """What is written after the event `open` comes, for as long as the caller listens. A caller who does not keep up gets `end` with
        `lagged`, and may begin anew."""
        return _TailResponse(tails, LogQuery(service, level, correlation_id, text))

    return router


class _TailResponse(Response):
    """Opens the tail before it begins to answer, so that a refusal is one; closes it however the answer ends."""

    def __init__(self, tails: Tails, query: LogQuery) -> None:
        super().__init__()
        self._tails = tails
        self._query = query

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._tails.open(self._query) as tail:
            await event_stream(_frames(tail))(scope, receive, send)


async def _frames(tail: Tail) -> AsyncIterator[bytes]:
    yield frame(event_id=None, event="open", data=b"{}")
    while True:
        found = await tail.get(HEARTBEAT_EVERY_S)
        match found:
            case None:
                yield HEARTBEAT
            case TailEnd():
                yield frame(event_id=None, event="end", data=orjson.dumps({"reason": found.reason, "message": found.message}))
                return
            case _:
                yield frame(event_id=encode_cursor(found.position), event="line", data=orjson.dumps(found))


def _utc(moment: datetime | None) -> str | None:
    """As lines have it: texts that sort as the moments do."""
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
