"""What goes into and comes out of the job store; the job itself and its states are in `lifecycle`."""

from __future__ import annotations

from dataclasses import dataclass, field

from octavo_jobs.lifecycle import Failure, Job, Policy, State


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to accept. `body_hash` tells two requests under one idempotency key apart (hex SHA-256 of the request as sent)."""

    id: str
    queue: str
    owner: str
    request: str
    correlation_id: str
    policy: Policy = field(default_factory=Policy)
    idempotency_key: str | None = None
    body_hash: str | None = None
    keeps_id: bool = False
    """The id was given out before, by whoever accepted the job in our stead: the same id again is the same job."""
    created_at: int | None = None
    """When it was accepted, in milliseconds since the epoch, where that was not just now."""
    ended: State | None = None
    """It ended before it came here: it is written down with this end, `result` and `error`, and never run."""
    result: str | None = None
    error: str | None = None
    webhook: str | None = None
    """See `Job.webhook`."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """`created` is false when the idempotency key, or an id that is kept, was known: then `job` is the earlier one."""

    job: Job
    created: bool


@dataclass(frozen=True, slots=True)
class KeyReused:
    """The idempotency key, or an id that is kept, belongs to a job with another body."""

    job_id: str


@dataclass(frozen=True, slots=True)
class Succeeded:
    result: str


@dataclass(frozen=True, slots=True)
class HandedBack:
    """A draining worker could not finish it."""


@dataclass(frozen=True, slots=True)
class CancelConfirmed:
    """The worker stopped work that was marked as cancelled."""


Outcome = Succeeded | Failure | HandedBack | CancelConfirmed


@dataclass(frozen=True, slots=True)
class Finish:
    """How attempt `attempt` of job `id` ended."""

    id: str
    attempt: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Renewal:
    id: str
    attempt: int
    progress: str | None = None


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much work a queue has. `due` counts queued jobs that may run now, `delayed` those that wait for their retry."""

    queue: str
    due: int = 0
    delayed: int = 0
    running: int = 0
    oldest_due_ms: int | None = None
    """Since when the oldest due job could have run; None without one."""

    @property
    def open(self) -> int:
        return self.due + self.delayed + self.running


@dataclass(frozen=True, slots=True)
class Recent:
    """Of the jobs that a queue accepted lately: how many, and how many of them have ended how."""

    queue: str
    accepted: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Newest first. `before` is the id that ended the page before (ids sort by time); `after` is below all that are wanted."""

    limit: int
    before: str | None = None
    after: str | None = None
    queue: str | None = None
    owner: str | None = None
    states: tuple[State, ...] = ()
