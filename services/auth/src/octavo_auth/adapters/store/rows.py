"""Rows to nouns and back, and the one way an audit entry is written."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from octavo_auth.adapters.store.schema import audit, codes, sessions, users
from octavo_auth.domain.model import AuditEntry, Code, Session, User
from octavo_core.ids import generate_uuid

Row = sa.Row[Any]

_MAX_ADDRESS_CHARS = 45
_MAX_DETAIL_CHARS = 200


def user_of(row: Row) -> User:
    return User(**{column.name: getattr(row, column.name) for column in users.c})


def session_of(row: Row) -> Session:
    found = {column.name: getattr(row, column.name) for column in sessions.c if column.name != "user_id"}
    return Session(user=row.user_id, **found)


def code_of(row: Row) -> Code:
    found = {column.name: getattr(row, column.name) for column in codes.c if column.name != "user_id"}
    return Code(user=row.user_id, **found)


def with_user_id(noun: Session | Code) -> dict[str, Any]:
    values = asdict(noun)
    values["user_id"] = values.pop("user")
    return values


def write_audit(connection: Connection, entry: AuditEntry | None) -> None:
    if entry is None:
        return
    connection.execute(
        sa.insert(audit).values(
            id=generate_uuid(),
            at=entry.at,
            actor=entry.actor,
            subject=entry.subject,
            action=entry.action,
            outcome=entry.outcome,
            address=entry.address[:_MAX_ADDRESS_CHARS],
            correlation_id=entry.correlation_id,
            detail=entry.detail[:_MAX_DETAIL_CHARS],
        )
    )
