"""Server-sent events of one generation: what was missed, then what comes, until it ends.

A client that comes back sends `Last-Event-ID` and gets what followed.
"""

from __future__ import annotations

import re

from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from octavo_core.errors import Fault, InvalidInput
from octavo_core.http import sse
from octavo_generation.api.following import frames_of
from octavo_generation.api.generate import owned_job
from octavo_generation.api.services import JobServices
from octavo_generation.generator import Generator

_EVENT_ID = re.compile(r"[0-9]{1,19}-[0-9]{1,19}")


def events_router(generator: Generator, services: JobServices) -> APIRouter:
    router = APIRouter(prefix="/api/v1/generate", tags=["generate"])

    @router.get(
        "/{generation_id}/events",
        summary="Progress, tokens and the end, as server-sent events",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {}}}},
    )
    async def events(request: Request, generation_id: str) -> StreamingResponse:
        principal = await generator.principal(request.headers.get("authorization"))
        job = await owned_job(services, generator, principal, generation_id)
        return sse.event_stream(frames_of(services, job, read_last_event_id(request)))

    return router


def read_last_event_id(request: Request) -> str | None:
    """From the header, or from the query for clients that cannot set one at first."""
    given = request.headers.get("last-event-id") or request.query_params.get("lastEventId")
    if given and not _EVENT_ID.fullmatch(given):
        raise InvalidInput("Last-Event-ID: not an id that was given out here", faults=(Fault("Last-Event-ID", "not an event id"),))
    return given or None
