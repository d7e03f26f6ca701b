"""A worker process's jobs side, composed: store, events, runner, bell, and a reaper of its own, so that lost leases and due
retries find someone for as long as any process of the platform lives."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Sequence

import structlog
from redis.exceptions import RedisError

from octavo_core.clock import Clock, SystemClock
from octavo_core.errors import Unavailable
from octavo_jobs.beside import LanesBeside
from octavo_jobs.ending import end_task
from octavo_jobs.events import EventPublisher
from octavo_jobs.intake import JobIntake
from octavo_jobs.reaper import Reaper
from octavo_jobs.redis_client import open_redis
from octavo_jobs.runner import Lane
from octavo_jobs.store import open_store
from octavo_jobs.transport import Bell

log = structlog.get_logger(__name__)


class Worker:
    """Start it inside a running event loop; `stop` drains. Several in one process each have their own connections and names of
    queues; Dramatiq's worker, of which there may be one, is not used."""

    def __init__(
        self,
        *,
        database_url: str,
        redis_url: str,
        lanes: Sequence[Lane] = (),
        events_redis_url: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        """`lanes`: here, or where they need this worker's own `intake`, with `start`. `events_redis_url`: where the streams of events are,
        if not beside the bell."""
        clock = clock or SystemClock()
        self.name = worker_name()
        self._redis_url = redis_url
        self._lanes = tuple(lanes)
        self._client = open_redis(redis_url)
        self._events = self._client if events_redis_url is None else open_redis(events_redis_url)
        self.store = open_store(database_url, clock)
        self._bell = Bell(redis_url)
        self._publisher = EventPublisher(self._events, self.store)
        self.intake = JobIntake(self.store, self._bell, self._publisher, self._client)
        """For a service that accepts its own jobs in the process that runs them."""
        self._reaper = Reaper(store=self.store, bell=self._bell, publisher=self._publisher, client=self._client, clock=clock)
        self._running: LanesBeside | None = None
        self._reaping: asyncio.Task[None] | None = None

    async def start(self, lanes: Sequence[Lane] = ()) -> None:
        await self.store.migrate()
        self._running = LanesBeside(
            store=self.store,
            publisher=self._publisher,
            bell=self._bell,
            client=self._client,
            redis_url=self._redis_url,
            lanes=[*self._lanes, *lanes],
            worker=self.name,
        )
        self._running.start()
        self._reaping = asyncio.create_task(self._reaper.run_forever(), name="reaper")

    async def check_redis(self) -> None:
        """Raises `Unavailable`."""
        try:
            await self._client.ping()
        except (RedisError, OSError) as error:
            raise Unavailable(f"Redis does not answer ({type(error).__name__})") from None

    async def start_when_reachable(self, lanes: Sequence[Lane] = ()) -> None:
        """As `start`, which a database that is away would make fail; asked again, with a growing pause, until it answers. For a
        process that has other things to do meanwhile. Cancel it to give up."""
        pause = 0.2
        while True:
            try:
                await self.start(lanes)
                return
            except Unavailable as error:
                log.warning("jobs wait for their database", error=error.message)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)

    async def stop(self, drain_s: float) -> None:
        """Ends running jobs within `drain_s` seconds, hands back the rest, closes everything."""
        if self._reaping is not None:
            await end_task(self._reaping)
        if self._running is not None:
            await self._running.stop(drain_s)
        # After the handlers, which may accept jobs until they end.
        await self.intake.close()
        await self._publisher.close()
        await self._bell.close()
        await self.store.close()
        await self._client.aclose()
        if self._events is not self._client:
            await self._events.aclose()


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"
