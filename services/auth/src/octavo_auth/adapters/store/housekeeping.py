"""Caught messages, and the deletion of what has expired."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from octavo_auth.adapters.store import revoking
from octavo_auth.adapters.store.schema import audit, codes, outbox, refresh_tokens, sessions
from octavo_auth.domain.model import Caught
from octavo_jobs.store import Transactions

KEPT = 200
OUTBOX_MS = 86_400_000
GRACE_MS = 3_600_000
"""How long a session that ended still stands, so that a refresh token of it is told from one that never was."""


class SqlOutbox:
    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def add(self, caught: Caught) -> None:
        def work(connection: Connection) -> None:
            connection.execute(
                sa.insert(outbox).values(
                    id=caught.id,
                    channel=caught.channel,
                    recipient=caught.to,
                    subject=caught.subject,
                    sealed_text=caught.sealed_text,
                    at=caught.at,
                )
            )
            oldest = connection.execute(sa.select(outbox.c.id).order_by(outbox.c.id.desc()).offset(KEPT).limit(1)).scalar()
            if oldest is not None:
                connection.execute(sa.delete(outbox).where(outbox.c.id <= oldest))

        await self._transactions.write(work)

    async def newest(self, limit: int) -> Sequence[Caught]:
        statement = sa.select(outbox).order_by(outbox.c.id.desc()).limit(limit)
        return await self._transactions.read(
            lambda connection: [
                Caught(row.id, row.channel, row.recipient, row.subject, row.sealed_text, row.at) for row in connection.execute(statement)
            ]
        )


class SqlHousekeeping:
    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def purge(self, now: int, *, audit_before: int) -> int:
        def work(connection: Connection) -> int:
            ended = sa.or_(sessions.c.expires_at < now - GRACE_MS, sessions.c.revoked_at < now - GRACE_MS)
            of_ended = sa.select(sessions.c.id).where(ended)
            statements = (
                sa.delete(codes).where(codes.c.expires_at < now),
                sa.delete(refresh_tokens).where(refresh_tokens.c.expires_at < now - GRACE_MS),
                sa.delete(refresh_tokens).where(refresh_tokens.c.session_id.in_(of_ended)),
                sa.delete(sessions).where(ended),
                sa.delete(audit).where(audit.c.at < audit_before),
                sa.delete(outbox).where(outbox.c.at < now - OUTBOX_MS),
                revoking.purge(now),
            )
            return sum(connection.execute(statement).rowcount for statement in statements)

        return await self._transactions.write(work)
