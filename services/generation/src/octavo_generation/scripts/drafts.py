"""What was written of a script so far, in the database: one row a part, written as soon as a writer has answered.

So an attempt that died does not make the next one pay twice: it reads the parts, and asks only for what comes after them. A part that
two attempts write at the same moment stays as the first one wrote it, and both go on with that. Rows outlive their job's end, because
a finish may be refused and the job begun again; they go with the job's retention, or with their owner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from octavo_generation.store import GenerationStore
from octavo_generation.store.schema import script_parts as rows

PRUNED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class KeptPart:
    """`text` as the writer sent it, made clean; `made` is JSON: who wrote it, and what that took."""

    number: int
    scene: int
    asked: int
    was_cut: bool
    text: str
    made: str


class Drafts:
    """Any number of calls at once, of any number of processes. Each raises `Unavailable` without a database."""

    def __init__(self, store: GenerationStore) -> None:
        self._store = store

    async def read(self, job: str) -> list[KeptPart]:
        """In their order, without a gap."""

        def work(connection: Connection) -> list[KeptPart]:
            found = connection.execute(
                sa.select(rows.c.number, rows.c.scene, rows.c.asked, rows.c.was_cut, rows.c.text, rows.c.made)
                .where(rows.c.job == job)
                .order_by(rows.c.number)
            )
            return [KeptPart(number, scene, asked, bool(was_cut), text, made) for number, scene, asked, was_cut, text, made in found]

        parts = await self._store.transactions.read(work)
        return [part for at, part in enumerate(parts) if part.number == at]

    async def keep(self, job: str, owner: str, part: KeptPart, *, expires_at: int) -> KeptPart:
        """What stands there now: this part, or the one that another attempt was first with. Idempotent."""

        def work(connection: Connection) -> KeptPart:
            key = sa.and_(rows.c.job == job, rows.c.number == part.number)
            found = connection.execute(sa.select(rows.c.scene, rows.c.asked, rows.c.was_cut, rows.c.text, rows.c.made).where(key)).first()
            if found is not None:
                return KeptPart(part.number, found[0], found[1], bool(found[2]), found[3], found[4])
            connection.execute(
                sa.insert(rows).values(
                    job=job,
                    number=part.number,
                    owner=owner,
                    scene=part.scene,
                    asked=part.asked,
                    was_cut=part.was_cut,
                    text=part.text,
                    made=part.made,
                    expires_at=expires_at,
                )
            )
            return part

        return await self._store.transactions.write(work, rows=1)

    async def forget(self, owner: str) -> None:
        """All of a person's, whichever generator they are of. Idempotent."""
        await self._store.transactions.write(lambda connection: connection.execute(sa.delete(rows).where(rows.c.owner == owner)))

    async def prune(self) -> int:
        """Removes those whose time has come; how many those were."""
        now, pruned = self._store.clock.now_ms(), 0
        while True:
            some = await self._store.transactions.write(lambda connection: _prune(connection, now))
            pruned += some
            if some < PRUNED_AT_ONCE:
                return pruned


def _prune(connection: Connection, now: int) -> int:
    jobs: Sequence[str] = connection.scalars(
        sa.select(rows.c.job).where(rows.c.expires_at < now).group_by(rows.c.job).limit(PRUNED_AT_ONCE)
    ).all()
    if jobs:
        connection.execute(sa.delete(rows).where(rows.c.job.in_(jobs), rows.c.expires_at < now))
    return len(jobs)
