"""The jobs of auth in this process: accepted, run and reaped here, over one store and one connection to Redis.

Any number of processes may do so side by side; a job runs in one of them.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Sequence

from octavo_core.clock import Clock
from octavo_jobs.ending import end_task
from octavo_jobs.events import EventPublisher
from octavo_jobs.intake import JobIntake
from octavo_jobs.reaper import Reaper
from octavo_jobs.redis_client import open_redis
from octavo_jobs.runner import Lane, Runner
from octavo_jobs.store import open_store
from octavo_jobs.transport import Bell, BellListener


class JobsSide:
    """Nothing is connected before `start`."""

    def __init__(self, *, database_url: str, redis_url: str, clock: Clock) -> None:
        self._redis_url = redis_url
        self._client = open_redis(redis_url)
        self._store = open_store(database_url, clock)
        self._bell = Bell(redis_url)
        self._publisher = EventPublisher(self._client, self._store)
        self._reaper = Reaper(store=self._store, bell=self._bell, publisher=self._publisher, client=self._client, clock=clock)
        self.intake = JobIntake(self._store, self._bell, self._publisher, self._client)
        self._runner: Runner | None = None
        self._listener: BellListener | None = None
        self._reaping: asyncio.Task[None] | None = None

    async def start(self, lanes: Sequence[Lane]) -> None:
        await self._store.migrate()
        name = f"{socket.gethostname()}:{os.getpid()}:auth"
        self._runner = Runner(store=self._store, publisher=self._publisher, bell=self._bell, client=self._client, lanes=lanes, worker=name)
        self._listener = BellListener(self._redis_url, [lane.queue for lane in lanes], self._runner.take)
        self._runner.start()
        self._listener.start()
        self._reaping = asyncio.create_task(self._reaper.run_forever(), name="auth's reaper")

    async def close(self, drain_s: float) -> None:
        """Ends running jobs within `drain_s` seconds and hands back the rest."""
        if self._runner is not None:
            self._runner.refuse_new()
        if self._reaping is not None:
            await end_task(self._reaping)
        if self._listener is not None:
            await self._listener.stop()
        if self._runner is not None:
            await self._runner.drain(drain_s)
        await self.intake.close()
        await self._publisher.close()
        await self._bell.close()
        await self._store.close()
        await self._client.aclose()
