"""The audit log in SQL: see `domain.ports.Audit`, whose contract this is."""

from __future__ import annotations

import sqlalchemy as sa

from octavo_auth.adapters.store.rows import write_audit
from octavo_auth.adapters.store.schema import audit
from octavo_auth.domain.model import AuditEntry, AuditPage
from octavo_jobs.store import Transactions


class SqlAudit:
    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def add(self, entry: AuditEntry) -> None:
        await self._transactions.write(lambda connection: write_audit(connection, entry), rows=1, durable=False)

    async def page(self, request: AuditPage) -> list[AuditEntry]:
        statement = sa.select(audit).order_by(audit.c.id.desc()).limit(request.limit)
        if request.before is not None:
            statement = statement.where(audit.c.id < request.before)
        if request.user is not None:
            statement = statement.where(sa.or_(audit.c.subject == request.user, audit.c.actor == request.user))
        if request.action is not None:
            statement = statement.where(audit.c.action == request.action)
        if request.outcome is not None:
            statement = statement.where(audit.c.outcome == request.outcome)
        return await self._transactions.read(
            lambda connection: [
                AuditEntry(**{column.name: getattr(row, column.name) for column in audit.c}) for row in connection.execute(statement)
            ]
        )
