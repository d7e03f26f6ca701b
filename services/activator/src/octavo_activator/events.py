"""Server-sent events over the whole way of a job: accepted here, the start of its generator, then the generator's own stream, over
one connection and without a gap or a repeat.

Our ids lie before all ids of the generator's stream. A client that comes back with one of them, here or at the generator, gets
what followed; what the generator tells again of the acceptance is left out, because it was told.
"""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import AsyncIterator

import aiohttp
import structlog
from structlog.contextvars import get_contextvars

from octavo_activator import answers
from octavo_activator.gate import Gate, Watch
from octavo_activator.generators import Generators
from octavo_activator.held import HeldJob
from octavo_activator.room import Room
from octavo_activator.store import HeldJobStore
from octavo_core.errors import Fault, InvalidInput, OctavoError
from octavo_core.http import sse

log = structlog.get_logger(__name__)

ENDS = (b"job.succeeded", b"job.failed", b"job.cancelled")
MAX_FRAME_BYTES = 16 * 1_048_576
_TRIES = 6
_LOOK_EVERY_S = 4.0
_FIRST_PAUSE_S = 0.1
_EVENT_ID = re.compile(r"[0-9]{1,19}-[0-9]{1,19}")
_FIELD = re.compile(rb"^(id|event): ?(.*)$", re.MULTILINE)


def check_event_id(given: str | None) -> str | None:
    if given and not _EVENT_ID.fullmatch(given):
        raise InvalidInput("Last-Event-ID: not an id that was given out here", faults=(Fault("Last-Event-ID", "not an event id"),))
    return given or None


async def events_of(
    gate: Gate,
    store: HeldJobStore,
    generators: Generators,
    room: Room,
    job: HeldJob,
    *,
    path: str,
    after: str | None,
    authorization: str | None,
) -> AsyncIterator[bytes]:
    """Frames for a client that may see the job. `path` is that of the stream, `after` the last id that the client has;
    `authorization` goes on to the generator."""
    taken_as: str | None = job.id
    with gate.watch(job.id) as watch:
        # Read again: it may have been taken over before anybody watched.
        current = await store.look(job.id)
        if current is not None:
            async for frame in _here(gate, watch, room, current, after):
                yield frame
            taken_as = watch.taken_as
    if taken_as is not None:
        async for frame in _over_there(gate, generators, path.replace(job.id, taken_as), after, authorization):
            yield frame


async def _here(gate: Gate, watch: Watch, room: Room, job: HeldJob, after: str | None) -> AsyncIterator[bytes]:
    """Until the generator has it, it has ended without the generator, or this process ends."""
    position = _order(after)
    if _order(answers.accepted_id(job)) > position:
        yield answers.accepted_frame(job)
    if job.has_ended_here:
        watch.ended = job
    shown, quiet_since = gate.messages[-1].number - 1, time.monotonic()
    while (left := room.left(math.inf, most=_LOOK_EVERY_S)) > 0 and not gate.is_dismissed:
        for message in [message for message in gate.messages if message.number > shown]:
            shown = message.number
            if _order(answers.message_id(job, message)) > position and watch.ended is None:
                yield answers.message_frame(job, message)
                quiet_since = time.monotonic()
        if watch.ended is not None:
            yield answers.end_frame(watch.ended)
        if watch.is_over:
            return
        if not await watch.stir(left) and time.monotonic() - quiet_since > sse.HEARTBEAT_EVERY_S:
            yield sse.HEARTBEAT
            quiet_since = time.monotonic()


async def _over_there(gate: Gate, generators: Generators, path: str, after: str | None, authorization: str | None) -> AsyncIterator[bytes]:
    """The generator's stream, taken up again where it broke off. Ends with the job's end, or when it cannot be had: then the
    client comes back with the last id that it has."""
    pause, position = _FIRST_PAUSE_S, after
    for _ in range(_TRIES):
        headers = {"accept": "text/event-stream", "x-correlation-id": str(get_contextvars().get("correlation_id"))}
        if authorization is not None:
            headers["authorization"] = authorization
        if position is not None:
            headers["last-event-id"] = position
        try:
            async with generators.request(gate, "GET", path, headers=headers) as answer:
                if answer.status in (401, 403, 404):
                    return
                if answer.status == 200:
                    pause = _FIRST_PAUSE_S
                    async for frame in _frames(answer):
                        fields = dict(_FIELD.findall(frame))
                        position = fields[b"id"].decode() if b"id" in fields else position
                        if fields.get(b"event") != b"job.accepted":
                            yield frame
                        if fields.get(b"event") in ENDS:
                            return
        except (OctavoError, aiohttp.ClientError, TimeoutError, OSError) as error:
            log.info("a stream of events broke off", error=type(error).__name__)
        await asyncio.sleep(pause)
        pause *= 2


async def _frames(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """Whole frames, with the empty line that ends them."""
    buffer = b""
    async for part in answer.content.iter_any():
        buffer += part
        *whole, buffer = buffer.split(b"\n\n")
        for frame in whole:
            yield frame + b"\n\n"
        if len(buffer) > MAX_FRAME_BYTES:
            log.warning("an event is too large to be passed on", bytes=len(buffer))
            return


def _order(event_id: str | None) -> tuple[int, int]:
    milliseconds, _, sequence = (event_id or "0-0").partition("-")
    return int(milliseconds), int(sequence)
