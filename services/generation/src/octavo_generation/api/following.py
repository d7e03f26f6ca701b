"""One job as it is told: what was missed, then what comes, until it ends.

Where the stream no longer reaches back far enough (or Redis was lost), the row answers: the stream ends with an event made from the row, so
that the end is always told.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import orjson
from redis.exceptions import RedisError

from octavo_core.http import sse
from octavo_generation.api.services import JobServices
from octavo_generation.api.views import ENDS
from octavo_jobs.events import transition_event
from octavo_jobs.lifecycle import Job
from octavo_jobs.stream import Lagged, Listener, StreamEvent

_CLOCK_MARGIN_MS = 10_000
_LOOK_EVERY_S = 5.0
_FIRST_LOOK_S = 0.25
"""How soon the row is asked after a connection's replay: a client that comes back after the end need not wait for it."""


async def frames_of(services: JobServices, job: Job, after: str | None) -> AsyncIterator[bytes]:
    """Server-sent events from the one that follows the id `after`, or from the first."""
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
