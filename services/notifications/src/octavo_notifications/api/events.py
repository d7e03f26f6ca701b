"""All events of the calling user: a page of what was missed, and a stream of what comes."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from redis.exceptions import RedisError
from starlette.responses import Response, StreamingResponse

from octavo_core.errors import Fault, InvalidInput, Unavailable
from octavo_core.http import sse
from octavo_jobs.stream import EventHub, Lagged
from octavo_notifications.identity import Authenticate

_EVENT_ID = re.compile(r"[0-9]{1,19}-[0-9]{1,19}")


def notifications_router(hub: EventHub, authenticate: Authenticate) -> APIRouter:
    router = APIRouter(prefix="/api/notifications", tags=["notifications"])

    @router.get("", summary="Events after an id, oldest first")
    async def missed(request: Request, after: str = "0-0", limit: Annotated[int, Query(ge=1, le=500)] = 100) -> Response:
        principal = await authenticate(request.headers.get("authorization"))
        try:
            events = [event async for event in hub.replay(principal.user, _checked(after), limit=limit)]
        except (RedisError, OSError):
            raise Unavailable("events cannot be read; Redis does not answer") from None
        content: dict[str, Any] = {
            "success": True,
            "items": [orjson.Fragment(event.with_id()) for event in events],
            "last_event_id": events[-1].id if events else after,
        }
        return Response(orjson.dumps(content), media_type="application/json")

    @router.get(
        "/events",
        summary="All events of the caller's jobs, as server-sent events; resumes by Last-Event-ID",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {}}}},
    )
    async def stream(request: Request) -> StreamingResponse:
        principal = await authenticate(request.headers.get("authorization"))
        after = request.headers.get("last-event-id") or request.query_params.get("lastEventId")
        return sse.event_stream(_frames(hub, principal.user, None if after is None else _checked(after)))

    return router


def _checked(event_id: str) -> str:
    if not _EVENT_ID.fullmatch(event_id):
        raise InvalidInput("not an event id that was given out here", faults=(Fault("Last-Event-ID", "not an event id"),))
    return event_id


async def _frames(hub: EventHub, user: str, after: str | None) -> AsyncIterator[bytes]:
    with await hub.listen(user) as listener:
        yield b": connected\n\n"
        position = (0, 0)
        if after is not None:
            try:
                async for event in hub.replay(user, after, limit=20_000):
                    position = _order(event.id)
                    yield sse.frame(event_id=event.id, event=event.type, data=event.with_id())
            except (RedisError, OSError):
                yield sse.HEARTBEAT
        while True:
            try:
                first = await listener.get(sse.HEARTBEAT_EVERY_S)
            except Lagged:
                # The client comes back with the last id it has and reads the rest from the stream.
                return
            if first is None:
                yield sse.HEARTBEAT
                continue
            # All that is there goes out in one write.
            frames = [
                sse.frame(event_id=event.id, event=event.type, data=event.with_id())
                for event in (first, *listener.get_ready())
                if _order(event.id) > position
            ]
            if frames:
                yield b"".join(frames)


def _order(event_id: str) -> tuple[int, int]:
    milliseconds, _, sequence = event_id.partition("-")
    return int(milliseconds), int(sequence)
