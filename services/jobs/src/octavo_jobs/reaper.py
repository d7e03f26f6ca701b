"""The reaper keeps the appointments that nobody else keeps: lost leases, lost messages, due retries, unpublished events,
expired rows.

Any number may run at once, in any process: what one takes up it moves in the same transaction, and the others skip locked
rows. A pass over nothing costs one small read. It sleeps until the next appointment, two seconds at most.

A Redis that comes back empty has forgotten every message: the reaper keeps a mark there, and where the mark is missing, every
waiting job is rung again at once. So it is when a ring of the reaper's own had failed.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter

import redis.asyncio
import structlog
from redis.exceptions import RedisError

from octavo_core.clock import Clock
from octavo_core.errors import OctavoError
from octavo_jobs import metrics
from octavo_jobs.events import EventPublisher
from octavo_jobs.lifecycle import Job
from octavo_jobs.store.port import JobStore
from octavo_jobs.transport import Bell

log = structlog.get_logger(__name__)

EVERY_S = 2.0
BATCH = 500
EXPIRE_EVERY_S = 60.0
GRACE_AFTER_OUTAGE_S = 10.0
"""While the database was away nobody could renew a lease: workers that live get this long to do so, or to write their results."""
MARK = "octavo:reaper-mark"


class Reaper:
    def __init__(self, *, store: JobStore, bell: Bell, publisher: EventPublisher, client: redis.asyncio.Redis, clock: Clock) -> None:
        self._store = store
        self._bell = bell
        self._publisher = publisher
        self._client = client
        self._clock = clock
        self._expired_at = 0.0
        self._spare_leases_until = 0.0
        self._owes_rings = False
        """Redis did not take a ring; the rows' next appointments may be a minute off."""
        self.last_pass = time.monotonic()

    async def run_forever(self) -> None:
        """Until cancelled. A database that is away is logged and waited for."""
        while True:
            pause = EVERY_S
            try:
                await self.reap()
                due = await self._store.next_appointment()
                if due is not None:
                    # A little late rather than a little early: an appointment that is not yet due would be read for nothing.
                    pause = min(max((due - self._clock.now_ms()) / 1000 + 0.005, 0.05), EVERY_S)
            except OctavoError as error:
                log.warning("the reaper waits for the database", error=error.message)
                self._spare_leases_until = time.monotonic() + GRACE_AFTER_OUTAGE_S
            except Exception:
                log.exception("a pass of the reaper failed")
            await asyncio.sleep(pause)

    async def reap(self) -> None:
        """One pass: everything that is due now."""
        await self._notice_an_empty_redis()
        due = await self._store.next_appointment()
        if due is not None and due <= self._clock.now_ms():
            await self._take_back_leases()
            await self._ring()
            await self._publish()
        if time.monotonic() - self._expired_at > EXPIRE_EVERY_S:
            while await self._store.delete_expired(BATCH) == BATCH:
                pass
            self._expired_at = time.monotonic()
        self.last_pass = time.monotonic()

    async def _take_back_leases(self) -> None:
        if time.monotonic() < self._spare_leases_until:
            return
        queues: set[str] = set()
        while lost := await self._store.lose_overdue(BATCH):
            for job in lost:
                metrics.LEASES_LOST.labels(job.queue).inc()
                log.warning("lease ran out", job=job.id, queue=job.queue, worker=job.worker, attempt=job.attempt, state=job.state.value)
            queues |= {job.queue for job in lost}
            self._publisher.publish_transitions(lost)
        if queues:
            # A worker that died had more messages in its hands than jobs.
            await self._store.ring_soon(sorted(queues))

    async def _ring(self) -> None:
        while jobs := await self._store.ring_overdue(BATCH):
            by_queue: dict[str, list[str]] = {}
            for job in jobs:
                by_queue.setdefault(job.queue, []).append(job.id)
            for queue, ids in by_queue.items():
                metrics.RUNG_AGAIN.labels(queue).inc(len(ids))
                if not await self._bell.ring(queue, ids):
                    self._owes_rings = True

    async def _publish(self) -> None:
        while jobs := await self._store.unpublished(BATCH):
            _count_published_again(jobs)
            self._publisher.publish_transitions(jobs)

    async def _notice_an_empty_redis(self) -> None:
        try:
            fresh = await self._client.set(MARK, "1", nx=True)
        except (RedisError, OSError):
            return
        if not fresh and not self._owes_rings:
            return
        try:
            count = await self._store.ring_soon(None)
        except BaseException:
            # The mark says that this was done.
            with contextlib.suppress(RedisError, OSError):
                await self._client.delete(MARK)
            raise
        self._owes_rings = False
        if count:
            log.warning("Redis came up empty, or was away; every waiting job is rung again", jobs=count)


def _count_published_again(jobs: list[Job]) -> None:
    for queue, count in Counter(job.queue for job in jobs).items():
        metrics.PUBLISHED_AGAIN.labels(queue).inc(count)
