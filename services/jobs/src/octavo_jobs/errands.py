"""A service's own side work as durable jobs: accepted under an id that the service chose, so that a document can name its job before
there is one. A crash between the two leaves a document that names a job that never came; whoever reads it can tell (`find`)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import structlog
from structlog.contextvars import get_contextvars

from octavo_core.errors import OctavoError
from octavo_core.ids import correlation_id
from octavo_jobs.intake import JobIntake
from octavo_jobs.lifecycle import Job, Policy, State
from octavo_jobs.model import NewJob, PageRequest
from octavo_jobs.store import JobStore

log = structlog.get_logger(__name__)

MAX_QUEUED = 5_000
_PAGE = 100
_NOT_DONE = (State.QUEUED, State.RUNNING, State.FAILED, State.CANCELLED)


class Errands:
    """Any number of calls at once."""

    def __init__(self, intake: JobIntake, store: JobStore) -> None:
        self._intake = intake
        self._store = store

    async def send(self, queue: str, job_id: str, *, owner: str, request: Mapping[str, Any], policy: Policy) -> Job:
        """The same id again is the same job. Raises `Throttled` (too many wait) and `Unavailable`."""
        said = orjson.dumps(dict(request), option=orjson.OPT_SORT_KEYS)
        offered = get_contextvars().get("correlation_id")
        new = NewJob(
            id=job_id,
            queue=queue,
            owner=owner,
            request=said.decode(),
            correlation_id=correlation_id(None if offered is None else str(offered)),
            policy=policy,
            body_hash=hashlib.sha256(said).hexdigest(),
            keeps_id=True,
        )
        return (await self._intake.accept(new, max_queued=MAX_QUEUED)).job

    async def find(self, job_id: str) -> Job | None:
        return (await self._store.get_many([job_id]))[0]

    async def not_done(self, owner: str, queue: str) -> list[Job]:
        """Those that have not succeeded: they wait, run, or have failed for good."""
        found: list[Job] = []
        before: str | None = None
        while True:
            page = await self._store.page(PageRequest(limit=_PAGE, before=before, queue=queue, owner=owner, states=_NOT_DONE))
            found += page
            if len(page) < _PAGE:
                return found
            before = page[-1].id

    async def cancel(self, job_id: str) -> None:
        """As far as it goes: what has ended has ended."""
        try:
            await self._intake.cancel(job_id)
        except OctavoError as error:
            log.info("a job was not cancelled", job=job_id, error=error.code)

    async def forget_all_of(self, owner: str, queues: Sequence[str]) -> None:
        """Stops those that are under way, then deletes every trace of all. Raises `Unavailable`; repeating it is harmless."""
        for queue in queues:
            before: str | None = None
            while True:
                page = await self._store.page(
                    PageRequest(limit=_PAGE, before=before, queue=queue, owner=owner, states=(State.QUEUED, State.RUNNING))
                )
                for job in page:
                    await self.cancel(job.id)
                if len(page) < _PAGE:
                    break
                before = page[-1].id
        while await self._store.forget(owner, queues, _PAGE) == _PAGE:
            pass


def is_last_attempt(job: Job, error: OctavoError) -> bool:
    """Whether a handler that fails with this ends the job for good."""
    return not error.retryable or job.failures + 1 >= job.policy.max_attempts
