"""The job store over SQL: the port's calls, each a statement function in a transaction."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import partial

import sqlalchemy as sa

from octavo_core.clock import Clock
from octavo_core.ids import first_uuid_of
from octavo_jobs.lifecycle import Job, State
from octavo_jobs.model import Accepted, Backlog, Finish, KeyReused, NewJob, PageRequest, Recent, Renewal
from octavo_jobs.store import statements
from octavo_jobs.store.migrations import migrate
from octavo_jobs.store.transactions import MIGRATE_S, Transactions


class SqlJobStore:
    """See `port.JobStore`, whose contract this is."""

    def __init__(self, transactions: Transactions, clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock
        self._chance = random.Random()

    async def migrate(self) -> None:
        await self._transactions.write(migrate, within_s=MIGRATE_S)

    async def ping(self) -> None:
        await self._transactions.read(lambda connection: connection.execute(sa.text("SELECT 1")).scalar())

    async def close(self) -> None:
        await self._transactions.close()

    async def accept_many(self, jobs: Sequence[NewJob]) -> list[Accepted | KeyReused]:
        if not jobs:
            return []
        return await self._transactions.write(partial(statements.accept, new=jobs, now=self._clock.now_ms()), rows=len(jobs))

    async def claim_many(self, ids: Sequence[str], *, worker: str) -> list[Job]:
        if not ids:
            return []
        return await self._transactions.write(
            partial(statements.claim, ids=ids, worker=worker, now=self._clock.now_ms()), rows=len(ids), durable=False
        )

    async def renew_many(self, renewals: Sequence[Renewal]) -> list[Job | None]:
        if not renewals:
            return []
        return await self._transactions.write(
            partial(statements.renew, renewals=renewals, now=self._clock.now_ms()), rows=len(renewals), durable=False
        )

    async def finish_many(self, finishes: Sequence[Finish]) -> list[Job | None]:
        if not finishes:
            return []
        return await self._transactions.write(
            partial(statements.finish, finishes=finishes, now=self._clock.now_ms(), chance=self._chance), rows=len(finishes)
        )

    async def cancel(self, job_id: str) -> Job | None:
        return await self._transactions.write(partial(statements.cancel, job_id=job_id, now=self._clock.now_ms()), rows=1)

    async def replay_many(self, ids: Sequence[str]) -> list[Job | None]:
        if not ids:
            return []
        return await self._transactions.write(partial(statements.replay, ids=ids, now=self._clock.now_ms()))

    async def get_many(self, ids: Sequence[str]) -> list[Job | None]:
        if not ids:
            return []
        return await self._transactions.read(partial(statements.get, ids=ids), rows=len(ids))

    async def page(self, request: PageRequest) -> list[Job]:
        return await self._transactions.read(partial(statements.page, request=request))

    async def backlogs(self, queues: Sequence[str]) -> list[Backlog]:
        if not queues:
            return []
        return await self._transactions.read(partial(statements.backlogs, queues=queues, now=self._clock.now_ms()))

    async def line(self, queue: str, limit: int) -> list[str]:
        return await self._transactions.read(partial(statements.line, queue=queue, limit=limit, now=self._clock.now_ms()))

    async def recent(self, queues: Sequence[str], since_ms: int) -> list[Recent]:
        if not queues:
            return []
        return await self._transactions.read(partial(statements.recent, queues=queues, first=first_uuid_of(since_ms)))

    async def mark_published(self, versions: Sequence[tuple[str, int]]) -> None:
        if versions:
            await self._transactions.write(partial(statements.mark_published, versions=versions), rows=len(versions), durable=False)

    async def lose_overdue(self, limit: int) -> list[Job]:
        return await self._transactions.write(partial(statements.lose_overdue, limit=limit, now=self._clock.now_ms(), chance=self._chance))

    async def ring_overdue(self, limit: int) -> list[Job]:
        return await self._transactions.write(partial(statements.ring_overdue, limit=limit, now=self._clock.now_ms()), durable=False)

    async def ring_soon(self, queues: Sequence[str] | None) -> int:
        return await self._transactions.write(partial(statements.ring_soon, queues=queues, now=self._clock.now_ms()))

    async def unpublished(self, limit: int) -> list[Job]:
        return await self._transactions.write(partial(statements.unpublished, limit=limit, now=self._clock.now_ms()), durable=False)

    async def delete_expired(self, limit: int) -> int:
        return await self._transactions.write(partial(statements.delete_expired, limit=limit, now=self._clock.now_ms()))

    async def forget(self, owner: str, queues: Sequence[str] | None, limit: int) -> int:
        if queues is not None and not queues:
            return 0
        return await self._transactions.write(partial(statements.forget, owner=owner, queues=queues, limit=limit))

    async def next_appointment(self) -> int | None:
        return await self._transactions.read(statements.next_appointment)

    async def count_by_state(self, queue: str) -> dict[State, int]:
        return await self._transactions.read(partial(statements.count_by_state, queue=queue))

    async def count_open(self, queue: str, owner: str) -> int:
        return await self._transactions.read(partial(statements.count_open, queue=queue, owner=owner))
