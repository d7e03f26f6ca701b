"""Jobs of everybody: list, look, cancel, replay."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path

from octavo_admin.api.answers import (
    AcceptedFrom,
    AcceptedTo,
    Cursor,
    GeneratorName,
    JobInFull,
    Jobs,
    Limit,
    OneJob,
    ReplayBody,
    Replayed,
    States,
    UserOf,
)
from octavo_admin.api.callers import AdminCaller
from octavo_admin.domain.acting import Acts
from octavo_admin.domain.cursors import decode_cursor, encode_cursor
from octavo_admin.domain.model import JobEvent, JobFilter
from octavo_admin.domain.ports import JobDesk, JobHistory
from octavo_core.errors import OctavoError

JobId = Annotated[str, Path(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", description="Id of the job.")]
Queue = Annotated[
    str, Path(max_length=127, pattern=r"^[a-z0-9]([-a-z0-9._/]*[a-z0-9])?$", description="A generator, or a lane of a service.")
]
_EVENTS = 200


def jobs_router(desk: JobDesk, history: JobHistory, acts: Acts, prefix: str) -> APIRouter:
    router = APIRouter(prefix=prefix, tags=["jobs"])

    @router.get("/jobs", summary="Jobs of all generators and of the services' own lanes, newest first")
    async def jobs(
        _admin: AdminCaller,
        limit: Limit = 50,
        cursor: Cursor = None,
        state: States = None,
        generator: GeneratorName = None,
        user: UserOf = None,
        accepted_from: AcceptedFrom = None,
        accepted_before: AcceptedTo = None,
    ) -> Jobs:
        page = await desk.page(
            JobFilter(
                limit=limit,
                before=None if cursor is None else decode_cursor(cursor),
                states=tuple(state or ()),
                generator=generator,
                user=user,
                accepted_from=_ms(accepted_from),
                accepted_to=_ms(accepted_before),
            )
        )
        items = list(page.items)
        # One too many may come of it at the very end, with nothing on it; one too few never.
        following = encode_cursor(items[-1].id) if len(items) == limit else None
        return Jobs(items=items, next_cursor=following, missing=list(page.missing))

    @router.get("/jobs/{job}", summary="One job: attempts, error, cost, events; neither what was asked nor what was answered")
    async def job(job: JobId, _admin: AdminCaller, generator: GeneratorName = None) -> JobInFull:
        found = await acts.known(job, generator)
        events: list[JobEvent] = []
        missing = None
        try:
            events = await history.of(found, _EVENTS)
        except OctavoError as error:
            missing = error.message
        return JobInFull(job=found, events=events, events_missing=missing)

    @router.post("/jobs/{job}/cancel", summary="Cancel it, whoever's it is; a running one ends when its worker hears of it")
    async def cancel(job: JobId, admin: AdminCaller, generator: GeneratorName = None) -> OneJob:
        return OneJob(job=await acts.cancel(admin, job, generator))

    @router.post("/jobs/{job}/replay", status_code=202, summary="Run a failed or cancelled job again")
    async def replay(job: JobId, admin: AdminCaller, generator: GeneratorName = None) -> OneJob:
        return OneJob(job=await acts.replay(admin, job, generator))

    @router.post("/dead-letters/{generator:path}/replay", status_code=202, summary="Run the failed jobs of a generator or a lane again")
    async def replay_dead_letters(generator: Queue, admin: AdminCaller, body: ReplayBody | None = None) -> Replayed:
        wanted = body or ReplayBody()
        count, more = await acts.replay_dead_letters(admin, generator, wanted.limit, _ms(wanted.accepted_before))
        return Replayed(replayed=count, more=more)

    return router


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)
