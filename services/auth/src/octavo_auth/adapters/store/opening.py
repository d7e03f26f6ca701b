"""All stores of auth on one database."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from octavo_auth.adapters.store.audit import SqlAudit
from octavo_auth.adapters.store.codes import SqlCodes
from octavo_auth.adapters.store.housekeeping import SqlHousekeeping, SqlOutbox
from octavo_auth.adapters.store.key_rows import SqlKeys
from octavo_auth.adapters.store.migrations import AUTH
from octavo_auth.adapters.store.sessions import SqlSessions
from octavo_auth.adapters.store.users import SqlUsers
from octavo_jobs.store import MIGRATE_S, Transactions, open_transactions


@dataclass(frozen=True, slots=True)
class AuthStore:
    transactions: Transactions
    users: SqlUsers
    sessions: SqlSessions
    codes: SqlCodes
    audit: SqlAudit
    keys: SqlKeys
    outbox: SqlOutbox
    housekeeping: SqlHousekeeping

    async def migrate(self) -> None:
        """Bring the schema up to date; safe to call from several processes at once."""
        await self.transactions.write(AUTH.migrate, within_s=MIGRATE_S)

    async def ping(self) -> None:
        """Raises `Unavailable`."""
        await self.transactions.read(lambda connection: connection.execute(sa.text("SELECT 1")).scalar())

    async def close(self) -> None:
        await self.transactions.close()


def open_auth_store(url: str) -> AuthStore:
    """For the URLs that the store of jobs takes. Nothing is connected before the first call. Raises `Misconfigured`."""
    transactions = open_transactions(url)
    return AuthStore(
        transactions=transactions,
        users=SqlUsers(transactions),
        sessions=SqlSessions(transactions),
        codes=SqlCodes(transactions),
        audit=SqlAudit(transactions),
        keys=SqlKeys(transactions),
        outbox=SqlOutbox(transactions),
        housekeeping=SqlHousekeeping(transactions),
    )
