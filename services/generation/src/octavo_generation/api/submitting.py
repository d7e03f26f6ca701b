"""A request becomes a job, and the caller waits for its end or not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import orjson
from starlette.requests import Request
from starlette.responses import Response
from structlog.contextvars import get_contextvars

from octavo_core.errors import InvalidInput
from octavo_core.identity import Principal
from octavo_core.ids import generate_uuid
from octavo_generation.api import bodies
from octavo_generation.api.preferences import Preference, read_preference
from octavo_generation.api.services import JobServices
from octavo_generation.api.views import ENDS, generation_response, generation_view, json_response
from octavo_generation.generator import Generator
from octavo_generation.tasks.fields import TaskRequest
from octavo_jobs.lifecycle import Job, State
from octavo_jobs.model import NewJob
from octavo_jobs.stream import Lagged

MAX_BATCH = 10
_LOOK_EVERY_S = 2.0
"""How often a waiting caller's row is read without an event: an event that was lost costs this, never the answer."""


class Submissions:
    """Of one generator. Any number of requests at once; each is one job, or up to ten in a batch."""

    def __init__(self, generator: Generator, services: JobServices) -> None:
        self._generator = generator
        self._services = services

    async def one(self, request: Request) -> Response:
        principal = await self._generator.principal(request.headers.get("authorization"))
        body = bodies.parse(self._generator.task.request, await bodies.read_json(request))
        preference = read_preference(request.headers.get("prefer"), self._generator.resource.spec.default_mode)
        job = await self._submit(self._job(body, principal, bodies.read_idempotency_key(request), (body,)), preference)
        return generation_response(job, root=request.scope.get("root_path", ""), preference=preference)

    async def batch(self, request: Request) -> Response:
        """All are checked before any is accepted. Under an idempotency key the batch is one request: the first item decides for all."""
        principal = await self._generator.principal(request.headers.get("authorization"))
        items = bodies.parse_items(self._generator.task.request, await bodies.read_json(request), MAX_BATCH)
        preference = read_preference(request.headers.get("prefer"), self._generator.resource.spec.default_mode)
        key = bodies.read_idempotency_key(request)
        if key is not None and len(key) > bodies.MAX_KEY_CHARS - 3:
            raise InvalidInput(f"Idempotency-Key of a batch must be at most {bodies.MAX_KEY_CHARS - 3} characters")
        new = [self._job(body, principal, None if key is None else f"{key}#{index}", items) for index, body in enumerate(items)]
        if key is not None:
            await self._services.intake.accept(new[0], max_queued=self._generator.resource.spec.jobs.max_queued)
        jobs = await asyncio.gather(*(self._submit(job, preference) for job in new))
        content = {
            "success": all(job.state is not State.FAILED for job in jobs),
            "items": [generation_view(job) for job in jobs],
            "correlation_id": get_contextvars().get("correlation_id"),
        }
        return json_response(content, 200 if all(job.state.ended for job in jobs) else 202, {"preference-applied": preference.applied})

    def _job(self, body: TaskRequest, principal: Principal, key: str | None, request: Sequence[TaskRequest]) -> NewJob:
        bodies.check_length(body, self._generator.resource.spec)
        payload = self._generator.task.prepare(body, self._generator.resource.spec)
        return NewJob(
            id=generate_uuid(),
            queue=self._generator.name,
            owner=principal.user,
            request=orjson.dumps(payload).decode(),
            correlation_id=str(get_contextvars().get("correlation_id")),
            policy=self._generator.policy,
            idempotency_key=key,
            body_hash=None if key is None else bodies.body_hash(*request),
        )

    async def _submit(self, new: NewJob, preference: Preference) -> Job:
        most = self._generator.resource.spec.jobs.max_queued
        if preference.wait_s == 0:
            return (await self._services.intake.accept(new, max_queued=most)).job
        # Listening begins before the job exists, so that no end can be missed.
        with await self._services.hub.listen(new.owner, new.id) as listener:
            accepted = await self._services.intake.accept(new, max_queued=most)
            job, deadline = accepted.job, time.monotonic() + preference.wait_s
            if not accepted.created:
                listener.job = job.id
                job = await self._current(job)
            while not job.state.ended and (left := deadline - time.monotonic()) > 0:
                try:
                    event = await listener.get(min(left, _LOOK_EVERY_S))
                except Lagged:
                    event = None
                    await asyncio.sleep(min(left, _LOOK_EVERY_S))
                if event is None or event.type in ENDS:
                    job = await self._current(job)
            return job

    async def _current(self, job: Job) -> Job:
        found = (await self._services.store.get_many([job.id]))[0]
        return job if found is None else found
