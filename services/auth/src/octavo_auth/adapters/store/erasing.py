"""The end of an account: at once nobody can log in with it; when all services have forgotten the person, so does auth.

What stays is the row in `auth_erasures`, with two times and no person, the audit entries without whom they were about, and for two
hours a digest that the last tokens are refused by.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from octavo_auth.adapters.store.administering import locked_user, refuse_the_last_admin
from octavo_auth.adapters.store.revoking import revoke
from octavo_auth.adapters.store.rows import write_audit
from octavo_auth.adapters.store.schema import audit, codes, erasures, identities, outbox, pictures, refresh_tokens, sessions, users
from octavo_auth.adapters.store.sessions import end_sessions
from octavo_auth.domain.model import AuditEntry, Erasure
from octavo_core.errors import NotFound

_GONE = "deleted account"


def begin_erasure(connection: Connection, erasure: Erasure, entry: AuditEntry) -> Erasure:
    user = erasure.user
    assert user is not None
    refuse_the_last_admin(connection, user)
    before = locked_user(connection, user)
    earlier = connection.execute(sa.select(erasures).where(erasures.c.user_id == user)).first()
    if earlier is not None:
        return _erasure_of(earlier)
    addresses = [address for address in (before.email, before.phone) if address is not None]
    connection.execute(
        sa.update(users)
        .where(users.c.id == user)
        .values(
            status="deleting", role="user", email=None, phone=None, name=_GONE, name_key=None, password_hash=None, picture=None,
            updated_at=entry.at,
        )
    )  # fmt: skip
    end_sessions(connection, user, entry.at)
    revoke(connection, user, entry.at)
    connection.execute(sa.delete(pictures).where(pictures.c.user_id == user))
    connection.execute(sa.delete(identities).where(identities.c.user_id == user))
    if addresses:
        # While they are known: what was sent there, and what was asked for in their name.
        connection.execute(sa.delete(codes).where(codes.c.address.in_(addresses)))
        connection.execute(sa.delete(outbox).where(outbox.c.recipient.in_(addresses)))
    connection.execute(sa.delete(codes).where(codes.c.user_id == user))
    connection.execute(sa.insert(erasures).values(id=erasure.id, user_id=user, requested_at=erasure.requested_at))
    write_audit(connection, entry)
    return erasure


def pending_erasures(connection: Connection, limit: int) -> list[Erasure]:
    statement = sa.select(erasures).where(erasures.c.done_at.is_(None)).order_by(erasures.c.id).limit(limit)
    return [_erasure_of(row) for row in connection.execute(statement)]


def get_erasure(connection: Connection, erasure: str) -> Erasure | None:
    row = connection.execute(sa.select(erasures).where(erasures.c.id == erasure)).first()
    return None if row is None else _erasure_of(row)


def finish_erasure(connection: Connection, erasure: str, now: int) -> None:
    row = connection.execute(sa.select(erasures).where(erasures.c.id == erasure).with_for_update()).first()
    if row is None:
        raise NotFound("there is no such erasure")
    user = row.user_id
    if user is None:
        return
    of_user = sa.select(sessions.c.id).where(sessions.c.user_id == user)
    connection.execute(sa.delete(refresh_tokens).where(refresh_tokens.c.session_id.in_(of_user)))
    connection.execute(sa.delete(sessions).where(sessions.c.user_id == user))
    connection.execute(sa.delete(codes).where(codes.c.user_id == user))
    connection.execute(sa.delete(users).where(users.c.id == user))
    connection.execute(sa.update(audit).where(audit.c.subject == user).values(subject=None, address="", detail=_GONE))
    connection.execute(sa.update(audit).where(audit.c.actor == user).values(actor=None, address="", detail=_GONE))
    connection.execute(sa.update(erasures).where(erasures.c.id == erasure).values(user_id=None, done_at=now))


def _erasure_of(row: sa.Row[Any]) -> Erasure:
    return Erasure(row.id, row.user_id, row.requested_at, row.done_at)
