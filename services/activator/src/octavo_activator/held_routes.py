"""One held job, looked at, followed or cancelled by its caller."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response

from octavo_activator import answers
from octavo_activator.doorkeeper import Doorkeeper
from octavo_activator.events import check_event_id, events_of
from octavo_activator.gate import Gate
from octavo_activator.generators import Generators
from octavo_activator.held import HeldJob
from octavo_activator.intake import Intake
from octavo_activator.room import Room
from octavo_activator.store import HeldJobStore
from octavo_activator.tally import Tally
from octavo_core.errors import NotFound, Unavailable
from octavo_core.http import sse


class HeldRoutes:
    def __init__(
        self, store: HeldJobStore, tally: Tally, intake: Intake, generators: Generators, doorkeeper: Doorkeeper, room: Room
    ) -> None:
        self._store = store
        self._tally = tally
        self._intake = intake
        self._generators = generators
        self._doorkeeper = doorkeeper
        self._room = room

    async def find(self, gate: Gate, job_id: str) -> HeldJob | None:
        """Without its body. None: not held here, the generator is to be asked."""
        job = await self._store.look(job_id) if self._tally.of(gate.key).rows else None
        return job if job is not None and job.key == gate.key else None

    async def read(self, gate: Gate, job: HeldJob, request: Request) -> Response:
        await self._check_owner(gate, job, request)
        return answers.json_response(answers.generation_view(job, gate), 200)

    async def cancel(self, gate: Gate, job: HeldJob, request: Request) -> Response | None:
        """None when the generator has taken it over in this moment. Raises `Conflict` when it had ended."""
        await self._check_owner(gate, job, request)
        cancelled = await self._intake.cancel(gate, job.id)
        if cancelled is None:
            return None
        return answers.json_response(answers.generation_view(cancelled, gate), 200 if cancelled.has_ended_here else 202)

    async def events(self, gate: Gate, job: HeldJob, request: Request) -> Response:
        await self._check_owner(gate, job, request)
        after = check_event_id(request.headers.get("last-event-id") or request.query_params.get("lastEventId"))
        if self._room.is_full:
            raise Unavailable("too many streams wait for generators that start; try again later", retry_after=5)
        frames = events_of(
            gate,
            self._store,
            self._generators,
            self._room,
            job,
            path=request.url.path,
            after=after,
            authorization=request.headers.get("authorization"),
        )
        return sse.event_stream(self._in_room(frames))

    async def _in_room(self, frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        with self._room.enter():
            async for frame in frames:
                yield frame

    async def _check_owner(self, gate: Gate, job: HeldJob, request: Request) -> None:
        """Another's job is answered as one that does not exist."""
        principal = await self._doorkeeper.principal(gate, request.headers.get("authorization"))
        if not (principal.sees_all or principal.user == job.principal.user):
            raise NotFound("there is no such generation")
