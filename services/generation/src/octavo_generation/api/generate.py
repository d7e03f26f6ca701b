"""POST, GET and DELETE of generations, one or up to ten at a time."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from octavo_core.errors import Conflict, NotFound
from octavo_core.http import PROBLEM_RESPONSES
from octavo_core.identity import Principal
from octavo_generation.api.admission import MAX_BATCH
from octavo_generation.api.services import JobServices
from octavo_generation.api.submitting import Submissions
from octavo_generation.api.views import (
    JOB_ID,
    BatchResponse,
    GenerationResponse,
    generation_view,
    generation_view_for,
    json_response,
    places_of,
)
from octavo_generation.generator import Generator
from octavo_jobs.lifecycle import Job

_ACCEPTED: dict[int | str, dict[str, Any]] = {202: {"model": GenerationResponse, "description": "Accepted, and not at its end yet."}}
_SUBMITTED: dict[int | str, dict[str, Any]] = {
    200: {"description": "The end, for a caller who waited. Where the body has `stream: true`, the job's events as they come."},
    202: {"model": GenerationResponse, "description": "Accepted; `Location` says where the result will be."},
    "5XX": {
        "model": GenerationResponse,
        "description": "A caller who waited is told a failure by the status too; or the request could not be taken at all.",
        "content": PROBLEM_RESPONSES["5XX"]["content"],
    },
}


def generate_router(generator: Generator, services: JobServices, submissions: Submissions) -> APIRouter:
    router = APIRouter(prefix="/api/v1/generate", tags=["generate"])
    schema = generator.task.schema(generator.resource.spec)

    @router.post(
        "",
        summary=generator.task.summary,
        response_model=GenerationResponse,
        responses=_streaming() if "stream" in generator.task.request.model_fields else _SUBMITTED,
        openapi_extra=_json_body(schema) | {"parameters": _HEADERS},
    )
    async def generate(request: Request) -> Response:
        return await submissions.one(request)

    @router.post(
        "/batch",
        summary=f"Up to {MAX_BATCH} requests at once",
        response_model=BatchResponse,
        responses={202: {"model": BatchResponse, "description": "Accepted, and not all at their end yet."}},
        openapi_extra=_json_body({"type": "array", "items": schema, "minItems": 1, "maxItems": MAX_BATCH}),
    )
    async def generate_batch(request: Request) -> Response:
        return await submissions.batch(request)

    @router.get("/{generation_id}", summary="State, progress and result", response_model=GenerationResponse)
    async def read(request: Request, generation_id: str) -> Response:
        principal = await generator.principal(request.headers.get("authorization"))
        job = await owned_job(services, generator, principal, generation_id)
        places = await places_of(services.store, [job])
        return json_response(generation_view_for(principal, job, root=_root(request), places=places), 200)

    @router.delete("/{generation_id}", summary="Cancel", response_model=GenerationResponse, responses=_ACCEPTED)
    async def cancel(request: Request, generation_id: str) -> Response:
        await _owned(request, generation_id)
        job = await services.intake.cancel(generation_id)
        return json_response(generation_view(job, root=_root(request)), 200 if job.state.ended else 202)

    @router.post(
        "/{generation_id}/replay",
        status_code=202,
        summary="Run a failed or cancelled generation again",
        response_model=GenerationResponse,
    )
    async def replay(request: Request, generation_id: str) -> Response:
        await _owned(request, generation_id)
        replayed = await services.intake.replay([generation_id])
        if not replayed:
            raise Conflict("only a failed or cancelled generation can be run again")
        return json_response(generation_view(replayed[0], root=_root(request)), 202)

    async def _owned(request: Request, generation_id: str) -> Job:
        principal = await generator.principal(request.headers.get("authorization"))
        return await owned_job(services, generator, principal, generation_id)

    return router


async def owned_job(services: JobServices, generator: Generator, principal: Principal, generation_id: str) -> Job:
    """Another's job is answered as one that does not exist. Raises `NotFound`."""
    # What cannot be an id is not looked for: PostgreSQL refuses a text with U+0000, MySQL finds an id in other letters.
    job = (await services.store.get_many([generation_id]))[0] if JOB_ID.fullmatch(generation_id) else None
    if job is None or job.queue != generator.name or not (principal.sees_all or job.owner == principal.user):
        raise NotFound("there is no such generation")
    return job


def _root(request: Request) -> str:
    root: str = request.scope.get("root_path", "")
    return root


def _streaming() -> dict[int | str, dict[str, Any]]:
    return {**_SUBMITTED, 200: {**_SUBMITTED[200], "content": {"text/event-stream": {}}}}


def _json_body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


_HEADERS: list[dict[str, Any]] = [
    {"name": "Prefer", "in": "header", "schema": {"type": "string"}, "description": "`wait=N` or `respond-async` (RFC 7240)."},
    {
        "name": "Idempotency-Key",
        "in": "header",
        "schema": {"type": "string", "maxLength": 200},
        "description": "The same key with the same body is the same job; with another body it is 409.",
    },
]
