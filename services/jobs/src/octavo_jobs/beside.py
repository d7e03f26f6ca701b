"""Jobs run on connections that are there already: what every process that runs jobs has in it.

A service's own side effects (mails, webhooks) run in the process that accepts them (`embedded.py`), work that takes a core in a process
of its own (`worker.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

import redis.asyncio

from octavo_jobs.events import EventPublisher
from octavo_jobs.runner import Lane, Runner
from octavo_jobs.store import JobStore
from octavo_jobs.transport import Bell, BellListener


class LanesBeside:
    """Start it when store and Redis clients are open; `stop` drains, and closes nothing that it was given. A reaper is for the process
    to run."""

    def __init__(
        self,
        *,
        store: JobStore,
        publisher: EventPublisher,
        bell: Bell,
        client: redis.asyncio.Redis,
        redis_url: str,
        lanes: Sequence[Lane],
        worker: str,
    ) -> None:
        """`worker`: what rows and logs call who runs a job."""
        self._runner = Runner(store=store, publisher=publisher, bell=bell, client=client, lanes=lanes, worker=worker)
        self._redis_url = redis_url
        self._queues = [lane.queue for lane in lanes]
        self._listener: BellListener | None = None

    def start(self) -> None:
        self._runner.start()
        self._listener = BellListener(self._redis_url, self._queues, self._runner.take)
        self._listener.start()

    async def stop(self, drain_s: float) -> None:
        """Ends running jobs within `drain_s` seconds and hands back the rest."""
        self._runner.refuse_new()
        if self._listener is not None:
            await self._listener.stop()
        await self._runner.drain(drain_s)
