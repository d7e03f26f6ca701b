"""Jobs that the activator accepted while this generator slept, taken over under the ids that their callers were given.

A caller was told 202, so every such id must be answered for from now on, whatever comes of it here: a body that turns out to be
invalid, a key that belongs to another body, a cancel that came before we did, all become rows with their end. A delivery may come
any number of times, because the activator forgets a job only after it has heard that we have it.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace

import orjson
from starlette.requests import Request
from starlette.responses import Response
from structlog.contextvars import get_contextvars

from octavo_core.errors import Conflict, InvalidInput, Moderated, OctavoError, Unauthenticated
from octavo_core.http.problems import build_problem
from octavo_core.identity import Forwarded
from octavo_core.net.webhooks import check_webhook
from octavo_generation.api.admission import Admission
from octavo_generation.api.services import JobServices
from octavo_generation.api.views import generation_response
from octavo_generation.generator import Generator
from octavo_jobs.lifecycle import Job, State
from octavo_jobs.model import NewJob

_NO_BOUND = 1 << 62
"""What has ended takes no place in the queue."""
ReadJob = Callable[[], Awaitable[NewJob]]


class TakingOver:
    """Of one generator. The token that says so is checked by then."""

    def __init__(self, generator: Generator, services: JobServices, admission: Admission) -> None:
        self._generator = generator
        self._services = services
        self._admission = admission

    async def one(self, request: Request, forwarded: Forwarded) -> Response:
        return await self._take(request, forwarded, lambda: self._admission.read_one(request, forwarded.principal))

    async def item_of_batch(self, request: Request, forwarded: Forwarded) -> Response:
        """A batch comes item by item, each with the whole body, and is answered for the one item."""

        async def read() -> NewJob:
            jobs = await self._admission.read_batch(request, forwarded.principal)
            if forwarded.item is None or forwarded.item >= len(jobs):
                raise Unauthenticated("the forwarding token names no item of this batch")
            return jobs[forwarded.item]

        return await self._take(request, forwarded, read)

    async def _take(self, request: Request, forwarded: Forwarded, read: ReadJob) -> Response:
        """The job's answer, whatever became of it. Raises `Conflict` when the id is another job's, `Throttled`, `Unavailable`;
        answers 425 for what can be told only later."""
        preference, raw = self._admission.preference(request), await request.body()
        if forwarded.cancelled or forwarded.failure is not None:
            job = await self._end(forwarded, raw)
        else:
            job = await self._submit(forwarded, raw, read, request)
            if job.id != forwarded.job:
                # Its idempotency key was known: a second id for what one job did, as soon as it has done it.
                if not job.state.ended:
                    return build_problem(425, "too_early", f"the generation {job.id} has the same Idempotency-Key and has not ended")
                job = await self._repeat(forwarded, raw, job)
        return generation_response(job, root=request.scope.get("root_path", ""), preference=preference)

    async def _submit(self, forwarded: Forwarded, raw: bytes, read: ReadJob, request: Request) -> Job:
        try:
            new = await read()
            # The hash tells a repeat from another request that took the id.
            new = replace(new, id=forwarded.job, keeps_id=True, created_at=forwarded.accepted_at, body_hash=new.body_hash or _hash(raw))
            return await self._admission.submit(new, self._admission.preference(request))
        except (InvalidInput, Moderated, Conflict) as error:
            return await self._write_down(self._ended(forwarded, raw, State.FAILED, error=_error(error)))

    async def _end(self, forwarded: Forwarded, raw: bytes) -> Job:
        """Cancelled or given up before it came here, or, when an earlier delivery did come here, now."""
        existing = await self._find(forwarded)
        if existing is None:
            state = State.CANCELLED if forwarded.cancelled else State.FAILED
            error = None if forwarded.cancelled else orjson.dumps({"error": "unavailable", "message": forwarded.failure}).decode()
            return await self._write_down(self._ended(forwarded, raw, state, error=error))
        if forwarded.cancelled and not existing.state.ended:
            with contextlib.suppress(Conflict):
                return await self._services.intake.cancel(existing.id)
            existing = await self._find(forwarded) or existing
        return existing

    async def _repeat(self, forwarded: Forwarded, raw: bytes, earlier: Job) -> Job:
        new = replace(self._ended(forwarded, raw, earlier.state, error=earlier.error), body_hash=earlier.body_hash, result=earlier.result)
        return await self._write_down(new)

    async def _find(self, forwarded: Forwarded) -> Job | None:
        job = (await self._services.store.get_many([forwarded.job]))[0]
        if job is not None and (job.queue, job.owner) != (self._generator.name, forwarded.principal.user):
            raise Conflict("this id belongs to another job")
        return job

    async def _write_down(self, new: NewJob) -> Job:
        return (await self._services.intake.accept(new, max_queued=_NO_BOUND)).job

    def _ended(self, forwarded: Forwarded, raw: bytes, state: State, *, error: str | None) -> NewJob:
        return NewJob(
            id=forwarded.job,
            queue=self._generator.name,
            owner=forwarded.principal.user,
            request=_text(raw),
            correlation_id=str(get_contextvars().get("correlation_id")),
            policy=self._generator.policy,
            body_hash=_hash(raw),
            keeps_id=True,
            created_at=forwarded.accepted_at,
            ended=state,
            error=error,
            webhook=self._webhook(raw, forwarded.item),
        )

    def _webhook(self, raw: bytes, item: int | None) -> str | None:
        """Of a body that nobody has checked."""
        try:
            body = orjson.loads(raw)
            named = (body if item is None else body[item])["webhook"]
            return check_webhook(named, self._services.webhooks) if isinstance(named, str) else None
        except (orjson.JSONDecodeError, InvalidInput, LookupError, TypeError):
            return None


def _hash(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _text(raw: bytes) -> str:
    """JSON, as every row's request; a body that is none is kept as a JSON string, without what PostgreSQL takes in no text."""
    try:
        orjson.loads(raw)
    except orjson.JSONDecodeError:
        return orjson.dumps(raw.decode("utf-8", "replace").replace("\x00", "")).decode()
    return raw.decode()


def _error(error: OctavoError) -> str:
    body: dict[str, object] = {"error": error.code, "message": error.message}
    if error.faults:
        body["errors"] = [fault.as_dict() for fault in error.faults]
    return orjson.dumps(body).decode()
