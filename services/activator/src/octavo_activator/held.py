"""A job that is held for a generator until the generator has taken it over, and what may become of it meanwhile. Pure.

    held ──the generator has it──▶ forgotten
     │ ──its caller cancels──▶ cancelled ──the generator has it──▶ forgotten
     └──its generator does not start for days──▶ failed ──the generator has it──▶ forgotten

Whatever its state, a job is handed over in the end: from then on the generator is asked for it, and must be able to answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import orjson

from octavo_activator.routes import Key
from octavo_core.identity import Principal


class HeldState(StrEnum):
    HELD = "held"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class HeldJob:
    """One row. Times are milliseconds since the epoch; `error` is JSON."""

    id: str
    key: Key
    principal: Principal
    body: bytes
    """The request as it came; for an item of a batch the whole batch."""
    correlation_id: str
    accepted_at: int
    item: int | None = None
    """Its place in the batch; None for a single request."""
    idempotency_key: str | None = None
    body_hash: str | None = None
    state: HeldState = HeldState.HELD
    offered: bool = False
    """A delivery was begun: the generator may have it, whatever we heard."""
    attempts: int = 0
    due_at: int | None = 0
    """When it may be offered again; None: never, the generator has said no for good."""
    changed_at: int = 0
    error: str | None = None

    @property
    def is_held(self) -> bool:
        return self.state is HeldState.HELD

    @property
    def has_ended_here(self) -> bool:
        """Nobody else can know another end. One that was offered and then cancelled may have been run: the generator tells."""
        return not self.is_held and not (self.state is HeldState.CANCELLED and self.offered)


def cancel(job: HeldJob, *, now: int) -> HeldJob | None:
    """None when it has ended already."""
    return replace(job, state=HeldState.CANCELLED, changed_at=now, due_at=now) if job.is_held else None


def give_up(job: HeldJob, *, days: float, now: int) -> HeldJob:
    error = {"error": "unavailable", "message": f"the generator did not start within {days:g} days"}
    return replace(job, state=HeldState.FAILED, error=orjson.dumps(error).decode(), changed_at=now, due_at=now)


def refuse(job: HeldJob, *, error: str, now: int) -> HeldJob:
    """The generator said no for good and does not know the id: it is answered for here, for as long as it is kept."""
    if not job.is_held:
        return replace(job, due_at=None, changed_at=now)
    return replace(job, state=HeldState.FAILED, error=error, due_at=None, changed_at=now)
