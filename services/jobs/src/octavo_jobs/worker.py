"""A worker process's jobs side, composed: store, events, runner, bell, and a reaper of its own, so that lost leases and due
retries find someone for as long as any process of the platform lives."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Sequence

import structlog
from redis.exceptions import RedisError

from octavo_core.clock import SystemClock
from octavo_core.errors import Unavailable
from octavo_jobs.ending import end_task
from octavo_jobs.events import EventPublisher
from octavo_jobs.intake import JobIntake
from octavo_jobs.reaper import Reaper
from octavo_jobs.redis_client import open_redis
from octavo_jobs.runner import Lane, Runner
from octavo_jobs.store import open_store
from octavo_jobs.transport import Bell, BellListener

log = structlog.get_logger(__name__)


class Worker:
    """Start it inside a running event loop; `stop` drains. Several in one process each have their own connections and names of
    queues; Dramatiq's worker, of which there may be one, is not used."""

    def __init__(self, *, database_url: str, redis_url: str, lanes: Sequence[Lane], events_redis_url: str | None = None) -> None:
        """`events_redis_url`: where the streams of events are, if not beside the bell."""
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._client = open_redis(redis_url)
        self.store = self._store = open_store(database_url, SystemClock())
        self._bell = Bell(redis_url)
        self._publisher = EventPublisher(self._client if events_redis_url is None else open_redis(events_redis_url), self._store)
        self.runner = Runner(
            store=self._store, publisher=self._publisher, bell=self._bell, client=self._client, lanes=lanes, worker=self.name
        )
        self.intake = JobIntake(self._store, self._bell, self._publisher, self._client)
        """For a service that accepts its own jobs in the process that runs them."""
        self._listener = BellListener(redis_url, [lane.queue for lane in lanes], self.runner.take)
        self._reaper = Reaper(store=self._store, bell=self._bell, publisher=self._publisher, client=self._client, clock=SystemClock())
        self._reaping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self._store.migrate()
        self.runner.start()
        self._listener.start()
        self._reaping = asyncio.create_task(self._reaper.run_forever(), name="reaper")

    async def check_redis(self) -> None:
        """Raises `Unavailable`."""
        try:
            await self._client.ping()
        except (RedisError, OSError) as error:
            raise Unavailable(f"Redis does not answer ({type(error).__name__})") from None

    async def start_when_reachable(self) -> None:
        """As `start`, which a database that is away would make fail; asked again, with a growing pause, until it answers. For a
        process that has other things to do meanwhile. Cancel it to give up."""
        pause = 0.2
        while True:
            try:
                await self.start()
                return
            except Unavailable as error:
                log.warning("jobs wait for their database", error=error.message)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)

    async def stop(self, drain_s: float) -> None:
        """Ends running jobs within `drain_s` seconds, hands back the rest, closes everything."""
        self.runner.refuse_new()
        await self.intake.close()
        if self._reaping is not None:
            await end_task(self._reaping)
        await self._listener.stop()
        await self.runner.drain(drain_s)
        await self._publisher.close()
        await self._bell.close()
        await self._store.close()
        await self._client.aclose()
