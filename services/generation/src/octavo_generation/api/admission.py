"""From a request to jobs in the queue, and to their end where the caller waits for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import orjson
from starlette.requests import Request
from structlog.contextvars import get_contextvars

from octavo_core.errors import InvalidInput
from octavo_core.identity import Principal
from octavo_core.ids import generate_uuid
from octavo_core.net.webhooks import check_webhook
from octavo_generation.api import bodies
from octavo_generation.api.gate import Gate
from octavo_generation.api.preferences import Preference, read_preference
from octavo_generation.api.services import JobServices
from octavo_generation.api.views import ENDS
from octavo_generation.generator import Generator
from octavo_generation.tasks.fields import TaskRequest
from octavo_generation.uploads.multipart import FormLimits, is_form, read_form
from octavo_jobs.lifecycle import Job
from octavo_jobs.model import NewJob
from octavo_jobs.stream import Lagged

MAX_BATCH = 10
_LOOK_EVERY_S = 2.0
"""How often a waiting caller's row is read without an event: an event that was lost costs this, never the answer."""


class Admission:
    """Of one generator. Who asks is known by then."""

    def __init__(self, generator: Generator, services: JobServices, gate: Gate) -> None:
        self._generator = generator
        self._services = services
        self._gate = gate

    async def read_one(self, request: Request, principal: Principal) -> NewJob:
        """The job that the body asks for. Raises `InvalidInput`, `Moderated`."""
        return (await self.read_submission(request, principal))[0]

    async def read_submission(self, request: Request, principal: Principal) -> tuple[NewJob, TaskRequest]:
        """The job that the body asks for, and the body. Raises what `read_one` does."""
        body = await self._read_body(request)
        await self._gate.check_words(principal, body.texts)
        return await self._job(body, principal, bodies.read_idempotency_key(request), (body,), self._lent(request)), body

    async def read_batch(self, request: Request, principal: Principal) -> list[NewJob]:
        """The jobs that the body asks for, in its order. Raises `InvalidInput` with the faults of all, `Moderated`."""
        items = bodies.parse_items(self._generator.task.request, await bodies.read_json(request), MAX_BATCH)
        key = bodies.read_idempotency_key(request)
        if key is not None and len(key) > bodies.MAX_KEY_CHARS - 3:
            raise InvalidInput(f"Idempotency-Key of a batch must be at most {bodies.MAX_KEY_CHARS - 3} characters")
        await self._gate.check_words(principal, [text for body in items for text in body.texts])
        keys = [None if key is None else f"{key}#{index}" for index in range(len(items))]
        lent = self._lent(request)
        return [await self._job(body, principal, own, items, lent) for body, own in zip(items, keys, strict=True)]

    def preference(self, request: Request) -> Preference:
        return read_preference(request.headers.get("prefer"), self._generator.resource.spec.default_mode)

    async def accept(self, new: NewJob) -> Job:
        """As it is once it is accepted. Raises what `JobIntake.accept` raises."""
        return (await self._services.intake.accept(new, max_queued=self._generator.resource.spec.jobs.max_queued)).job

    async def submit(self, new: NewJob, preference: Preference) -> Job:
        """The job when it has ended or the caller has waited long enough. Raises what `JobIntake.accept` raises."""
        if preference.wait_s == 0:
            return await self.accept(new)
        most = self._generator.resource.spec.jobs.max_queued
        # Listening begins before the job exists, so that no end can be missed.
        with await self._services.hub.listen(new.owner, new.id) as listener:
            accepted = await self._services.intake.accept(new, max_queued=most)
            job, deadline = accepted.job, time.monotonic() + preference.wait_s
            if not accepted.created:
                listener.job = job.id
                job = await self._current(job)
            while not job.state.ended and (left := min(deadline, self._services.answer_by) - time.monotonic()) > 0:
                try:
                    event = await listener.get(min(left, _LOOK_EVERY_S))
                except Lagged:
                    event = None
                    await asyncio.sleep(min(left, _LOOK_EVERY_S))
                if event is None or event.type in ENDS:
                    job = await self._current(job)
            return job

    async def _read_body(self, request: Request) -> TaskRequest:
        kind, of_form = self._generator.task.request, self._generator.task.of_form
        content_type = request.headers.get("content-type")
        if of_form is not None and content_type is not None and is_form(content_type):
            limits = FormLimits(max_file_bytes=self._services.uploads.picture.max_bytes)
            fields = of_form(await read_form(content_type, request.stream(), limits))
            parsed: TaskRequest = bodies.parse(kind, orjson.dumps(fields))
        else:
            parsed = bodies.parse(kind, await bodies.read_json(request))
        return parsed

    def _lent(self, request: Request) -> str | None:
        """With what others may be asked in the caller's name; None where somebody else hands the request over."""
        authorization = request.headers.get("authorization")
        return None if self._generator.forwarded(authorization) is not None else authorization

    async def _job(
        self, body: TaskRequest, principal: Principal, key: str | None, request: Sequence[TaskRequest], authorization: str | None
    ) -> NewJob:
        task, spec = self._generator.task, self._generator.resource.spec
        bodies.check_length(body, spec)
        # Before a picture is looked at: it is the cheaper check.
        webhook = None if body.webhook is None else check_webhook(body.webhook, self._services.webhooks)
        payload = task.prepare(body, spec) if task.prepare_upload is None else await task.prepare_upload(body, spec, self._services.uploads)
        if task.with_project is not None:
            payload = await task.with_project(payload, spec, self._services.projects, authorization)
        return NewJob(
            id=generate_uuid(),
            queue=self._generator.name,
            owner=principal.user,
            # The address is nobody's business who does the work.
            request=orjson.dumps({name: value for name, value in payload.items() if name != "webhook"}).decode(),
            correlation_id=str(get_contextvars().get("correlation_id")),
            policy=self._generator.policy,
            idempotency_key=key,
            body_hash=None if key is None else bodies.body_hash(*request),
            webhook=webhook,
        )

    async def _current(self, job: Job) -> Job:
        found = await self._services.looks.submit(job.id)
        return job if found is None else found
