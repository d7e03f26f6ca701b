"""Held jobs on disk: SQLite in one file, written by this one process.

Contract: a call is one transaction, durable when it returns where somebody is told (accept, cancel, offer); what would be done again
after a crash (postpone, forget) may be undone by a power cut, never by a kill. Raises `Unavailable` when the
disk does not take it. The transactions are those of the job store, writer thread and all.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection

from octavo_activator import schema, statements
from octavo_activator.held import HeldJob
from octavo_activator.routes import Key
from octavo_activator.settings import ActivatorSettings
from octavo_activator.statements import Accepted, Count, KeyReused
from octavo_core.clock import Clock
from octavo_jobs.store.transactions import SqliteTransactions

_BATCH = 500


class HeldJobStore:
    def __init__(self, settings: ActivatorSettings, clock: Clock) -> None:
        self._transactions = SqliteTransactions(settings.database_file)
        self._clock = clock
        self._keep_ms = round(settings.keep_days * 86_400_000)
        self._keep_days = settings.keep_days

    async def prepare(self) -> None:
        await self._transactions.write(schema.prepare)

    async def ping(self) -> None:
        await self._transactions.read(lambda connection: connection.exec_driver_sql("SELECT 1").scalar())

    async def close(self) -> None:
        await self._transactions.close()

    async def accept(self, requests: Sequence[Sequence[HeldJob]]) -> list[list[Accepted] | KeyReused]:
        return await self._transactions.write(partial(statements.accept, requests=requests))

    async def get(self, job_id: str) -> HeldJob | None:
        return await self._transactions.read(partial(statements.get, job_id=job_id))

    async def look(self, job_id: str) -> HeldJob | None:
        """Without its body."""
        return await self._transactions.read(partial(statements.look, job_id=job_id))

    async def knows_key(self, key: Key, user: str, idempotency_keys: Sequence[str]) -> bool:
        return await self._transactions.read(partial(statements.knows_key, key=key, user=user, idempotency_keys=idempotency_keys))

    async def cancel(self, job_id: str) -> tuple[HeldJob | None, bool]:
        """The job after it, and whether this call cancelled it."""
        return await self._transactions.write(partial(statements.cancel, job_id=job_id, now=self._clock.now_ms()))

    async def offer(self, key: Key, *, limit: int) -> list[HeldJob]:
        """The next jobs to hand over, no more than may be in memory together, marked as offered before anything is sent: from now on the
        generator may have them."""
        offer = partial(statements.offer, key=key, now=self._clock.now_ms(), limit=limit)
        return await self._transactions.write(offer)

    async def forget(self, taken: Sequence[HeldJob]) -> list[bool]:
        """The generator has them. False for one that its caller has cancelled meanwhile: it goes once more."""
        if not taken:
            return []
        return await self._transactions.write(partial(statements.forget, taken=taken), durable=False)

    async def save(self, changed: Sequence[tuple[HeldJob, HeldJob]], *, durable: bool) -> list[bool]:
        """(before, after); False for one that changed meanwhile."""
        if not changed:
            return []
        return await self._transactions.write(partial(statements.save, changed=changed), durable=durable)

    async def next_due(self, key: Key) -> int | None:
        return await self._transactions.read(partial(statements.next_due, key=key))

    async def counts(self) -> list[Count]:
        return await self._transactions.read(statements.counts)

    async def expire(self) -> tuple[list[HeldJob], list[HeldJob]]:
        """(given up now, deleted now), a batch at most."""
        now = self._clock.now_ms()

        def work(connection: Connection) -> tuple[list[HeldJob], list[HeldJob]]:
            given_up = statements.give_up(connection, before=now - self._keep_ms, days=self._keep_days, now=now, limit=_BATCH)
            # What ended is kept as long again, for a generator that comes late.
            return given_up, statements.delete_ended(connection, before=now - self._keep_ms, limit=_BATCH)

        return await self._transactions.write(work, durable=False)
