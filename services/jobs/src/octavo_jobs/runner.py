"""Runs jobs under a lease: claim, run, renew, finish.

One `Runner` per process, on one event loop. `take` is called by the transport with ids; it waits for free slots of the
queue, hands the ids over to be claimed and returns, so that the next message can come. What may go wrong:

- The process dies anywhere: the lease runs out and the reaper gives the job to someone else. The result is written by one
  fenced statement, so a job ends once.
- The lease is lost while the process lives (it hung, or its clock jumped): the renewal says so, the task is cancelled, and a
  result that is already on its way is refused by the fence.
- The database is away when a job is done: the finish is tried again until it is written or fenced.
- A cancel: heard over Redis at once, or with the next renewal (a third of the lease).
- SIGTERM: `drain` takes nothing more, lets running jobs end until the deadline and hands the rest back, with no attempt lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import orjson
import redis.asyncio
import structlog
from redis.exceptions import RedisError

from octavo_core.errors import OctavoError, Unavailable
from octavo_core.telemetry.tracing import span
from octavo_jobs import metrics
from octavo_jobs.channels import CANCEL_CHANNEL
from octavo_jobs.context import JobContext
from octavo_jobs.ending import end_task
from octavo_jobs.events import EventPublisher
from octavo_jobs.group_commit import GroupCommit
from octavo_jobs.lifecycle import Failure, Job, State
from octavo_jobs.model import CancelConfirmed, Finish, HandedBack, Outcome, Renewal, Succeeded
from octavo_jobs.store.port import JobStore
from octavo_jobs.transport import Bell

log = structlog.get_logger(__name__)

RING_AHEAD_S = 60.0
"""Retries that are due within this time are rung for by the worker that saw the failure."""

Handler = Callable[[Job, JobContext], Awaitable[str]]
"""Does the work of one attempt and returns the result as JSON. Raises `OctavoError` when it fails; its `retryable` decides
whether the job is tried again. Cancelled (asyncio) when the job is cancelled, times out or loses its lease."""


@dataclass(frozen=True, slots=True)
class Lane:
    """A queue that this process serves: with what, and how many at once. `room`, where there is one, says before each claim how many at
    once the handler has use for by now, where it knows that; what it cannot take is left to other workers."""

    queue: str
    handler: Handler
    concurrency: int
    room: Callable[[], int | None] | None = None


@dataclass(slots=True)
class _Running:
    job: Job
    task: asyncio.Task[None]
    context: JobContext
    renewed_at: float
    stop: Literal["cancelled", "lost", "drained"] | None = None
    """Why the task is being cancelled: `cancelled`, `lost` or `drained`."""
    finishing: bool = False
    """The end is on its way to the store; from here on the fence decides, and nobody cancels."""
    begun: bool = False
    """The task has made its first step. Cancelled before that, it would never run its own clean-up."""

    def needs_renewal(self, now: float) -> bool:
        return now - self.renewed_at > self.job.policy.lease_ms / 3_000 - 0.05


@dataclass(slots=True)
class _Slots:
    free: int
    freed: asyncio.Event = field(default_factory=asyncio.Event)


class Runner:
    def __init__(
        self, *, store: JobStore, publisher: EventPublisher, bell: Bell, client: redis.asyncio.Redis, lanes: Sequence[Lane], worker: str
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._bell = bell
        self._client = client
        self._lanes: Mapping[str, Lane] = {lane.queue: lane for lane in lanes}
        self._slots = {lane.queue: _Slots(lane.concurrency) for lane in lanes}
        self._worker = worker
        self._running: dict[str, _Running] = {}
        self._draining = asyncio.Event()
        self._claims: GroupCommit[Sequence[str], list[Job]] = GroupCommit(self._claim_together)
        self._finishes: GroupCommit[Finish, Job | None] = GroupCommit(store.finish_many)
        self._ringing: set[asyncio.Task[None]] = set()
        self._claiming: set[asyncio.Task[None]] = set()
        self._loops: list[asyncio.Task[None]] = []
        self.last_active = time.monotonic()
        """When a job last began or ended; for the process's decision to sleep."""

    @property
    def running(self) -> int:
        return len(self._running)

    def start(self) -> None:
        self._loops = [asyncio.create_task(self._renew_forever(), name="renew"), asyncio.create_task(self._hear_cancels(), name="cancels")]

    async def take(self, queue: str, ids: Sequence[str]) -> None:
        lane, slots, waiting = self._lanes[queue], self._slots[queue], list(ids)
        while waiting:
            await self._wait_for_slot(lane, slots)
            if self._draining.is_set():
                await self._bell.ring(queue, waiting)
                return
            count = min(_free(lane, slots), len(waiting))
            slots.free -= count
            mine, waiting = waiting[:count], waiting[count:]
            # Not awaited: the slots are taken, so the next message may come while this one's jobs are being claimed.
            task = asyncio.create_task(self._claim(lane, mine))
            self._claiming.add(task)
            task.add_done_callback(self._claiming.discard)

    async def _claim(self, lane: Lane, ids: Sequence[str]) -> None:
        """With a slot held for each id; those whose job was not to be had are given back."""
        slots, claimed = self._slots[lane.queue], list[Job]()
        try:
            claimed = await self._claims.submit(ids)
        except OctavoError as error:
            log.warning("jobs could not be claimed; the reaper will ring again", queue=lane.queue, jobs=len(ids), error=error.code)
        except Exception:
            log.exception("jobs could not be claimed; the reaper will ring again", queue=lane.queue, jobs=len(ids))
        finally:
            self._release(slots, len(ids) - len(claimed))
        for job in claimed:
            self._begin(lane, job)

    def refuse_new(self) -> None:
        """From here on `take` claims nothing and rings for what it was given, so that another worker takes it."""
        self._draining.set()
        for slots in self._slots.values():
            slots.freed.set()

    async def drain(self, deadline_s: float) -> None:
        """Returns when nothing runs any more: ended by itself within the deadline, or handed back."""
        self.refuse_new()
        while self._claiming:
            await asyncio.wait(self._claiming)
        if self._running:
            log.info("draining", running=len(self._running), deadline_s=deadline_s)
            await asyncio.wait([running.task for running in self._running.values()], timeout=deadline_s)
        leftover = list(self._running.values())
        for running in leftover:
            self._stop(running, "drained")
        if leftover:
            await asyncio.wait([running.task for running in leftover], timeout=15)
        await asyncio.gather(*(end_task(loop) for loop in self._loops))

    def _begin(self, lane: Lane, job: Job) -> None:
        self.last_active = time.monotonic()
        if job.attempt == 1:
            metrics.WAIT.labels(job.queue).observe(max(0, job.updated_at - job.created_at) / 1000)
        if (earlier := self._running.get(job.id)) is not None:
            # We lost its lease, have not noticed yet, and were given the job again.
            self._stop(earlier, "lost")
        context = JobContext(job, self._publisher)
        task = asyncio.create_task(self._run(lane, job, context), name=f"job {job.id}")
        self._running[job.id] = _Running(job, task, context, renewed_at=time.monotonic())

    async def _run(self, lane: Lane, job: Job, context: JobContext) -> None:
        structlog.contextvars.bind_contextvars(correlation_id=job.correlation_id, job=job.id, generator=job.queue)
        started, running = time.monotonic(), self._running[job.id]
        running.begun = True
        try:
            self._publisher.publish_transitions([job])
            named: dict[str, str | int] = {"octavo.generator": job.queue, "octavo.job": job.id, "octavo.attempt": job.attempt}
            with span("run job", kind="consumer", correlation_id=job.correlation_id, **named) as told:
                outcome = await self._outcome(lane, running)
                if isinstance(outcome, Failure):
                    told.failed(orjson.loads(outcome.error)["error"])
            metrics.RUN.labels(job.queue).observe(time.monotonic() - started)
            if outcome is not None:
                running.finishing = True
                context.flush()
                await self._finish(job, outcome)
        except Exception:
            log.exception("a job's end could not be written; its lease will run out")
        finally:
            if self._running.get(job.id) is running:
                del self._running[job.id]
            self._release(self._slots[job.queue], 1)
            self.last_active = time.monotonic()

    async def _outcome(self, lane: Lane, running: _Running) -> Outcome | None:
        """How the attempt ended; None when the lease is lost and there is nothing left to say."""
        job, context = running.job, running.context
        bound = asyncio.timeout(job.policy.timeout_ms / 1000)
        try:
            if running.stop is not None:
                raise asyncio.CancelledError
            async with bound:
                return Succeeded(await lane.handler(job, context))
        except asyncio.CancelledError:
            if running.stop is None:
                if running.task.cancelling():
                    raise
                # Something that the handler waited for was cancelled, not the handler.
                return _failure("internal_error", "the generator failed (CancelledError)", retryable=True)
            # The cancellation was ours and is spent; the end of the job is still to be written.
            running.task.uncancel()
            match running.stop:
                case "cancelled":
                    return CancelConfirmed()
                case "drained":
                    return HandedBack()
                case "lost":
                    return None
        except OctavoError as error:
            log.warning("attempt failed", error=error.code, message=error.message, attempt=job.attempt)
            after = None if error.retry_after is None else round(error.retry_after * 1000)
            return _failure(error.code, error.message, error.retryable, after, getattr(error, "provider", None))
        except Exception as error:
            if isinstance(error, TimeoutError) and bound.expired():
                return _failure("timeout", f"the job did not end within {job.policy.timeout_ms / 1000:g} s", retryable=True)
            log.exception("attempt failed unexpectedly", attempt=job.attempt)
            return _failure("internal_error", f"the generator failed ({type(error).__name__})", retryable=True)
        finally:
            context.end()

    async def _finish(self, job: Job, outcome: Outcome) -> None:
        pause = 0.1
        while True:
            try:
                ended = await self._finishes.submit(Finish(job.id, job.attempt, outcome))
                break
            except Unavailable as error:
                log.warning("the end of a job waits for the database", error=error.message)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5)
        if ended is None:
            metrics.FENCED.labels(job.queue).inc()
            log.warning("result thrown away: another attempt owns the job", attempt=job.attempt)
            return
        if ended.state.ended:
            metrics.ENDED.labels(job.queue, ended.state.value).inc()
        else:
            metrics.RETRIED.labels(job.queue).inc()
        self._publisher.publish_transitions([ended])
        if ended.state is State.QUEUED:
            await self._ring_when_due(ended)

    async def _ring_when_due(self, job: Job) -> None:
        """To the moment, where the reaper would come up to two seconds later; when this process ends before, the reaper it is."""
        delay_s = max(0, job.available_at - job.updated_at) / 1000
        if delay_s == 0:
            await self._bell.ring(job.queue, [job.id])
        if delay_s == 0 or delay_s > RING_AHEAD_S:
            return

        def ring() -> None:
            task = asyncio.create_task(_rung(self._bell, job))
            self._ringing.add(task)
            task.add_done_callback(self._ringing.discard)

        asyncio.get_running_loop().call_later(delay_s, ring)

    async def _claim_together(self, batch: Sequence[Sequence[str]]) -> list[list[Job]]:
        claimed = {job.id: job for job in await self._store.claim_many([job_id for ids in batch for job_id in ids], worker=self._worker)}
        # `pop`: when a doubled message put one id into two calls, one of them gets it.
        return [[job for job_id in ids if (job := claimed.pop(job_id, None)) is not None] for ids in batch]

    async def _renew_forever(self) -> None:
        while True:
            await asyncio.sleep(min([running.job.policy.lease_ms for running in self._running.values()], default=3_000) / 9_000)
            now = time.monotonic()
            held = [r for r in self._running.values() if not r.finishing and r.stop is None and r.needs_renewal(now)]
            if not held:
                continue
            try:
                answers = await self._store.renew_many([Renewal(r.job.id, r.job.attempt, r.context.progress_json) for r in held])
            except Unavailable as error:
                log.warning("leases could not be renewed", jobs=len(held), error=error.message)
                continue
            except Exception:
                # This loop must outlive whatever a driver raises: without it every lease of the process runs out.
                log.exception("leases could not be renewed", jobs=len(held))
                continue
            for running, renewed in zip(held, answers, strict=True):
                running.renewed_at = now
                if running.finishing:
                    continue
                if renewed is None:
                    log.warning("lease lost", job=running.job.id, attempt=running.job.attempt)
                    self._stop(running, "lost")
                elif renewed.cancel_requested:
                    self._stop(running, "cancelled")

    async def _hear_cancels(self) -> None:
        while True:
            try:
                async with self._client.pubsub() as words:
                    await words.subscribe(CANCEL_CHANNEL)
                    while True:
                        word = await words.get_message(ignore_subscribe_messages=True, timeout=5)
                        if word is not None and (running := self._running.get(word["data"].decode())) is not None:
                            self._stop(running, "cancelled")
            except (RedisError, OSError):
                # Renewals tell of cancels meanwhile.
                await asyncio.sleep(1)

    def _stop(self, running: _Running, reason: Literal["cancelled", "lost", "drained"]) -> None:
        if running.stop is None and not running.finishing:
            running.stop = reason
            running.context.end()
            if running.begun:
                running.task.cancel()

    async def _wait_for_slot(self, lane: Lane, slots: _Slots) -> None:
        while _free(lane, slots) < 1 and not self._draining.is_set():
            slots.freed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(5):
                    await slots.freed.wait()

    def _release(self, slots: _Slots, count: int) -> None:
        slots.free += count
        slots.freed.set()


def _free(lane: Lane, slots: _Slots) -> int:
    room = None if lane.room is None else lane.room()
    return slots.free if room is None else min(slots.free, room - (lane.concurrency - slots.free))


async def _rung(bell: Bell, job: Job) -> None:
    await bell.ring(job.queue, [job.id])


def _failure(code: str, message: str, retryable: bool, retry_after_ms: int | None = None, provider: str | None = None) -> Failure:
    error = {"error": code, "message": message}
    if provider is not None:
        error["provider"] = provider
    return Failure(orjson.dumps(error).decode(), retryable, retry_after_ms)
