"""A request for generations, while their generator sleeps or starts: taken durably, then answered at once or with its result."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from structlog.contextvars import get_contextvars

from octavo_activator import answers
from octavo_activator.bodies import is_form, read_body, replayed, unless_gone
from octavo_activator.doorkeeper import Doorkeeper
from octavo_activator.gate import Gate
from octavo_activator.generators import Answer, Generators, NotReached
from octavo_activator.held import HeldJob
from octavo_activator.holding import Holding
from octavo_activator.intake import Intake
from octavo_activator.outcomes import Taken, outcome_of
from octavo_activator.requests import MAX_BATCH, MAX_KEY_CHARS, read_submission
from octavo_activator.room import Room
from octavo_activator.store import HeldJobStore
from octavo_activator.tally import Tally
from octavo_core.clock import Clock
from octavo_core.errors import OctavoError
from octavo_core.http.preferences import Preference, read_preference

_PASSED_BACK = ("content-type", "location", "preference-applied", "retry-after")


class Submitting:
    def __init__(
        self,
        store: HeldJobStore,
        tally: Tally,
        intake: Intake,
        generators: Generators,
        holding: Holding,
        doorkeeper: Doorkeeper,
        room: Room,
        clock: Clock,
    ) -> None:
        self._store = store
        self._tally = tally
        self._intake = intake
        self._generators = generators
        self._holding = holding
        self._doorkeeper = doorkeeper
        self._room = room
        self._clock = clock

    async def submit(self, gate: Gate, scope: Scope, receive: Receive, send: Send, *, root: str, is_batch: bool) -> None:
        """Raises what the generator's own API would."""
        if not self._doorkeeper.can_check(gate) or (gate.route.task == "image-description" and is_form(scope)):
            # A form, where one may be sent, is for the generator to read: it is waited with, not written down.
            await self._holding.hold(gate, scope, receive, send)
            return
        if gate.is_open and not await self._may_be_held(gate, Request(scope)):
            body = await read_body(receive)
            try:
                await self._holding.relay(gate, scope, receive, send, body=body)
                return
            except NotReached:
                receive = replayed(body, receive)
        request = Request(scope, receive)
        principal = await self._doorkeeper.principal(gate, request.headers.get("authorization"))
        submission = await read_submission(request, gate.key, principal, is_batch=is_batch, now=self._clock.now_ms())
        preference = read_preference(request.headers.get("prefer"), gate.route.default_mode)
        jobs = [accepted.job for accepted in await self._intake.accept(gate, submission.jobs)]
        if preference.wait_s and not self._room.is_full:
            waiting = asyncio.gather(*(self._wait(gate, job, preference, root) for job in jobs))
            with self._room.enter(), gate.waiting():
                results: list[Answer | HeldJob] = await unless_gone(receive, _gathered(waiting))
        else:
            results = list(jobs)
        response = _batch_response(results, gate, preference) if submission.is_batch else _response(results[0], gate, root, preference)
        await response(scope, receive, send)

    async def _may_be_held(self, gate: Gate, request: Request) -> bool:
        """Whether the request repeats one that is held: then the generator must not get it as a new one."""
        given = request.headers.get("idempotency-key")
        if given is None or len(given) > MAX_KEY_CHARS or not self._tally.of(gate.key).rows:
            return False
        principal = await self._doorkeeper.principal(gate, request.headers.get("authorization"))
        keys = [given, *(f"{given}#{index}" for index in range(MAX_BATCH))]
        return await self._store.knows_key(gate.key, principal.user, keys)

    async def _wait(self, gate: Gate, job: HeldJob, preference: Preference, root: str) -> Answer | HeldJob:
        """The generator's answer when the job has ended; the job where that takes longer than the caller waits."""
        deadline = time.monotonic() + preference.wait_s
        with gate.watch(job.id) as watch:
            current = await self._store.get(job.id)
            if current is not None and current.has_ended_here:
                return current
            is_taken = current is None
            while not is_taken and not gate.is_dismissed and (left := self._room.left(deadline)) > 0:
                await watch.stir(left)
                if watch.ended is not None:
                    return watch.ended
                is_taken = watch.taken_as is not None
        left = min(deadline, self._room.answer_by) - time.monotonic()
        if not is_taken or left <= 0:
            return job
        try:
            # The same job by its id, and this time with its result.
            answer = await self._generators.deliver(gate, job, prefix=root, wait_s=math.ceil(left))
        except OctavoError:
            return job
        # Accepted all the same where the generator has fallen silent again.
        return answer if isinstance(outcome_of(answer.status, answer.headers, answer.body), Taken) else job


async def _gathered(waiting: asyncio.Future[list[Answer | HeldJob]]) -> list[Answer | HeldJob]:
    return await waiting


def _response(result: Answer | HeldJob, gate: Gate, root: str, preference: Preference) -> Response:
    if isinstance(result, HeldJob):
        return answers.submission_response(result, gate, root=root, preference=preference)
    headers = {name: result.headers[name] for name in _PASSED_BACK if name in result.headers}
    return Response(result.body, result.status, headers=headers | {"preference-applied": preference.applied})


def _batch_response(results: list[Answer | HeldJob], gate: Gate, preference: Preference) -> Response:
    items: list[dict[str, Any]] = [
        answers.generation_view(result, gate) if isinstance(result, HeldJob) else orjson.loads(result.body) for result in results
    ]
    has_ended = all(item.get("status") not in ("queued", "running") for item in items)
    content = {
        "success": all(item.get("success", False) for item in items),
        "items": items,
        "correlation_id": get_contextvars().get("correlation_id"),
    }
    return answers.json_response(content, 200 if has_ended else 202, {"preference-applied": preference.applied})
