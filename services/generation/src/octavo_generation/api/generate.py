"""POST, GET and DELETE of generations, one or up to ten at a time."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response
from structlog.contextvars import get_contextvars

from octavo_core.errors import Conflict, NotFound
from octavo_core.identity import Principal
from octavo_core.ids import generate_uuid
from octavo_generation.api import bodies
from octavo_generation.api.preferences import Preference, read_preference
from octavo_generation.api.services import JobServices
from octavo_generation.api.views import GenerationResponse, generation_view
from octavo_generation.generator import Generator
from octavo_generation.tasks.fields import TaskRequest
from octavo_jobs.lifecycle import Job, State
from octavo_jobs.model import Accepted, NewJob
from octavo_jobs.stream import Lagged

MAX_BATCH = 10
_LOOK_EVERY_S = 2.0
"""How often a waiting caller's row is read without an event: an event that was lost costs this, never the answer."""
_ENDS = frozenset({"job.succeeded", "job.failed", "job.cancelled"})
_RESPONSES: dict[int | str, dict[str, Any]] = {
    202: {"model": GenerationResponse, "description": "Accepted; `Location` says where the result will be."},
    **{code: {"description": "application/problem+json"} for code in (400, 401, 409, 413, 415, 422, 429, 503)},
}


def generate_router(generator: Generator, services: JobServices) -> APIRouter:
    router = APIRouter(prefix="/api/v1/generate", tags=["generate"])
    spec, task = generator.resource.spec, generator.task
    schema = task.request.model_json_schema()

    @router.post(
        "",
        summary=task.summary,
        response_model=GenerationResponse,
        responses=_RESPONSES,
        openapi_extra=_json_body(schema) | {"parameters": _HEADERS},
    )
    async def generate(request: Request) -> Response:
        principal = await generator.principal(request.headers.get("authorization"))
        body = bodies.parse(task.request, await bodies.read_json(request))
        preference = read_preference(request.headers.get("prefer"), spec.default_mode)
        job = await _submit(body, principal, bodies.read_idempotency_key(request), preference)
        return _answer(request, job, preference)

    @router.post(
        "/batch",
        summary=f"Up to {MAX_BATCH} requests at once",
        openapi_extra=_json_body({"type": "array", "items": schema, "minItems": 1, "maxItems": MAX_BATCH}),
    )
    async def generate_batch(request: Request) -> Response:
        principal = await generator.principal(request.headers.get("authorization"))
        items = bodies.parse_items(task.request, await bodies.read_json(request), MAX_BATCH)
        preference = read_preference(request.headers.get("prefer"), spec.default_mode)
        key = bodies.read_idempotency_key(request)
        keys = [None if key is None else f"{key[:190]}#{index}" for index in range(len(items))]
        for body in items:
            bodies.check_length(body, spec)
            task.prepare(body, spec)
        jobs = await asyncio.gather(*(_submit(body, principal, k, preference) for body, k in zip(items, keys, strict=True)))
        content = {
            "success": all(job.state is not State.FAILED for job in jobs),
            "items": [generation_view(job) for job in jobs],
            "correlation_id": get_contextvars().get("correlation_id"),
        }
        return _json(content, 200 if all(job.state.ended for job in jobs) else 202, {"preference-applied": preference.applied})

    @router.get("/{generation_id}", summary="State, progress and result", response_model=GenerationResponse)
    async def read(request: Request, generation_id: str) -> Response:
        return _json(generation_view(await _owned(request, generation_id)), 200)

    @router.delete("/{generation_id}", summary="Cancel", response_model=GenerationResponse)
    async def cancel(request: Request, generation_id: str) -> Response:
        await _owned(request, generation_id)
        job = await services.intake.cancel(generation_id)
        return _json(generation_view(job), 200 if job.state.ended else 202)

    @router.post("/{generation_id}/replay", summary="Run a failed or cancelled generation again", response_model=GenerationResponse)
    async def replay(request: Request, generation_id: str) -> Response:
        await _owned(request, generation_id)
        replayed = await services.intake.replay([generation_id])
        if not replayed:
            raise Conflict("only a failed or cancelled generation can be run again")
        return _json(generation_view(replayed[0]), 202)

    async def _submit(body: TaskRequest, principal: Principal, key: str | None, preference: Preference) -> Job:
        bodies.check_length(body, spec)
        payload = task.prepare(body, spec)
        new = NewJob(
            id=generate_uuid(),
            queue=generator.name,
            owner=principal.user,
            request=orjson.dumps(payload).decode(),
            correlation_id=str(get_contextvars().get("correlation_id")),
            policy=generator.policy,
            idempotency_key=key,
            body_hash=None if key is None else bodies.body_hash(payload),
        )
        if preference.wait_s == 0:
            return (await services.intake.accept(new, max_queued=spec.jobs.max_queued)).job
        # Listening begins before the job exists, so that no end can be missed.
        with await services.hub.listen(principal.user, new.id) as listener:
            accepted: Accepted = await services.intake.accept(new, max_queued=spec.jobs.max_queued)
            listener.job = accepted.job.id
            job, deadline = accepted.job, time.monotonic() + preference.wait_s
            if not accepted.created:
                job = await _current(job)
            while not job.state.ended and (left := deadline - time.monotonic()) > 0:
                try:
                    event = await listener.get(min(left, _LOOK_EVERY_S))
                except Lagged:
                    event = None
                    await asyncio.sleep(min(left, _LOOK_EVERY_S))
                if event is None or event.type in _ENDS:
                    job = await _current(job)
            return job

    async def _current(job: Job) -> Job:
        found = (await services.store.get_many([job.id]))[0]
        return job if found is None else found

    async def _owned(request: Request, generation_id: str) -> Job:
        principal = await generator.principal(request.headers.get("authorization"))
        return await owned_job(services, generator, principal, generation_id)

    return router


async def owned_job(services: JobServices, generator: Generator, principal: Principal, generation_id: str) -> Job:
    """Another's job is answered as one that does not exist. Raises `NotFound`."""
    job = (await services.store.get_many([generation_id]))[0] if len(generation_id) <= 36 else None
    if job is None or job.queue != generator.name or not (principal.sees_all or job.owner == principal.user):
        raise NotFound("there is no such generation")
    return job


def _answer(request: Request, job: Job, preference: Preference) -> Response:
    headers = {"preference-applied": preference.applied}
    if job.state.ended:
        return _json(generation_view(job), _ended_status(job), headers)
    root = request.scope.get("root_path", "")
    headers["location"] = f"{root}/api/v1/generate/{job.id}"
    view = generation_view(job)
    view["events_url"] = f"{root}/api/v1/generate/{job.id}/events"
    return _json(view, 202, headers)


def _ended_status(job: Job) -> int:
    """A waiting caller learns a failure from the status too; the job, its id and its error stand in the body all the same."""
    if job.state is not State.FAILED:
        return 200
    code = orjson.loads(job.error).get("error") if job.error else None
    return {"provider_unavailable": 503, "provider_timeout": 504, "timeout": 504, "moderated": 451, "validation_failed": 422}.get(
        str(code), 502 if str(code).startswith("provider") else 500
    )


def _json(content: dict[str, Any], status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(content), status, headers=headers, media_type="application/json")


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
