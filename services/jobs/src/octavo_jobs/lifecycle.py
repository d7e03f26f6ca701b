"""What may become of a job, as pure functions: a job and a cause in, the changed job or a refusal out.

    queued ──claim──▶ running ──succeed──▶ succeeded
      ▲  ▲              │ │ │ ───cancel───▶ cancelled
      │  └─retry, hand──┘ │ └─fail, lose──▶ failed (the dead letter) ──replay──▶ queued
      │     back, lose    │
      └───────────────────┘                queued ──cancel──▶ cancelled

Two counters that are easily confused:

- `attempt` is the fencing token. Every claim raises it, and whoever holds an older number can change nothing any more.
- `failures` counts the attempts that failed or whose worker vanished. It reaches `policy.max_attempts`, never more; a
  hand-back by a draining worker does not raise it, because nothing went wrong with the job.

`version` grows with each transition and orders the events of a job; consumers drop what is not newer than what they have.
`ring_due`, `publish_due`, `lease_until` and `expires_at` are appointments for the reaper: when to ring the bell again,
publish again, take the lease back, delete. A job without an appointment needs nobody.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

RING_GRACE_MS = 5_000
"""How long an accepted job may wait unclaimed before its message counts as lost."""
RING_AGAIN_MAX_MS = 60_000
PUBLISH_GRACE_MS = 2_000
"""How long a published transition may stay unmarked before the reaper publishes it again."""


class State(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        return self in ENDED


ENDED = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED})


@dataclass(frozen=True, slots=True)
class Policy:
    """How a job is treated; written into the row when it is accepted, so that editing a generator changes new jobs only."""

    max_attempts: int = 3
    timeout_ms: int = 300_000
    """Bound on one attempt."""
    lease_ms: int = 10_000
    retry_base_ms: int = 1_000
    retry_max_ms: int = 60_000
    retention_ms: int = 7 * 86_400_000


@dataclass(frozen=True, slots=True)
class Job:
    """One row. Times are milliseconds since the epoch; `request`, `result`, `error` and `progress` are JSON texts."""

    id: str
    queue: str
    owner: str
    state: State
    request: str
    policy: Policy
    correlation_id: str
    created_at: int
    updated_at: int
    available_at: int
    attempt: int = 0
    failures: int = 0
    version: int = 1
    published_version: int = 0
    cancel_requested: bool = False
    worker: str | None = None
    lease_until: int | None = None
    ring_due: int | None = None
    publish_due: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    expires_at: int | None = None
    result: str | None = None
    error: str | None = None
    progress: str | None = None
    idempotency_key: str | None = None
    body_hash: str | None = None
    webhook: str | None = None
    """Where its end is told, besides its owner's own webhooks; checked by whoever accepted it."""


class Refusal(StrEnum):
    """Why a transition did not happen."""

    NOT_CLAIMABLE = "not claimable"
    FENCED = "another attempt owns the job, or it has ended"
    ENDED = "the job has ended"
    NOT_DEAD = "only a failed or cancelled job can be replayed"
    LEASE_HOLDS = "the lease has not run out"


@dataclass(frozen=True, slots=True)
class Failure:
    """How an attempt ended badly. `error` is JSON for the caller; `retry_after_ms` is what the upstream asked for."""

    error: str
    retryable: bool
    retry_after_ms: int | None = None


def claim(job: Job, *, worker: str, now: int) -> Job | Refusal:
    if job.state is not State.QUEUED or job.available_at > now or job.cancel_requested:
        return Refusal.NOT_CLAIMABLE
    return _moved(
        job,
        now,
        state=State.RUNNING,
        attempt=job.attempt + 1,
        worker=worker,
        lease_until=now + job.policy.lease_ms,
        ring_due=None,
        started_at=now if job.started_at is None else job.started_at,
        progress=None,
    )


def renew(job: Job, *, attempt: int, now: int, progress: str | None = None) -> Job | Refusal:
    """Not a transition: the version stays, so nothing is published for it."""
    if not _owns(job, attempt):
        return Refusal.FENCED
    return replace(job, lease_until=now + job.policy.lease_ms, updated_at=now, progress=job.progress if progress is None else progress)


def succeed(job: Job, *, attempt: int, result: str, now: int) -> Job | Refusal:
    """A cancel that was accepted before the work was done wins: a caller who was told "cancelling" never gets a result after all."""
    if not _owns(job, attempt):
        return Refusal.FENCED
    if job.cancel_requested:
        return _ended(job, now, State.CANCELLED)
    return _ended(job, now, State.SUCCEEDED, result=result, error=None)


def fail(job: Job, *, attempt: int, failure: Failure, now: int, chance: random.Random) -> Job | Refusal:
    if not _owns(job, attempt):
        return Refusal.FENCED
    return _failed(job, failure, now, chance)


def lose(job: Job, *, now: int, chance: random.Random) -> Job | Refusal:
    """The lease ran out: its worker is dead, or so stuck that it counts as dead."""
    if job.state is not State.RUNNING or job.lease_until is None:
        return Refusal.FENCED
    if job.lease_until > now:
        return Refusal.LEASE_HOLDS
    return _failed(job, Failure(error=WORKER_LOST, retryable=True, retry_after_ms=0), now, chance)


def hand_back(job: Job, *, attempt: int, now: int) -> Job | Refusal:
    """A draining worker gives back what it could not finish; the job may run again at once and has lost no attempt."""
    if not _owns(job, attempt):
        return Refusal.FENCED
    if job.cancel_requested:
        return _ended(job, now, State.CANCELLED)
    return _queued(job, now, available_at=now)


def cancel(job: Job, *, now: int) -> Job | Refusal:
    """A queued job ends here and now. A running one is marked, and its worker, or the reaper in the worker's stead, ends it."""
    if job.state.ended:
        return Refusal.ENDED
    if job.state is State.QUEUED:
        return _ended(job, now, State.CANCELLED)
    return replace(job, cancel_requested=True, updated_at=now)


def confirm_cancel(job: Job, *, attempt: int, now: int) -> Job | Refusal:
    """The worker has stopped the work that was marked."""
    if not _owns(job, attempt):
        return Refusal.FENCED
    return _ended(job, now, State.CANCELLED)


def replay(job: Job, *, now: int) -> Job | Refusal:
    """An ended job without a result starts afresh; the attempt number goes on growing, so an old worker stays fenced out."""
    if job.state not in (State.FAILED, State.CANCELLED):
        return Refusal.NOT_DEAD
    return replace(
        _queued(job, now, available_at=now), failures=0, cancel_requested=False, error=None, ended_at=None, expires_at=None, started_at=None
    )


def ended_before(job: Job, *, state: State, result: str | None, error: str | None, now: int) -> Job:
    """A new job whose end is known already: whoever accepted it in our stead could tell, or it repeats an earlier one."""
    return _ended(job, now, state, result=result, error=error)


def ring_again_at(job: Job, now: int) -> int:
    """The next appointment after a ring: as far off as the job is old, between the grace and a minute, so that a long
    backlog is not rung for in circles."""
    return now + min(max(now - job.created_at, RING_GRACE_MS), RING_AGAIN_MAX_MS)


def retry_delay_ms(policy: Policy, failures: int, chance: random.Random) -> int:
    """Exponential back-off with full jitter (M. Brooker, "Exponential Backoff And Jitter", 2015), at least a tenth of its cap
    so that a retry is never immediate."""
    ceiling = min(policy.retry_max_ms, policy.retry_base_ms * 2 ** min(failures - 1, 30))
    return round(chance.uniform(ceiling * 0.1, ceiling))


WORKER_LOST = '{"error":"worker_lost","message":"The worker stopped answering while it ran this job."}'


def _owns(job: Job, attempt: int) -> bool:
    return job.state is State.RUNNING and job.attempt == attempt


def _failed(job: Job, failure: Failure, now: int, chance: random.Random) -> Job:
    if job.cancel_requested:
        return _ended(job, now, State.CANCELLED)
    failures = job.failures + 1
    if not failure.retryable or failures >= job.policy.max_attempts:
        return _ended(job, now, State.FAILED, error=failure.error, failures=failures)
    delay = retry_delay_ms(job.policy, failures, chance) if failure.retry_after_ms is None else failure.retry_after_ms
    return replace(_queued(job, now, available_at=now + delay), failures=failures, error=failure.error)


def _queued(job: Job, now: int, *, available_at: int) -> Job:
    return _moved(
        job, now, state=State.QUEUED, available_at=available_at, ring_due=available_at, lease_until=None, worker=None, progress=None
    )


def _ended(job: Job, now: int, state: State, **changes: Any) -> Job:
    return _moved(job, now, state=state, lease_until=None, ring_due=None, ended_at=now, expires_at=now + job.policy.retention_ms, **changes)


def _moved(job: Job, now: int, **changes: Any) -> Job:
    return replace(job, version=job.version + 1, updated_at=now, publish_due=now + PUBLISH_GRACE_MS, **changes)
