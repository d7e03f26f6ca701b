"""A worker inside of a service's own process: the service accepts its side work and does it, and answers requests meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from octavo_core.clock import Clock
from octavo_core.settings import CommonSettings
from octavo_jobs.ending import end_task
from octavo_jobs.errands import Errands
from octavo_jobs.runner import Lane
from octavo_jobs.worker import Worker

DRAIN_S = 10.0
_START_S = 5.0


class EmbeddedWorker:
    """Opened outside of a loop or in one; connected by `start`. `close` ends it for good; both may be called twice.

    `intake`, `errands` and `store` are for the service from the beginning on; before `start`, and while the database is away, their calls
    raise `Unavailable`.
    """

    def __init__(self, settings: CommonSettings, lanes: Sequence[Lane] = (), *, clock: Clock | None = None) -> None:
        """`lanes`: here, or where they need `intake` or `errands`, with `start`."""
        redis_url = settings.redis_url.get_secret_value()
        self._worker = Worker(database_url=settings.jobs_url(), redis_url=redis_url, lanes=lanes, clock=clock)
        self._starting: asyncio.Task[None] | None = None
        self._closed = False
        self.intake, self.store = self._worker.intake, self._worker.store
        self.errands = Errands(self.intake, self.store)

    async def start(self, lanes: Sequence[Lane] = ()) -> None:
        """Returns when it works, or after a few seconds: then it starts when its database answers, and jobs are refused until then."""
        if self._starting is None:
            self._starting = asyncio.create_task(self._worker.start_when_reachable(lanes), name="start a worker")
            await asyncio.wait([self._starting], timeout=_START_S)
            if self._starting.done():
                self._starting.result()

    async def close(self, drain_s: float = DRAIN_S) -> None:
        if self._closed:
            return
        self._closed = True
        if self._starting is not None:
            await end_task(self._starting)
        await self._worker.stop(drain_s)

    async def check_database(self) -> None:
        await self.store.ping()

    async def check_redis(self) -> None:
        await self._worker.check_redis()
