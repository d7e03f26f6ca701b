"""The two ways in: one request, or up to ten in a batch."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from structlog.contextvars import get_contextvars

from octavo_core.http import sse
from octavo_generation.api.admission import Admission
from octavo_generation.api.following import frames_of
from octavo_generation.api.gate import Gate
from octavo_generation.api.services import JobServices
from octavo_generation.api.taking_over import TakingOver
from octavo_generation.api.views import generation_response, generation_view, json_response, location_of
from octavo_generation.generator import Generator
from octavo_jobs.lifecycle import State


class Submissions:
    """Of one generator. Any number of requests at once; each is one job, or up to ten in a batch. Who asks for a stream gets the job's
    events as the answer; a job goes on when its listener has gone."""

    def __init__(self, generator: Generator, services: JobServices, gate: Gate) -> None:
        self._generator = generator
        self._services = services
        self._gate = gate
        self._admission = Admission(generator, services, gate)
        self._taking_over = TakingOver(generator, services, self._admission)

    async def one(self, request: Request) -> Response:
        authorization = request.headers.get("authorization")
        if (forwarded := self._generator.forwarded(authorization)) is not None:
            return await self._taking_over.one(request, forwarded)
        principal = await self._generator.principal(authorization)
        await self._gate.check_rates(principal)
        new, body = await self._admission.read_submission(request, principal)
        preference, root = self._admission.preference(request), request.scope.get("root_path", "")
        if body.wants_stream:
            job = await self._admission.accept(new)
            answer = sse.event_stream(frames_of(self._services, job, None))
            answer.headers["location"] = location_of(job, root)
            return answer
        job = await self._admission.submit(new, preference)
        return generation_response(job, root=root, preference=preference)

    async def batch(self, request: Request) -> Response:
        """All are checked before any is accepted. Under an idempotency key the batch is one request: the first item decides for all."""
        authorization = request.headers.get("authorization")
        if (forwarded := self._generator.forwarded(authorization)) is not None:
            return await self._taking_over.item_of_batch(request, forwarded)
        principal = await self._generator.principal(authorization)
        new = await self._admission.read_batch(request, principal)
        await self._gate.check_rates(principal, len(new))
        preference = self._admission.preference(request)
        if new[0].idempotency_key is not None:
            await self._services.intake.accept(new[0], max_queued=self._generator.resource.spec.jobs.max_queued)
        jobs = await asyncio.gather(*(self._admission.submit(job, preference) for job in new))
        content = {
            "success": all(job.state is not State.FAILED for job in jobs),
            "items": [generation_view(job, root=request.scope.get("root_path", "")) for job in jobs],
            "correlation_id": get_contextvars().get("correlation_id"),
        }
        return json_response(content, 200 if all(job.state.ended for job in jobs) else 202, {"preference-applied": preference.applied})
