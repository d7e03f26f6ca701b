"""Everything of the jobs' side in one process: a real store, a real Redis, as many workers as a test wants.

Messages are handed to the workers by the test (`Worker.take`) where their moment matters, and by a `BellListener` where they
shall come by themselves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import orjson
import redis.asyncio
from prometheus_client import REGISTRY
from tests.unit.jobs.making import eventually, new_job

from octavo_core.clock import SystemClock
from octavo_core.errors import Unavailable
from octavo_jobs.channels import stream_key
from octavo_jobs.context import JobContext
from octavo_jobs.events import EventPublisher
from octavo_jobs.intake import JobIntake
from octavo_jobs.lifecycle import Job, State
from octavo_jobs.model import NewJob
from octavo_jobs.reaper import Reaper
from octavo_jobs.redis_client import open_redis
from octavo_jobs.runner import Handler, Lane, Runner
from octavo_jobs.store import JobStore, open_store
from octavo_jobs.transport import Bell, BellListener

QUEUE = "stories"


class ShiftedClock(SystemClock):
    """The real time, and what a test added to it."""

    def __init__(self) -> None:
        self._added_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self._added_ms

    def advance(self, seconds: float) -> None:
        self._added_ms += round(seconds * 1000)


class FaultyStore:
    """The store of a process whose way to the database breaks: the named calls raise `Unavailable`, so many times."""

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self.failures: dict[str, int] = {}
        self.calls: list[str] = []
        self.after: dict[str, Callable[[], Awaitable[None]]] = {}
        """What happens between the commit of a call and its answer."""

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def call(*args: Any, **named: Any) -> Any:
            self.calls.append(name)
            if self.failures.get(name, 0) > 0:
                self.failures[name] -= 1
                raise Unavailable("the database of jobs does not answer (test)")
            answer = await getattr(self._store, name)(*args, **named)
            if name in self.after:
                await self.after[name]()
            return answer

        return call


class Stage:
    """A handler whose acts a test directs: it writes down its attempts and does what `act` says."""

    def __init__(self, act: Callable[[Job, JobContext], Awaitable[str]] | None = None) -> None:
        self.begun: list[tuple[str, int]] = []
        self.at_once = self.most_at_once = 0
        self.gate = asyncio.Event()
        self._act = act

    async def __call__(self, job: Job, context: JobContext) -> str:
        self.begun.append((job.id, job.attempt))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self._act is not None:
                return await self._act(job, context)
            await self.gate.wait()
            return orjson.dumps({"attempt": job.attempt}).decode()
        finally:
            self.at_once -= 1


class Worker:
    def __init__(self, house: House, handler: Handler, *, concurrency: int, name: str, room: Callable[[], int | None] | None) -> None:
        self.store = FaultyStore(house.store)
        self.runner = Runner(
            store=cast("JobStore", self.store),
            publisher=house.publisher,
            bell=house.bell,
            client=house.client,
            lanes=[Lane(QUEUE, handler, concurrency, room)],
            worker=name,
        )
        self._url = house.url
        self._listener: BellListener | None = None
        self._ended = False

    def take(self, *jobs: Job) -> asyncio.Task[None]:
        return asyncio.create_task(self.runner.take(QUEUE, [job.id for job in jobs]))

    def listen(self) -> None:
        self._listener = BellListener(self._url, [QUEUE], self.runner.take)
        self._listener.start()

    async def stop(self, drain_s: float = 0.0) -> None:
        if self._ended:
            return
        self._ended = True
        self.runner.refuse_new()
        if self._listener is not None:
            await self._listener.stop()
        await self.runner.drain(drain_s)


class House:
    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.clock = ShiftedClock()
        self.store = open_store(f"sqlite:///{folder}/jobs.db", self.clock)
        self.client: redis.asyncio.Redis = open_redis(url)
        self.bell = Bell(url)
        self.publisher = EventPublisher(self.client, self.store)
        self.intake = JobIntake(self.store, self.bell, self.publisher, self.client)
        self.reaper = Reaper(store=self.store, bell=self.bell, publisher=self.publisher, client=self.client, clock=self.clock)
        self._workers: list[Worker] = []

    async def open(self) -> None:
        await self.store.migrate()

    async def close(self) -> None:
        for worker in self._workers:
            await worker.stop()
        await self.intake.close()
        await self.publisher.close()
        await self.bell.close()
        await self.store.close()
        await self.client.aclose()

    def worker(self, handler: Handler, *, concurrency: int = 4, room: Callable[[], int | None] | None = None) -> Worker:
        worker = Worker(self, handler, concurrency=concurrency, name=f"w{len(self._workers) + 1}", room=room)
        worker.runner.start()
        self._workers.append(worker)
        return worker

    async def accept(self, new: NewJob | None = None, *, max_queued: int = 1_000, **policy: int) -> Job:
        return (await self.intake.accept(new or new_job("stories", "ana", None, "a", **policy), max_queued=max_queued)).job

    async def job(self, job: Job) -> Job:
        found = (await self.store.get_many([job.id]))[0]
        assert found is not None
        return found

    async def until(self, job: Job, *states: State, deadline_s: float = 15.0) -> Job:
        async def there() -> Job | None:
            found = await self.job(job)
            return found if found.state in states else None

        return await eventually(there, what=f"{job.id} becomes {' or '.join(states)}", deadline_s=deadline_s)

    async def until_failures(self, job: Job, count: int, deadline_s: float = 15.0) -> Job:
        async def there() -> Job | None:
            found = await self.job(job)
            return found if found.failures == count else None

        return await eventually(there, what=f"{job.id} has failed {count} times", deadline_s=deadline_s)

    async def events(self, owner: str = "ana") -> list[str]:
        await self.publisher.close()
        entries = cast("list[tuple[bytes, dict[bytes, bytes]]]", await self.client.xrange(stream_key(owner)))
        return [fields[b"t"].decode() for _, fields in entries]


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, {"queue": QUEUE, **labels}) or 0.0
