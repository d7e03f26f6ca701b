"""Jobs of one database, by the job contract itself: all lanes of a laptop, the platform's own lanes in a cluster."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import orjson
import redis.asyncio
from redis.exceptions import RedisError

from octavo_admin.domain.model import JobEvent, JobFilter, JobPage, JobView
from octavo_core.clock import to_iso
from octavo_core.errors import NotFound, Unavailable
from octavo_core.ids import first_uuid_of
from octavo_jobs.intake import JobIntake
from octavo_jobs.lifecycle import Job, State
from octavo_jobs.model import PageRequest
from octavo_jobs.store import JobStore
from octavo_jobs.stream import EventHub

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BETWEEN = frozenset({"job.token"})


class StoreJobs:
    """See `ports.JobDesk`. Closes nothing: store and intake are their opener's."""

    def __init__(self, store: JobStore, intake: JobIntake) -> None:
        self._store = store
        self._intake = intake

    async def page(self, wanted: JobFilter) -> JobPage:
        bounds = [bound for bound in (wanted.before, _first(wanted.accepted_to)) if bound is not None]
        found = await self._store.page(
            PageRequest(
                limit=wanted.limit,
                before=min(bounds, default=None),
                after=_first(wanted.accepted_from),
                queue=wanted.generator,
                owner=wanted.user,
                states=tuple(State(state) for state in wanted.states),
            )
        )
        return JobPage(tuple(map(job_view, found)))

    async def get(self, job: str, generator: str | None) -> JobView | None:
        # What cannot be an id is not looked for: PostgreSQL refuses a text with U+0000.
        found = (await self._store.get_many([job]))[0] if _ID.fullmatch(job) else None
        return None if found is None or generator not in (None, found.queue) else job_view(found)

    async def cancel(self, job: str, generator: str) -> JobView:
        if await self.get(job, generator) is None:
            raise NotFound("there is no such job")
        return job_view(await self._intake.cancel(job))

    async def replay(self, jobs: Sequence[str], generator: str) -> list[str]:
        theirs = [job.id for job in await self._store.get_many(jobs) if job is not None and job.queue == generator]
        return [job.id for job in await self._intake.replay(theirs)]

    async def close(self) -> None:
        """Holds nothing."""


class StreamHistory:
    """See `ports.JobHistory`: from the stream of the job's owner."""

    def __init__(self, hub: EventHub, client: redis.asyncio.Redis | None = None) -> None:
        """`client` is closed with it; None where the hub's is its opener's."""
        self._hub = hub
        self._client = client

    async def of(self, job: JobView, limit: int) -> list[JobEvent]:
        if job.user is None:
            return []
        found: list[JobEvent] = []
        try:
            async for event in self._hub.replay(job.user, _before(job), job=job.id, limit=10 * limit):
                if event.type not in _BETWEEN:
                    found.append(_event(event.id, event.type, orjson.loads(event.body)))
                if len(found) == limit:
                    break
        except (RedisError, OSError) as error:
            raise Unavailable(f"the events do not answer ({type(error).__name__})", retry_after=2) from None
        return found

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()


def job_view(job: Job) -> JobView:
    done = _parsed(job.result) or {}
    return JobView(
        id=job.id,
        generator=job.queue,
        user=job.owner,
        status=job.state.value,
        attempt=job.attempt,
        failures=job.failures,
        cancel_requested=job.cancel_requested,
        accepted_at=to_iso(job.created_at),
        started_at=None if job.started_at is None else to_iso(job.started_at),
        ended_at=None if job.ended_at is None else to_iso(job.ended_at),
        correlation_id=job.correlation_id,
        error=_parsed(job.error),
        progress=_parsed(job.progress) if job.state is State.RUNNING else None,
        usage=_object(done.get("usage")),
        provider=_object(done.get("provider")),
    )


def _event(event_id: str, kind: str, body: Any) -> JobEvent:
    data = _object(body.get("data")) or {}
    attempt, stage = data.get("attempt"), data.get("stage")
    return JobEvent(
        id=event_id,
        type=kind,
        at=str(body.get("at", "")),
        attempt=attempt if isinstance(attempt, int) else None,
        stage=stage if isinstance(stage, str) else None,
        error=_object(data.get("error")),
    )


def _before(job: JobView) -> str:
    """A place in the stream before the job's first event: ids of streams begin with milliseconds, and so do those of jobs. Clocks differ
    by less than a minute."""
    accepted = int(job.id.replace("-", "")[:12], 16)
    return f"{max(0, accepted - 60_000)}-0"


def _first(ms: int | None) -> str | None:
    return None if ms is None else first_uuid_of(ms)


def _parsed(text: str | None) -> dict[str, Any] | None:
    return _object(orjson.loads(text)) if text else None


def _object(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None
