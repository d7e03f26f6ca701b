"""Server-sent events of one generation: what was missed, then what comes, until it ends.

A client that comes back sends `Last-Event-ID` and gets what followed. Where the stream no longer reaches back that far (or Redis
was lost), the row answers: the stream ends with an event made from the row, so that the end is always told.
"""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator

import orjson
from fastapi import APIRouter, Request
from redis.exceptions import RedisError
from starlette.responses import StreamingResponse

from octavo_core.errors import Fault, InvalidInput
from octavo_core.http import sse
from octavo_generation.api.generate import owned_job
from octavo_generation.api.services import JobServices
from octavo_generation.api.views import ENDS
from octavo_generation.generator import Generator
from octavo_jobs.events import transition_event
from octavo_jobs.lifecycle import Job
from octavo_jobs.stream import Lagged, Listener, StreamEvent

_EVENT_ID = re.compile(r"[0-9]{1,19}-[0-9]{1,19}")
_CLOCK_MARGIN_MS = 10_000
_LOOK_EVERY_S = 5.0
_FIRST_LOOK_S = 0.25
"""How soon the row is asked after a connection's replay: a client that comes back after the end need not wait for it."""


def events_router(generator: Generator, services: JobServices) -> APIRouter:
    router = APIRouter(prefix="/api/v1/generate", tags=["generate"])

    @router.get(
        "/{generation_id}/events",
        summary="Progress, tokens and the end, as server-sent events",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {}}}},
    )
    async def events(request: Request, generation_id: str) -> StreamingResponse:
        principal = await generator.principal(request.headers.get("authorization"))
        job = await owned_job(services, generator, principal, generation_id)
        return sse.event_stream(_frames(services, job, read_last_event_id(request)))

    return router


def read_last_event_id(request: Request) -> str | None:
    """From the header, or from the query for clients that cannot set one at first."""
    given = request.headers.get("last-event-id") or request.query_params.get("lastEventId")
    if given and not _EVENT_ID.fullmatch(given):
        raise InvalidInput("Last-Event-ID: not an id that was given out here", faults=(Fault("Last-Event-ID", "not an event id"),))
    return given or None


class _News:
    """Tells a transition that is published again (`octavo_jobs.events` says when that happens) from one that is news."""

    def __init__(self) -> None:
        self._version = 0

    def is_new(self, event: StreamEvent) -> bool:
        if event.type == "job.token":
            return True
        body = orjson.loads(event.body)
        if "seq" in body["data"]:
            return True
        newer: bool = body["version"] > self._version
        self._version = max(self._version, body["version"])
        return newer


async def _frames(services: JobServices, job: Job, after: str | None) -> AsyncIterator[bytes]:
    with await services.hub.listen(job.owner, job.id) as listener:
        # A job's events cannot be older than the job; the margin allows for two machines' clocks.
        # Read from there on a return too: only so is it known which transitions the client has heard of.
        beginning, position, news = f"{max(0, job.created_at - _CLOCK_MARGIN_MS)}-0", after or "0-0", _News()
        try:
            async for event in services.hub.replay(job.owner, beginning, job=job.id, limit=10_000):
                if not news.is_new(event) or _order(event.id) <= _order(position):
                    continue
                position = event.id
                yield _frame(event)
                if event.type in ENDS and not await _goes_on(services, job, event):
                    return
        except (RedisError, OSError):
            yield sse.HEARTBEAT
        async for frame in _live(services, job, listener, position, news):
            yield frame


async def _live(services: JobServices, job: Job, listener: Listener, position: str, news: _News) -> AsyncIterator[bytes]:
    idle, patience, has_ended = 0.0, _FIRST_LOOK_S, False
    while time.monotonic() < services.answer_by:
        try:
            event = await listener.get(patience)
        except Lagged:
            # The client reconnects with the last id it has and reads the rest from the stream.
            return
        if event is not None:
            idle, has_ended = 0.0, False
            if not news.is_new(event) or _order(event.id) <= _order(position):
                continue
            position = event.id
            yield _frame(event)
            if event.type in ENDS:
                return
            continue
        current = (await services.store.get_many([job.id]))[0]
        if current is not None and current.state.ended and not has_ended:
            # Its last events may be on their way.
            has_ended, patience = True, _FIRST_LOOK_S
            continue
        if current is None or current.state.ended:
            # The end was told to a stream that is gone; the row tells it again.
            if current is not None:
                end = transition_event(current)
                yield sse.frame(event_id=None, event=end.type, data=b'{"id":null,' + end.body()[1:])
            return
        idle, patience = idle + patience, _LOOK_EVERY_S
        if idle >= sse.HEARTBEAT_EVERY_S:
            idle = 0.0
            yield sse.HEARTBEAT


async def _goes_on(services: JobServices, job: Job, end: StreamEvent) -> bool:
    """Whether the job was run again after this end of it."""
    current = (await services.store.get_many([job.id]))[0]
    return current is not None and current.version > orjson.loads(end.body)["version"]


def _frame(event: StreamEvent) -> bytes:
    return sse.frame(event_id=event.id, event=event.type, data=event.with_id())


def _order(event_id: str) -> tuple[int, int]:
    milliseconds, _, sequence = event_id.partition("-")
    return int(milliseconds), int(sequence)
