"""The port of the job store.

Contract, the same for every adapter (one suite runs against SQLite, PostgreSQL and MariaDB):

- Each call is one transaction: all of it is durable when the call returns, or none of it is. It may be repeated after an
  error; repeating never ends a job twice, because every change is fenced by state and attempt.
- Calls take batches and answer in the order given. A batch holds at most 1,000 items; an empty one costs nothing.
- Any number of processes may call at once. Two claims of one job: one gets it, the other does not see it. Rows are locked
  in the order of their ids, so that batches cannot deadlock each other; a conflict that the server reports is repeated inside.
- What a call changed it returns as the new `Job`, for the events; a refused item is None and no error.
- Errors: `Unavailable` when the database cannot be reached or does not answer in time. Nobody retries in here otherwise.
- Times come from the clock that the store was opened with. Clocks of two machines may differ by less than a lease: a fast
  one takes a lease early, which costs a second run of the work and never a second result.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from octavo_jobs.lifecycle import Job, State
from octavo_jobs.model import Accepted, Backlog, Finish, KeyReused, NewJob, PageRequest, Recent, Renewal


class JobStore(Protocol):
    async def migrate(self) -> None:
        """Bring the schema up to date; safe to call from several processes at once."""
        ...

    async def ping(self) -> None:
        """Raise `Unavailable` when the database does not answer."""
        ...

    async def close(self) -> None: ...

    async def accept_many(self, jobs: Sequence[NewJob]) -> list[Accepted | KeyReused]:
        """Write new jobs as `queued`. A known idempotency key (per queue and owner), or a known id of a job that keeps its id, gives the
        earlier job instead."""
        ...

    async def claim_many(self, ids: Sequence[str], *, worker: str) -> list[Job]:
        """Take what is claimable of these; the rest is left out. Order of the ids is not kept."""
        ...

    async def renew_many(self, renewals: Sequence[Renewal]) -> list[Job | None]:
        """Extend leases. None: the attempt no longer owns the job. `cancel_requested` tells the worker to stop."""
        ...

    async def finish_many(self, finishes: Sequence[Finish]) -> list[Job | None]: ...

    async def cancel(self, job_id: str) -> Job | None:
        """The job after the cancel; unchanged when it had ended; None when there is no such job."""
        ...

    async def replay_many(self, ids: Sequence[str]) -> list[Job | None]: ...

    async def get_many(self, ids: Sequence[str]) -> list[Job | None]: ...

    async def page(self, request: PageRequest) -> list[Job]: ...

    async def backlogs(self, queues: Sequence[str]) -> list[Backlog]:
        """One query for all of them."""
        ...

    async def line(self, queue: str, limit: int) -> list[str]:
        """Ids of those that are queued and due, in the order in which they were accepted. Workers take them about so: a retry that is
        due again stands where it stood at first."""
        ...

    async def recent(self, queues: Sequence[str], since_ms: int) -> list[Recent]:
        """Of the jobs whose ids are of that time or later. One query for all of them, along the ids: what is older costs nothing."""
        ...

    async def mark_published(self, versions: Sequence[tuple[str, int]]) -> None:
        """(id, version) pairs whose events are out."""
        ...

    async def lose_overdue(self, limit: int) -> list[Job]:
        """Take back leases that ran out; the jobs as they are after it (queued, failed or cancelled)."""
        ...

    async def ring_overdue(self, limit: int) -> list[Job]:
        """Queued jobs whose appointment with the bell has come; their next appointment is set."""
        ...

    async def ring_soon(self, queues: Sequence[str] | None) -> int:
        """Make every queued, due job of these queues (None: of all) ring at the reaper's next pass; how many."""
        ...

    async def unpublished(self, limit: int) -> list[Job]:
        """Jobs whose last transition was never marked as published; their next appointment is set."""
        ...

    async def delete_expired(self, limit: int) -> int: ...

    async def forget(self, owner: str, queues: Sequence[str] | None, limit: int) -> int:
        """Delete jobs of this owner in these queues (None: in all), in whatever state; how many. What still runs of them ends in
        nothing: its attempt no longer owns a job."""
        ...

    async def next_appointment(self) -> int | None:
        """When the reaper is needed next (lease, bell or publication); None when nothing waits."""
        ...

    async def count_by_state(self, queue: str) -> dict[State, int]: ...

    async def count_open(self, queue: str, owner: str) -> int:
        """How many jobs of this owner are queued or running. Jobs that are accepted at the same moment do not see each other."""
        ...
