"""Hands over what is held, generator by generator, as soon as a gate is open.

A delivery may be repeated at any point: before it is sent the row is marked as offered, and it is forgotten only after the generator
has said under which id it has the job. The generator knows a job again by its id, so at least once becomes exactly once.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog

from octavo_activator import held, metrics
from octavo_activator.gate import Gate
from octavo_activator.generators import Generators
from octavo_activator.held import HeldJob
from octavo_activator.outcomes import MAX_PAUSE_S, Again, Never, Outcome, Taken, outcome_of
from octavo_activator.routes import Key
from octavo_activator.store import HeldJobStore
from octavo_activator.tally import Tally
from octavo_core.clock import Clock
from octavo_core.errors import OctavoError, Unavailable

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 1.0
EXPIRE_EVERY_S = 60.0
PROBE_EVERY_S = 0.25
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0
"""Between two tries at a generator that does not take jobs although it should."""
BATCH = 64


class HandOver:
    def __init__(
        self,
        gates: Callable[[], Mapping[Key, Gate]],
        store: HeldJobStore,
        tally: Tally,
        generators: Generators,
        clock: Clock,
        news: asyncio.Event,
        *,
        concurrency: int,
    ) -> None:
        self._gates = gates
        self._store = store
        self._tally = tally
        self._generators = generators
        self._clock = clock
        self._news = news
        self._slots = concurrency
        self._delivering: dict[Key, asyncio.Task[None]] = {}
        self._probing: dict[Key, asyncio.Task[None]] = {}

    async def run_forever(self) -> None:
        """Until cancelled; what is under way then is given up, and delivered again by the next process."""
        expired_at = 0.0
        loop = asyncio.get_running_loop()
        try:
            while True:
                for gate in list(self._gates().values()):
                    self._look_after(gate)
                if loop.time() - expired_at > EXPIRE_EVERY_S:
                    expired_at = loop.time()
                    await self._expire()
                await self._news_or(LOOK_EVERY_S)
        finally:
            tasks = [*self._delivering.values(), *self._probing.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _look_after(self, gate: Gate) -> None:
        key = gate.key
        if gate.is_open and key not in self._delivering and self._tally.is_due(key, self._clock.now_ms()):
            self._begin(self._delivering, key, self._deliver_all(gate))
        if not gate.is_open and gate.phase == "starting" and gate.route.pods and key not in self._probing:
            self._begin(self._probing, key, self._probe(gate))

    def _begin(self, tasks: dict[Key, asyncio.Task[None]], key: Key, work: Coroutine[Any, Any, None]) -> None:
        tasks[key] = task = asyncio.create_task(work)

        def ended(done: asyncio.Task[None]) -> None:
            tasks.pop(key, None)
            if not done.cancelled() and (error := done.exception()) is not None:
                log.error("a hand-over ended unexpectedly; it begins anew", generator=str(key), exc_info=error)

        task.add_done_callback(ended)

    async def _deliver_all(self, gate: Gate) -> None:
        """Until nothing is left that is due, or the gate is shut."""
        pause = FIRST_PAUSE_S
        while gate.is_open and self._gates().get(gate.key) is gate:
            route, held_here = gate.route, self._tally.of(gate.key)
            try:
                held_here.due_at_ms = None
                jobs = await self._store.offer(gate.key, limit=BATCH)
                if not jobs:
                    due_at_ms = await self._store.next_due(gate.key)
                    # Unless something came meanwhile.
                    held_here.due_at_ms = due_at_ms if held_here.due_at_ms is None else held_here.due_at_ms
                    return
                wait_s = await self._deliver_batch(gate, jobs)
            except Unavailable as error:
                log.warning("a hand-over waits for the disk", generator=str(gate.key), reason=error.message)
                wait_s = pause
            if wait_s is None:
                pause = FIRST_PAUSE_S
                continue
            held_here.due_at_ms = 0
            until = time.monotonic() + max(wait_s, pause * random.uniform(0.5, 1.0))
            pause = min(pause * 2, LONGEST_PAUSE_S)
            while (left := until - time.monotonic()) > 0:
                if gate.route is not route:
                    # What was said of the generator has changed: it may answer now.
                    pause = FIRST_PAUSE_S
                    break
                await asyncio.sleep(min(left, PROBE_EVERY_S))

    async def _deliver_batch(self, gate: Gate, jobs: Sequence[HeldJob]) -> float | None:
        """None when it went on, else how long to leave this generator alone."""
        slots, stop = asyncio.Semaphore(self._slots), asyncio.Event()

        async def deliver(job: HeldJob) -> Outcome | None:
            async with slots:
                if stop.is_set():
                    return None
                outcome = await self._deliver(gate, job)
                if isinstance(outcome, Again) and outcome.for_all:
                    # What it said to one it would say to all.
                    stop.set()
                return outcome

        outcomes = await asyncio.gather(*(deliver(job) for job in jobs))
        met = [(job, outcome) for job, outcome in zip(jobs, outcomes, strict=True) if outcome is not None]
        await self._forget(gate, [(job, outcome) for job, outcome in met if isinstance(outcome, Taken)])
        await self._postpone([(job, outcome) for job, outcome in met if isinstance(outcome, Again) and not outcome.for_all])
        await self._refuse(gate, [(job, outcome) for job, outcome in met if isinstance(outcome, Never)])
        again = [outcome for _, outcome in met if isinstance(outcome, Again) and outcome.for_all]
        if not again:
            return None
        log.warning("a generator does not take its jobs yet", generator=str(gate.key), reason=again[0].reason)
        return max(outcome.after_s or 0.0 for outcome in again)

    async def _deliver(self, gate: Gate, job: HeldJob) -> Outcome:
        try:
            answer = await self._generators.deliver(gate, job)
        except OctavoError as error:
            metrics.DELIVERIES.labels("not_reached").inc()
            return Again(error.message, for_all=True)
        outcome = outcome_of(answer.status, answer.headers, answer.body)
        metrics.DELIVERIES.labels(type(outcome).__name__.lower()).inc()
        return outcome

    async def _forget(self, gate: Gate, taken: Sequence[tuple[HeldJob, Taken]]) -> None:
        forgotten = await self._store.forget([job for job, _ in taken])
        now = self._clock.now_ms()
        for (job, outcome), is_gone in zip(taken, forgotten, strict=True):
            if is_gone:
                self._tally.remove(job)
                metrics.HANDED_OVER.inc()
                metrics.HOLD.observe(max(0, now - job.accepted_at) / 1000)
                gate.taken(job.id, outcome.job)

    async def _postpone(self, again: Sequence[tuple[HeldJob, Again]]) -> None:
        now = self._clock.now_ms()
        changed = []
        for job, outcome in again:
            pause_s = outcome.after_s if outcome.after_s is not None else min(2.0 ** min(job.attempts, 10), MAX_PAUSE_S)
            log.warning("a job is offered again later", job=job.id, generator=str(job.key), reason=outcome.reason)
            changed.append((job, replace(job, attempts=job.attempts + 1, due_at=now + round(pause_s * random.uniform(500, 1000)))))
        await self._store.save(changed, durable=False)

    async def _refuse(self, gate: Gate, never: Sequence[tuple[HeldJob, Never]]) -> None:
        now = self._clock.now_ms()
        changed = [(job, held.refuse(job, error=outcome.error, now=now)) for job, outcome in never]
        for (before, after), is_saved in zip(changed, await self._store.save(changed, durable=True), strict=True):
            log.error("a generator refused a job for good", job=before.id, generator=str(before.key), error=after.error)
            if is_saved and before.is_held:
                self._tally.end(after)
                gate.ended(after)

    async def _probe(self, gate: Gate) -> None:
        """A start is over a little earlier when we ask for it: a cluster asks a pod every few seconds only."""
        while not gate.is_open and gate.phase == "starting" and self._gates().get(gate.key) is gate:
            pods = gate.route.pods
            for pod in pods:
                if await self._generators.is_ready(pod):
                    gate.open_early(pods)
                    self._news.set()
                    break
            await asyncio.sleep(PROBE_EVERY_S)

    async def _expire(self) -> None:
        try:
            while True:
                given_up, deleted = await self._store.expire()
                for job in given_up:
                    log.error("a job was given up: its generator did not start", job=job.id, generator=str(job.key))
                    self._tally.end(job)
                    if (gate := self._gates().get(job.key)) is not None:
                        gate.ended(job)
                for job in deleted:
                    self._tally.remove(job)
                if not given_up and not deleted:
                    return
        except OctavoError as error:
            log.warning("the clean-up waits for the disk", reason=error.message)

    async def _news_or(self, timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                await self._news.wait()
        except TimeoutError:
            return
        self._news.clear()
