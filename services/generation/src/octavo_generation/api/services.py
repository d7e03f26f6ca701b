"""What the routes stand on, opened once per process and shared by all generators that it serves."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass

import redis.asyncio
from redis.exceptions import RedisError

from octavo_core.clock import Clock, SystemClock
from octavo_core.errors import Unavailable
from octavo_jobs.ending import end_task
from octavo_jobs.events import EventPublisher
from octavo_jobs.intake import JobIntake
from octavo_jobs.reaper import Reaper
from octavo_jobs.redis_client import open_redis
from octavo_jobs.store import JobStore, open_store
from octavo_jobs.stream import EventHub
from octavo_jobs.transport import Bell


@dataclass(slots=True)
class JobServices:
    store: JobStore
    intake: JobIntake
    hub: EventHub
    clock: Clock
    redis: redis.asyncio.Redis
    _bell: Bell
    _publisher: EventPublisher
    _reaper: Reaper
    _reaping: asyncio.Task[None] | None = None
    answer_by: float = math.inf
    """Until when (`time.monotonic`) callers may wait and follow; a process that is about to end moves it up, and they get a 202 or
    the end of their stream, with which they can go on elsewhere, instead of a broken connection."""

    async def start(self) -> None:
        """Brings the schema up to date, begins to read events and to reap."""
        await self.store.migrate()
        await self.hub.start()
        self._reaping = asyncio.create_task(self._reaper.run_forever(), name="reaper")

    async def close(self) -> None:
        if self._reaping is not None:
            await end_task(self._reaping)
        await self.intake.close()
        await self.hub.close()
        await self._publisher.close()
        await self._bell.close()
        await self.store.close()
        await self.redis.aclose()

    async def check_database(self) -> None:
        await self.store.ping()

    async def check_redis(self) -> None:
        try:
            await self.redis.ping()
        except (RedisError, OSError) as error:
            raise Unavailable(f"Redis does not answer ({type(error).__name__})") from None


def open_job_services(*, database_url: str, redis_url: str, clock: Clock | None = None) -> JobServices:
    """Nothing is connected before `start`."""
    clock = clock or SystemClock()
    store = open_store(database_url, clock)
    client = open_redis(redis_url)
    bell = Bell(redis_url)
    publisher = EventPublisher(client, store)
    return JobServices(
        store=store,
        intake=JobIntake(store, bell, publisher, client),
        hub=EventHub(open_redis(redis_url)),
        clock=clock,
        redis=client,
        _bell=bell,
        _publisher=publisher,
        _reaper=Reaper(store=store, bell=bell, publisher=publisher, client=client, clock=clock),
    )
