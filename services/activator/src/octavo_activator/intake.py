"""Where jobs come in while their generator sleeps: measured against the bounds, written durably, and only then answered.

Calls that come at the same moment share a transaction, and with it the disk's one wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from octavo_activator import metrics
from octavo_activator.gate import Gate
from octavo_activator.held import HeldJob
from octavo_activator.settings import ActivatorSettings
from octavo_activator.statements import Accepted, KeyReused
from octavo_activator.store import HeldJobStore
from octavo_activator.tally import Tally
from octavo_core.errors import Conflict, Throttled
from octavo_jobs.group_commit import GroupCommit

_RETRY_AFTER_S = 5


class Intake:
    def __init__(self, settings: ActivatorSettings, store: HeldJobStore, tally: Tally, news: asyncio.Event) -> None:
        """`news` is set when there is something to hand over."""
        self._settings = settings
        self._store = store
        self._tally = tally
        self._news = news
        self._accepts: GroupCommit[Sequence[HeldJob], list[Accepted] | KeyReused] = GroupCommit(store.accept)
        self._accepting: set[asyncio.Task[list[Accepted]]] = set()

    async def accept(self, gate: Gate, jobs: Sequence[HeldJob]) -> list[Accepted]:
        """All of them or none. Raises `Throttled` beyond a bound, `Conflict` for an idempotency key with another body,
        `Unavailable` when the disk does not take it."""
        self._check_room(gate, jobs)
        self._tally.add(jobs)
        # To its end also when the caller is gone meanwhile: what is written must be counted.
        accepting = asyncio.create_task(self._accept(jobs))
        self._accepting.add(accepting)
        accepting.add_done_callback(self._settled)
        return await asyncio.shield(accepting)

    async def cancel(self, gate: Gate, job_id: str) -> HeldJob | None:
        """The job after it; None when it is not here any more. Raises `Conflict` when it had ended."""
        job, cancelled = await self._store.cancel(job_id)
        if job is None:
            return None
        if not cancelled:
            raise Conflict(f"the job has ended ({job.state.value})")
        self._tally.end(job)
        if job.has_ended_here:
            gate.ended(job)
        self._news.set()
        return job

    async def close(self) -> None:
        if self._accepting:
            await asyncio.wait(self._accepting, timeout=10)

    async def _accept(self, jobs: Sequence[HeldJob]) -> list[Accepted]:
        kept: set[str] = set()
        try:
            answer = await self._accepts.submit(jobs)
            if isinstance(answer, KeyReused):
                raise Conflict("this Idempotency-Key was used with another body")
            kept = {accepted.job.id for accepted in answer if accepted.created}
        finally:
            for job in jobs:
                if job.id not in kept:
                    self._tally.remove(job)
        metrics.ACCEPTED.inc(len(kept))
        self._tally.due_now(jobs[0].key)
        self._news.set()
        return answer

    def _settled(self, accepting: asyncio.Task[list[Accepted]]) -> None:
        self._accepting.discard(accepting)
        if not accepting.cancelled():
            # Seen, also where nobody waits for it any more.
            accepting.exception()

    def _check_room(self, gate: Gate, jobs: Sequence[HeldJob]) -> None:
        settings, tally = self._settings, self._tally
        most = min(gate.route.max_queued, settings.max_held_per_generator)
        if tally.of(gate.key).rows + len(jobs) > most:
            metrics.REFUSED.labels("generator_full").inc()
            raise Throttled(f"{most} jobs are waiting already; try again later", retry_after=_RETRY_AFTER_S)
        size = sum(len(job.body) for job in jobs)
        if tally.rows + len(jobs) > settings.max_held_jobs or tally.bytes + size > settings.max_held_bytes:
            metrics.REFUSED.labels("full").inc()
            raise Throttled("too many jobs of other generators are waiting already; try again later", retry_after=_RETRY_AFTER_S)
