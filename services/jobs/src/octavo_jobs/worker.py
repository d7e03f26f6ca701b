"""A worker process's jobs side, composed: store, events, runner, bell, and a reaper of its own, so that lost leases and due
retries find someone for as long as any process of the platform lives."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Sequence

from octavo_core.clock import SystemClock
from octavo_jobs.ending import end_task
from octavo_jobs.events import EventPublisher
from octavo_jobs.reaper import Reaper
from octavo_jobs.redis_client import open_redis
from octavo_jobs.runner import Lane, Runner
from octavo_jobs.store import open_store
from octavo_jobs.transport import Bell, BellListener


class Worker:
    """Start it inside a running event loop; `stop` drains. One per process (Dramatiq's rule)."""

    def __init__(self, *, database_url: str, redis_url: str, lanes: Sequence[Lane], events_redis_url: str | None = None) -> None:
        """`events_redis_url`: where the streams of events are, if not beside the bell."""
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._client = open_redis(redis_url)
        self._store = open_store(database_url, SystemClock())
        self._bell = Bell(redis_url)
        self._publisher = EventPublisher(self._client if events_redis_url is None else open_redis(events_redis_url), self._store)
        self.runner = Runner(
            store=self._store, publisher=self._publisher, bell=self._bell, client=self._client, lanes=lanes, worker=self.name
        )
        self._listener = BellListener(redis_url, [lane.queue for lane in lanes], self.runner.take)
        self._reaper = Reaper(store=self._store, bell=self._bell, publisher=self._publisher, client=self._client, clock=SystemClock())
        self._reaping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self._store.migrate()
        self.runner.start()
        self._listener.start()
        self._reaping = asyncio.create_task(self._reaper.run_forever(), name="reaper")

    async def stop(self, drain_s: float) -> None:
        """Ends running jobs within `drain_s` seconds, hands back the rest, closes everything."""
        self.runner.refuse_new()
        if self._reaping is not None:
            await end_task(self._reaping)
        await self._listener.stop()
        await self.runner.drain(drain_s)
        await self._publisher.close()
        await self._bell.close()
        await self._store.close()
        await self._client.aclose()
