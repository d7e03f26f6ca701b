"""Codes that were sent, in SQL: see `domain.ports.Codes`, whose contract this is."""

from __future__ import annotations

import hmac
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy import Connection

from octavo_auth.adapters.store.rows import code_of, with_user_id, write_audit
from octavo_auth.adapters.store.schema import codes
from octavo_auth.domain.model import AuditEntry, Code, Purpose
from octavo_jobs.store import Transactions

_NOTHING = "0" * 64


class SqlCodes:
    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def add(self, code: Code, entry: AuditEntry | None = None) -> None:
        def work(connection: Connection) -> None:
            connection.execute(sa.insert(codes).values(with_user_id(code)))
            write_audit(connection, entry)

        await self._transactions.write(work)

    async def get(self, code: str) -> Code | None:
        statement = sa.select(codes).where(codes.c.id == code)
        row = await self._transactions.read(lambda connection: connection.execute(statement).first())
        return None if row is None else code_of(row)

    async def set_sent(self, code: str, *, digest: str | None, user: str | None, now: int) -> None:
        statement = sa.update(codes).where(codes.c.id == code).values(digest=digest, user_id=user, sent_at=now)
        await self._transactions.write(lambda connection: connection.execute(statement).rowcount)

    async def claim_resend(self, code: str, purpose: Purpose, *, now: int, cool_down_ms: int, expires_at: int) -> Code | int | None:
        def work(connection: Connection) -> Code | int | None:
            found = _locked(connection, code, purpose)
            if found is None or found.expires_at <= now:
                return None
            if (wait := found.sent_at + cool_down_ms - now) > 0:
                return wait
            # The tries are those of the request: a new code gives none back, or guessing would have no end.
            connection.execute(sa.update(codes).where(codes.c.id == code).values(sent_at=now, expires_at=expires_at))
            return replace(found, sent_at=now, expires_at=expires_at)

        return await self._transactions.write(work)

    async def redeem(self, code: str, purpose: Purpose, digest: str, *, user: str | None, now: int) -> Code | None:
        def work(connection: Connection) -> Code | None:
            found = _locked(connection, code, purpose)
            if found is None or found.expires_at <= now or found.tries_left <= 0 or (user is not None and found.user != user):
                return None
            # Compared in any case, so that a code that was never sent takes as long.
            if not hmac.compare_digest(found.digest or _NOTHING, digest) or found.digest is None:
                connection.execute(sa.update(codes).where(codes.c.id == code).values(tries_left=found.tries_left - 1))
                return None
            connection.execute(sa.delete(codes).where(codes.c.id == code))
            return found

        return await self._transactions.write(work)


def _locked(connection: Connection, code: str, purpose: Purpose) -> Code | None:
    row = connection.execute(sa.select(codes).where(codes.c.id == code, codes.c.purpose == purpose).with_for_update()).first()
    return None if row is None else code_of(row)
