"""The store that a process of a generator opens beside the store of jobs, on the same URL."""

from __future__ import annotations

from dataclasses import dataclass

from octavo_core.clock import Clock
from octavo_generation.store.migrations import GENERATION
from octavo_jobs.store import MIGRATE_S, Transactions, open_transactions

POOL_SIZE = 4
"""Connections to a server: fewer than the jobs have, for only calls that cost money and pictures that are kept come here."""


@dataclass(frozen=True, slots=True)
class GenerationStore:
    """What the ledger and the index of pictures write and read with. Errors and repeats are those of `Transactions`."""

    transactions: Transactions
    clock: Clock

    async def migrate(self) -> None:
        """Bring the schema up to date; safe to call from several processes at once."""
        await self.transactions.write(GENERATION.migrate, within_s=MIGRATE_S)

    async def close(self) -> None:
        await self.transactions.close()


def open_generation_store(url: str, clock: Clock) -> GenerationStore:
    """For the URLs that the store of jobs takes. Nothing is connected before the first call. Raises `Misconfigured`."""
    return GenerationStore(open_transactions(url, pool_size=POOL_SIZE), clock)
