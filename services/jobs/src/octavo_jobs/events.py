"""Events of jobs: their one shape, and their publication to a Redis Stream per user.

Every transition is an event; so are progress and tokens in between. The body is the same wherever it arrives (Redis Stream,
SSE, Socket.IO, webhook):

    {"id", "type", "job", "generator", "user", "version", "at", "data"}

`id` is the stream's own id and is added by the reader. `version` is the job's; a consumer drops a transition whose version is
not above the last one it saw, because the reaper publishes again what was never marked as published. Progress and tokens
carry the version of their attempt and a number `seq` in `data`; they are not published again.

Publication cannot be lost: a transition is committed with an appointment (`publish_due`), the event is added to the stream,
and the mark that takes the appointment away follows within a quarter of a second, many jobs at a time. A crash between any
two of these leaves the appointment standing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import redis.asyncio
import structlog
from redis.exceptions import RedisError

from octavo_core.clock import to_iso
from octavo_core.errors import OctavoError
from octavo_jobs.channels import WEBHOOKS, stream_key
from octavo_jobs.lifecycle import Job, State
from octavo_jobs.store.port import JobStore

log = structlog.get_logger(__name__)

STREAM_LENGTH = 20_000
"""Events kept for each user (about); older ones are answered from the row."""
STREAM_TTL_S = 7 * 86_400
WEBHOOKS_LENGTH = 100_000
"""Ends of jobs that wait for the service that tells webhooks (about); beyond it the oldest are lost."""
MARK_AFTER_S = 0.25
WAITING_MAX = 50_000
"""Events that wait for a slow Redis; beyond it the oldest go, and the reaper publishes those that matter again."""
RESULT_IN_EVENT_BYTES = 256 * 1024
"""A larger result is left out of the event (`data.result` null, `data.truncated` true) and fetched by its id."""


@dataclass(frozen=True, slots=True)
class Event:
    type: str
    job: str
    queue: str
    user: str
    version: int
    at: int
    data: dict[str, Any]
    transition: bool
    webhook: str | None = None
    """Where it is told besides; in no body, since other readers of the stream have no business with it."""

    def body(self) -> bytes:
        """JSON without the id, which only the stream knows."""
        return orjson.dumps(
            {
                "type": self.type,
                "job": self.job,
                "generator": self.queue,
                "user": self.user,
                "version": self.version,
                "at": to_iso(self.at),
                "data": self.data,
            }
        )


def transition_event(job: Job) -> Event:
    """The event of a job's latest transition."""
    data: dict[str, Any] = {"status": job.state.value, "attempt": job.attempt, "correlation_id": job.correlation_id}
    match job.state:
        case State.QUEUED if job.attempt == 0 or (job.failures == 0 and job.error is None and job.started_at is None):
            kind = "job.accepted"
        case State.QUEUED:
            kind = "job.progress"
            data |= {"stage": "waiting to run again", "available_at": to_iso(job.available_at), "error": _parsed(job.error)}
        case State.RUNNING:
            kind = "job.started"
        case State.SUCCEEDED:
            kind = "job.succeeded"
            small = job.result is not None and _utf8_length(job.result) <= RESULT_IN_EVENT_BYTES
            data |= {"result": orjson.Fragment(job.result) if small and job.result else None, "truncated": not small}
        case State.FAILED:
            kind = "job.failed"
            data |= {"error": _parsed(job.error)}
        case State.CANCELLED:
            kind = "job.cancelled"
    webhook = job.webhook if job.state.ended else None
    return Event(kind, job.id, job.queue, job.owner, job.version, job.updated_at, data, transition=True, webhook=webhook)


def add_to_stream(pipeline: redis.asyncio.client.Pipeline, events: Sequence[Event]) -> None:
    """The commands that add them, each to its user's stream, in their order."""
    for event in events:
        try:
            body = event.body()
        except TypeError as error:
            # A token with half a character in it must not take its neighbours along.
            log.warning("an event cannot be written as JSON", job=event.job, type=event.type, error=str(error))
            continue
        fields = ("*", "j", event.job, "t", event.type, "e", body)
        if event.webhook is not None:
            pipeline.execute_command("XADD", WEBHOOKS, "MAXLEN", "~", WEBHOOKS_LENGTH, *fields, "w", event.webhook)
            pipeline.expire(WEBHOOKS, STREAM_TTL_S)
        pipeline.execute_command("XADD", stream_key(event.user), "MAXLEN", "~", STREAM_LENGTH, *fields)
    for user in {event.user for event in events}:
        pipeline.expire(stream_key(user), STREAM_TTL_S)


class EventPublisher:
    """Adds events to their streams, in the order in which they were given, one pipeline for all that wait.

    One per process; any number of tasks of one loop may call. `publish` returns at once: what fails or does not fit is a
    transition that the reaper publishes again, or progress that nobody needs any more.
    """

    def __init__(self, client: redis.asyncio.Redis, store: JobStore) -> None:
        self._client = client
        self._store = store
        self._waiting: deque[Event] = deque(maxlen=WAITING_MAX)
        self._sending: asyncio.Task[None] | None = None
        self._to_mark: dict[str, int] = {}
        self._marking: asyncio.Task[None] | None = None

    def publish(self, event: Event) -> None:
        self._waiting.append(event)
        if self._sending is None:
            self._sending = asyncio.create_task(self._send())

    def publish_transitions(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            self.publish(transition_event(job))

    async def close(self) -> None:
        """Sends what waits, and marks it."""
        if self._sending is not None:
            await asyncio.wait([self._sending], timeout=5)
        if self._marking is not None:
            self._marking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._marking
        await self._mark()

    async def _send(self) -> None:
        try:
            while self._waiting:
                await self._add([self._waiting.popleft() for _ in range(min(len(self._waiting), 512))])
        finally:
            self._sending = None

    async def _add(self, events: Sequence[Event]) -> None:
        pipeline = self._client.pipeline(transaction=False)
        add_to_stream(pipeline, events)
        try:
            await pipeline.execute()
        except (RedisError, OSError) as error:
            log.warning("events wait for Redis", events=len(events), error=type(error).__name__)
            return
        for event in events:
            if event.transition and event.version > self._to_mark.get(event.job, 0):
                self._to_mark[event.job] = event.version
        if self._to_mark and self._marking is None:
            self._marking = asyncio.create_task(self._mark_later())

    async def _mark_later(self) -> None:
        # The pause lets the later transitions of short jobs overtake the earlier ones: one mark instead of three.
        try:
            while self._to_mark:
                await asyncio.sleep(MARK_AFTER_S)
                await self._mark()
        finally:
            self._marking = None

    async def _mark(self) -> None:
        while self._to_mark:
            batch = [self._to_mark.popitem() for _ in range(min(len(self._to_mark), 500))]
            try:
                await self._store.mark_published(batch)
            except OctavoError as error:
                log.warning("published events stay unmarked and will be repeated", events=len(batch), error=error.code)


def _utf8_length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode(errors="replace"))


def _parsed(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)
