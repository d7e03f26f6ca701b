"""The list of a caller's jobs, newest first, in pages."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel

from octavo_core.errors import Fault, Forbidden, InvalidInput
from octavo_core.ids import first_uuid_of
from octavo_generation.api.services import JobServices
from octavo_generation.api.views import JOB_ID, GenerationResponse, generation_view_for, places_of
from octavo_generation.generator import Generator
from octavo_jobs.lifecycle import State
from octavo_jobs.model import PageRequest


class JobPage(BaseModel):
    success: bool = True
    items: list[GenerationResponse]
    next_cursor: str | None
    queue: dict[str, Any]


def jobs_router(generator: Generator, services: JobServices) -> APIRouter:
    router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])

    @router.get("", summary="Jobs, newest first", response_model=JobPage)
    async def list_jobs(
        request: Request,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        cursor: Annotated[str | None, Query(max_length=100)] = None,
        status: Annotated[list[State] | None, Query()] = None,
        user: Annotated[
            str | None, Query(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$", description="Whose; for admins, who see all.")
        ] = None,
        after: Annotated[AwareDatetime | None, Query(description="Accepted then or later.")] = None,
        before: Annotated[AwareDatetime | None, Query(description="Accepted before.")] = None,
    ) -> dict[str, Any]:
        principal = await generator.principal(request.headers.get("authorization"))
        if user is not None and user != principal.user and not principal.sees_all:
            raise Forbidden("only admins may ask for another person's")
        bounds = [*([] if cursor is None else [decode_cursor(cursor)]), *([] if before is None else [first_uuid_of(_ms(before))])]
        page = await services.store.page(
            PageRequest(
                limit=limit + 1,
                before=min(bounds, default=None),
                after=None if after is None else first_uuid_of(_ms(after)),
                queue=generator.name,
                owner=user if principal.sees_all else principal.user,
                states=tuple(status or ()),
            )
        )
        more = len(page) > limit
        backlog = (await services.store.backlogs([generator.name]))[0]
        places = await places_of(services.store, page[:limit])
        return {
            "success": True,
            "items": [generation_view_for(principal, job, root=request.scope.get("root_path", ""), places=places) for job in page[:limit]],
            "next_cursor": encode_cursor(page[limit - 1].id) if more else None,
            "queue": {"queued": backlog.due, "delayed": backlog.delayed, "running": backlog.running},
        }

    return router


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def encode_cursor(job_id: str) -> str:
    return base64.urlsafe_b64encode(job_id.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> str:
    try:
        job_id = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        job_id = ""
    if not JOB_ID.fullmatch(job_id):
        raise InvalidInput("cursor: not a cursor that was given out here", faults=(Fault("cursor", "not a cursor"),))
    return job_id
