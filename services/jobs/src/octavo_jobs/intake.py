"""Where jobs come in: accept, cancel, replay. The side of the job contract that an API holds.

`accept` returns when the job is durable. Ringing the bell and publishing "accepted" come after the commit; a crash in
between leaves both to the reaper (within `RING_GRACE_MS` and `PUBLISH_GRACE_MS`). Concurrent calls share a transaction, and
one message rings for all jobs of it that belong to one queue.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import redis.asyncio
import structlog
from redis.exceptions import RedisError

from octavo_core.errors import Conflict, NotFound, Throttled, Unavailable
from octavo_jobs import metrics
from octavo_jobs.channels import CANCEL_CHANNEL
from octavo_jobs.events import EventPublisher, transition_event
from octavo_jobs.group_commit import GroupCommit
from octavo_jobs.lifecycle import Job, State
from octavo_jobs.model import Accepted, KeyReused, NewJob
from octavo_jobs.store.port import JobStore
from octavo_jobs.transport import Bell

log = structlog.get_logger(__name__)

COUNT_AFTER_S = 0.1


@dataclass(slots=True)
class _Gauge:
    """The last count of a queue's open jobs, and what this process accepted since."""

    counted: int = 0
    accepted_since: int = 0
    at: float = 0.0
    counting: bool = False
    """A count beside the callers is on its way."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def open(self) -> int:
        return self.counted + self.accepted_since


class JobIntake:
    def __init__(self, store: JobStore, bell: Bell, publisher: EventPublisher, client: redis.asyncio.Redis) -> None:
        self._store = store
        self._bell = bell
        self._publisher = publisher
        self._client = client
        self._accepts: GroupCommit[NewJob, Accepted | KeyReused] = GroupCommit(self._commit)
        self._gauges: dict[str, _Gauge] = {}
        self._after: set[asyncio.Task[None]] = set()
        self.ids_per_message: dict[str, int] = {}
        """How many ids a message may carry, by queue: a worker's concurrency, so that one message never holds up jobs that
        another worker could run."""

    async def accept(self, new: NewJob, *, max_queued: int) -> Accepted:
        """Raises `Throttled` when the queue holds `max_queued` open jobs (the last count, which is a quarter of a second old
        at most near the bound, plus what came in here since), `Conflict` when the idempotency key belongs to another body,
        `Unavailable` without a database."""
        await self._check_room(new.queue, max_queued)
        answer = await self._accepts.submit(new)
        if isinstance(answer, KeyReused):
            raise Conflict("this Idempotency-Key was used with another body")
        return answer

    async def cancel(self, job_id: str) -> Job:
        """The job after it. Raises `NotFound`, or `Conflict` when it had ended."""
        before = (await self._store.get_many([job_id]))[0]
        job = await self._store.cancel(job_id)
        if job is None or before is None:
            raise NotFound("there is no such job")
        if job.state is State.RUNNING:
            # The worker hears it now; one that does not learns it when it renews its lease.
            try:
                await self._client.publish(CANCEL_CHANNEL, job_id)
            except (RedisError, OSError) as error:
                log.warning("a cancel waits for the lease's renewal", job=job_id, error=type(error).__name__)
        elif job.state is State.CANCELLED and not before.state.ended:
            metrics.ENDED.labels(job.queue, job.state.value).inc()
            self._publisher.publish_transitions([job])
        else:
            raise Conflict(f"the job has ended ({job.state.value})")
        return job

    async def replay(self, ids: Sequence[str]) -> list[Job]:
        """Start dead letters afresh; those that cannot be replayed are left out."""
        replayed = [job for job in await self._store.replay_many(ids) if job is not None]
        if replayed:
            await self._announce(replayed)
        return replayed

    async def close(self) -> None:
        if self._after:
            await asyncio.wait(self._after, timeout=5)

    async def _commit(self, batch: Sequence[NewJob]) -> list[Accepted | KeyReused]:
        answers = await self._store.accept_many(batch)
        created = [answer.job for answer in answers if isinstance(answer, Accepted) and answer.created]
        if created:
            # Not awaited: the callers' answer waits for the commit and for nothing else.
            self._beside(self._announce(created))
        return answers

    async def _announce(self, jobs: Sequence[Job]) -> None:
        by_queue: dict[str, list[Job]] = {}
        for job in jobs:
            by_queue.setdefault(job.queue, []).append(job)
        for queue, mine in by_queue.items():
            metrics.ACCEPTED.labels(queue).inc(len(mine))
            # Not marked as published: a worker's next transition makes an appointment of its own, and for a job that still
            # waits in a while the reaper says "accepted" once more. That saves a write for each job.
            events = [replace(transition_event(job), transition=False) for job in mine]
            await self._bell.ring(queue, [job.id for job in mine], per_message=self.ids_per_message.get(queue, 16), events=events)

    async def _check_room(self, queue: str, max_queued: int) -> None:
        gauge = self._gauges.setdefault(queue, _Gauge())
        age = time.monotonic() - gauge.at
        if gauge.at and gauge.open <= max_queued // 2:
            # Far from the bound an older count will do, and the caller need not wait for a newer one.
            if age > 1.0 and not gauge.counting:
                gauge.counting = True
                self._beside(self._count(queue, gauge))
        elif age > 0.25:
            async with gauge.lock:
                if time.monotonic() - gauge.at > 0.25:
                    await self._count_locked(queue, gauge)
        if gauge.open >= max_queued:
            metrics.REFUSED.labels(queue).inc()
            raise Throttled(f"{max_queued} jobs are waiting already; try again later", retry_after=5)
        gauge.accepted_since += 1

    async def _count(self, queue: str, gauge: _Gauge) -> None:
        try:
            # In a while: begun at once it would take the processor from the very call that asked for it.
            await asyncio.sleep(COUNT_AFTER_S)
            async with gauge.lock:
                with contextlib.suppress(Unavailable):
                    await self._count_locked(queue, gauge)
        finally:
            gauge.counting = False

    async def _count_locked(self, queue: str, gauge: _Gauge) -> None:
        before = gauge.accepted_since
        backlog = (await self._store.backlogs([queue]))[0]
        # What was accepted while we counted may be in the count or not; it stays on our side of the sum.
        gauge.counted, gauge.accepted_since, gauge.at = backlog.open, gauge.accepted_since - before, time.monotonic()

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs it without anyone waiting; `close` does."""
        task = asyncio.create_task(work)
        self._after.add(task)
        task.add_done_callback(self._after.discard)
