"""Our keys in SQL: see `domain.ports.Keys`, whose contract this is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from octavo_auth.adapters.store import revoking
from octavo_auth.adapters.store.schema import keys
from octavo_auth.domain.model import StoredKey
from octavo_jobs.store import Transactions


class SqlKeys:
    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def all(self) -> list[StoredKey]:
        statement = sa.select(keys).order_by(keys.c.purpose, keys.c.version)
        return await self._transactions.read(lambda connection: [_key_of(row) for row in connection.execute(statement)])

    async def revoked(self) -> frozenset[str]:
        return await self._transactions.read(revoking.digests)

    async def add(
        self, purpose: str, make: Callable[[int], StoredKey], *, unless_newer_than: int | None, retire_older_at: int | None
    ) -> StoredKey:
        def work(connection: Connection) -> StoredKey:
            # The version is unique: of two processes that make the same one, the second is repeated and finds the first one's.
            newest = connection.execute(
                sa.select(keys).where(keys.c.purpose == purpose).order_by(keys.c.version.desc()).limit(1).with_for_update()
            ).first()
            if newest is not None and unless_newer_than is not None and newest.created_at > unless_newer_than:
                return _key_of(newest)
            if retire_older_at is not None:
                standing = sa.or_(keys.c.retired_at.is_(None), keys.c.retired_at > retire_older_at)
                connection.execute(sa.update(keys).where(keys.c.purpose == purpose, standing).values(retired_at=retire_older_at))
            made = make(1 if newest is None else newest.version + 1)
            connection.execute(sa.insert(keys).values(asdict(made)))
            return made

        return await self._transactions.write(work)


def _key_of(row: sa.Row[Any]) -> StoredKey:
    return StoredKey(**{column.name: getattr(row, column.name) for column in keys.c})
