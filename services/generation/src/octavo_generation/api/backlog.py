"""How much work a generator has, for whoever scales it: `GET /api/v1/backlog`, open like the health routes and as cheap."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from octavo_core.clock import to_iso
from octavo_generation.api.activity import Activity
from octavo_generation.api.services import JobServices
from octavo_generation.generator import Generator
from octavo_generation.model_trouble import read_trouble
from octavo_jobs.model import PageRequest

CACHE_S = 1.0
"""Anyone may ask, as often as they like; the database is asked this often at most."""


class BacklogResponse(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    queued: int = Field(description="Jobs that may run now and wait for a worker.")
    running: int
    delayed: int = Field(description="Jobs that wait for their next attempt.")
    oldest_seconds: float = Field(description="How long the oldest of `queued` has waited; 0 without one.")
    last_accepted_at: str | None = Field(description="When the newest job came in; null when there never was one that is still kept.")
    active_requests: int = Field(description="Requests and streams that this process answers just now; its own process only.")
    model_trouble: str | None = Field(None, description="Why a worker cannot load the generator's model; null where none says so.")


@dataclass(frozen=True, slots=True)
class _Counted:
    at: float
    queued: int
    running: int
    delayed: int
    oldest_ms: int | None
    accepted_ms: int | None
    model_trouble: str | None


def backlog_router(generator: Generator, services: JobServices, activity: Activity) -> APIRouter:
    router = APIRouter(prefix="/api/v1/backlog", tags=["health"])
    counter = _Counter(generator.name, services)

    @router.get("", summary="How much work waits and runs", response_model=BacklogResponse)
    async def read() -> BacklogResponse:
        counted = await counter.count()
        oldest_ms = 0 if counted.oldest_ms is None else max(0, services.clock.now_ms() - counted.oldest_ms)
        return BacklogResponse(
            queued=counted.queued,
            running=counted.running,
            delayed=counted.delayed,
            oldest_seconds=oldest_ms / 1000,
            last_accepted_at=None if counted.accepted_ms is None else to_iso(counted.accepted_ms),
            active_requests=activity.open_requests,
            model_trouble=counted.model_trouble,
        )

    return router


class _Counter:
    """One count at a time; those who ask meanwhile get the same."""

    def __init__(self, queue: str, services: JobServices) -> None:
        self._queue = queue
        self._services = services
        self._counted: _Counted | None = None
        self._lock = asyncio.Lock()

    async def count(self) -> _Counted:
        """Raises `Unavailable` without a database: an old count would pass for a new one."""
        async with self._lock:
            if self._counted is None or time.monotonic() - self._counted.at >= CACHE_S:
                self._counted = await self._ask()
            return self._counted

    async def _ask(self) -> _Counted:
        at, store = time.monotonic(), self._services.store
        backlog = (await store.backlogs([self._queue]))[0]
        newest = await store.page(PageRequest(limit=1, queue=self._queue))
        accepted_ms = newest[0].created_at if newest else None
        trouble = await read_trouble(self._services.redis, self._queue)
        return _Counted(at, backlog.due, backlog.running, backlog.delayed, backlog.oldest_due_ms, accepted_ms, trouble)
