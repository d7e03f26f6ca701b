"""Jobs of one request: accepted, followed to their end, and cancelled when nobody waits for them any more.

Listening begins before a job exists, so that no event can be missed. Where events are lost all the same (Redis is gone, the listener
fell behind) the row is asked every two seconds, and its result holds what the lost events would have said.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from typing import Any

import orjson
import structlog
from redis.exceptions import RedisError

from octavo_core.errors import OctavoError, ProviderTimeout, Unavailable
from octavo_generation.api.openai.errors import JobFailed, job_failed
from octavo_generation.api.openai.text_so_far import Diverged, TextSoFar
from octavo_generation.api.services import JobServices
from octavo_generation.api.views import ENDS
from octavo_jobs.lifecycle import Job, State
from octavo_jobs.model import NewJob
from octavo_jobs.stream import Lagged, Listener, StreamEvent

log = structlog.get_logger(__name__)

WAIT_S = 600.0
"""As long as OpenAI's clients wait by themselves."""
_LOOK_EVERY_S = 2.0
HEARTBEAT_EVERY_S = 15.0
_CLOCK_MARGIN_MS = 10_000
"""By how much the clocks of Redis' machine and of ours may differ."""

Done = dict[str, Any]
"""What a job that succeeded has in its row: `result`, `usage`, `provider`."""


class Calls:
    """Of one generator. `max_queued` as its resource says."""

    def __init__(self, services: JobServices, *, max_queued: int) -> None:
        self._services = services
        self._max_queued = max_queued
        self._beside: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def accepted(self, jobs: Sequence[NewJob]) -> AsyncIterator[list[Call]]:
        """All of them, or none: where one is refused the others are cancelled. At the end of the context those that nobody waits for
        any more are cancelled. Raises what `JobIntake.accept` raises."""
        calls: list[Call] = []
        try:
            for new in jobs:
                calls.append(await self._accept(new))
            yield calls
        finally:
            for call in calls:
                self._leave(call)

    async def _accept(self, new: NewJob) -> Call:
        listener = await self._services.hub.listen(new.owner, new.id)
        try:
            accepted = await self._services.intake.accept(new, max_queued=self._max_queued)
        except BaseException:
            self._services.hub.leave(listener)
            raise
        listener.job = accepted.job.id
        return Call(self._services, listener, accepted.job, joined=not accepted.created, kept=new.idempotency_key is not None)

    def _leave(self, call: Call) -> None:
        self._services.hub.leave(call.listener)
        if call.is_wanted:
            return
        # Not awaited: this runs where the caller's task is being cancelled too.
        task = asyncio.create_task(self._cancel(call.job.id))
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    async def _cancel(self, job_id: str) -> None:
        try:
            await self._services.intake.cancel(job_id)
        except OctavoError as error:
            # It has ended meanwhile, or it ends by itself: nothing is lost but work.
            log.info("a job that nobody waits for was not cancelled", job=job_id, error=error.code)


class Call:
    """One job that the caller waits for. `pieces` or `end`, once."""

    def __init__(self, services: JobServices, listener: Listener, job: Job, *, joined: bool, kept: bool) -> None:
        """`joined`: the job was there before."""
        self.listener = listener
        self.job = job
        self._services = services
        self._joined = joined
        self._kept = kept or joined
        self._done: Done | None = None
        self._failed: JobFailed | None = None
        self._deadline = time.monotonic() + WAIT_S

    @property
    def is_wanted(self) -> bool:
        """False for a job that has not ended and whose answer nobody can receive any more. One that has an idempotency key is kept:
        its caller may come back; one that was there before is not ours to cancel."""
        return self._kept or self._ended

    @property
    def done(self) -> Done:
        """After the end. Raises `JobFailed`."""
        if self._failed is not None:
            raise self._failed
        assert self._done is not None
        return self._done

    async def end(self) -> Done:
        """Raises `JobFailed`, `ProviderTimeout` after `WAIT_S`, `Unavailable` when this process ends before the job."""
        async for _ in self._events(_LOOK_EVERY_S):
            pass
        return self.done

    async def pieces(self) -> AsyncIterator[str]:
        """The text as it comes; an empty piece says that there was nothing for a while. The pieces joined are the text of the job's
        result. Raises what `end` raises, and `JobFailed` when the text was begun anew in other words than those given out."""
        text, silent_since = TextSoFar(), time.monotonic()
        try:
            async for event in self._events(_LOOK_EVERY_S):
                if event is not None and (new := _heard(text, event)):
                    silent_since = time.monotonic()
                    yield new
                elif time.monotonic() - silent_since >= HEARTBEAT_EVERY_S:
                    silent_since = time.monotonic()
                    yield ""
            if rest := text.rest(str(self.done["result"]["text"])):
                yield rest
        except Diverged:
            raise JobFailed(
                "this answer was interrupted and begun again in other words; ask once more", code="answer_interrupted", status=502
            ) from None

    async def _events(self, look_every_s: float) -> AsyncIterator[StreamEvent | None]:
        """What comes before the end; None where nothing came. When it returns, the end is known."""
        if self.job.state.ended:
            self._note(self.job)
        elif self._joined:
            async for missed in self._missed():
                yield missed
        while not self._ended:
            event = await self._next(min(look_every_s, self._left_s()))
            if event is not None and event.type not in ENDS:
                yield event
            elif event is None or not self._note_event(event):
                await self._look()
                yield None

    async def _missed(self) -> AsyncIterator[StreamEvent]:
        """What was told before we came; some of it may come again, which `TextSoFar` knows."""
        since = f"{max(0, self.job.created_at - _CLOCK_MARGIN_MS)}-0"
        with contextlib.suppress(RedisError, OSError):
            async for event in self._services.hub.replay(self.job.owner, since, job=self.job.id, limit=10_000):
                if event.type not in ENDS:
                    yield event

    async def _next(self, patience_s: float) -> StreamEvent | None:
        try:
            return await self.listener.get(patience_s)
        except Lagged:
            # Its queue is closed for good; from here on the row tells the end.
            await asyncio.sleep(min(patience_s, 0.5))
            return None

    def _left_s(self) -> float:
        now = time.monotonic()
        if now >= self._services.answer_by:
            raise Unavailable("this process is about to end; another one takes the next request", retry_after=1)
        if now >= self._deadline:
            raise ProviderTimeout(f"the job {self.job.id} did not end within {WAIT_S:g} s", provider=self.job.queue)
        return min(self._services.answer_by, self._deadline) - now

    @property
    def _ended(self) -> bool:
        return self._done is not None or self._failed is not None

    async def _look(self) -> None:
        job = (await self._services.store.get_many([self.job.id]))[0]
        if job is None:
            self._failed = JobFailed("the job was deleted before its end", code="not_found", status=500)
        elif job.state.ended:
            self._note(job)

    def _note(self, job: Job) -> None:
        if job.state is State.SUCCEEDED:
            self._done = orjson.loads(job.result or "{}")
        else:
            self._failed = _failure(job.state.value, orjson.loads(job.error) if job.error else None)

    def _note_event(self, event: StreamEvent) -> bool:
        """Whether the event says how it ended; one that leaves a large result out does not."""
        data = orjson.loads(event.body)["data"]
        if event.type == "job.succeeded":
            self._done = data["result"]
        else:
            self._failed = _failure(data["status"], data.get("error"))
        return self._ended


def _heard(text: TextSoFar, event: StreamEvent) -> str:
    if event.type not in ("job.token", "job.progress"):
        return ""
    data = orjson.loads(event.body)["data"]
    # Progress that the lifecycle tells of (a retry that waits) has no number.
    if "seq" not in data:
        return ""
    if data.get("restarted"):
        text.restart(data["attempt"], data["seq"])
        return ""
    return text.hear(data["attempt"], data["seq"], data.get("text", ""))


def _failure(state: str, error: dict[str, Any] | None) -> JobFailed:
    if state == State.CANCELLED.value:
        return JobFailed("the generation was cancelled", code="cancelled", status=409)
    return job_failed(error or {})


def side_by_side(calls: Sequence[Call]) -> AsyncGenerator[tuple[int, str | None], None]:
    """(index, piece) of all, as they come; a piece that is None is the end of that one. Raises what one of them raises."""
    return _alone(calls[0]) if len(calls) == 1 else _merged(calls)


async def _alone(call: Call) -> AsyncGenerator[tuple[int, str | None], None]:
    async for piece in call.pieces():
        yield 0, piece
    yield 0, None


async def _merged(calls: Sequence[Call]) -> AsyncGenerator[tuple[int, str | None], None]:
    queue: asyncio.Queue[tuple[int, str | None] | Exception] = asyncio.Queue()

    async def follow(index: int, call: Call) -> None:
        try:
            async for piece in call.pieces():
                queue.put_nowait((index, piece))
            queue.put_nowait((index, None))
        except Exception as error:
            queue.put_nowait(error)

    with _tasks([asyncio.create_task(follow(index, call)) for index, call in enumerate(calls)]):
        left = len(calls)
        while left:
            told = await queue.get()
            if isinstance(told, Exception):
                raise told
            left -= told[1] is None
            yield told


@contextlib.contextmanager
def _tasks(tasks: list[asyncio.Task[None]]) -> Iterator[None]:
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
