"""Sessions and their refresh tokens in SQL: see `domain.ports.Sessions`, whose contract this is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace

import sqlalchemy as sa
from sqlalchemy import Connection

from octavo_auth.adapters.store.rows import session_of, user_of, with_user_id, write_audit
from octavo_auth.adapters.store.schema import refresh_tokens, sessions, users
from octavo_auth.domain.model import AuditEntry, NewToken, Reused, Rotated, Session, User
from octavo_jobs.store import Transactions

MAX_SESSIONS = 100
"""Of one user; who has more logs in anew and loses the oldest."""


class SqlSessions:
    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def open(self, session: Session, token: NewToken, entry: AuditEntry) -> None:
        def work(connection: Connection) -> None:
            _make_room(connection, session)
            connection.execute(sa.insert(sessions).values(with_user_id(session)))
            _add_token(connection, session.id, token)
            connection.execute(sa.update(users).where(users.c.id == session.user).values(last_login_at=session.created_at))
            write_audit(connection, entry)

        await self._transactions.write(work)

    async def rotate(self, digest: str, new: NewToken, now: int, entry: Callable[[User, bool], AuditEntry]) -> Rotated | Reused | None:
        return await self._transactions.write(lambda connection: _rotate(connection, digest, new, now, entry))

    async def find(self, session: str) -> tuple[Session, User] | None:
        def work(connection: Connection) -> tuple[Session, User] | None:
            found = connection.execute(sa.select(sessions).where(sessions.c.id == session)).first()
            user = None if found is None else connection.execute(sa.select(users).where(users.c.id == found.user_id)).first()
            return None if found is None or user is None else (session_of(found), user_of(user))

        return await self._transactions.read(work)

    async def of_user(self, user: str, now: int) -> list[Session]:
        statement = (
            sa.select(sessions).where(_holding(user), sessions.c.expires_at > now).order_by(sessions.c.id.desc()).limit(MAX_SESSIONS)
        )
        return await self._transactions.read(lambda connection: [session_of(row) for row in connection.execute(statement)])

    async def revoke(self, session: str, user: str, entry: AuditEntry) -> bool:
        def work(connection: Connection) -> bool:
            statement = sa.update(sessions).where(sessions.c.id == session, _holding(user)).values(revoked_at=entry.at)
            if connection.execute(statement).rowcount == 0:
                return False
            write_audit(connection, entry)
            return True

        return await self._transactions.write(work)

    async def revoke_all(self, user: str, entry: AuditEntry) -> int:
        def work(connection: Connection) -> int:
            count = end_sessions(connection, user, entry.at)
            write_audit(connection, entry)
            return count

        return await self._transactions.write(work)


def end_sessions(connection: Connection, user: str, now: int, *, keep: str | None = None) -> int:
    statement = sa.update(sessions).where(_holding(user)).values(revoked_at=now)
    if keep is not None:
        statement = statement.where(sessions.c.id != keep)
    return connection.execute(statement).rowcount


def _rotate(
    connection: Connection, digest: str, new: NewToken, now: int, entry: Callable[[User, bool], AuditEntry]
) -> Rotated | Reused | None:
    # The token's row under lock: of two that bring the same one at once, the second finds it used.
    token = connection.execute(sa.select(refresh_tokens).where(refresh_tokens.c.digest == digest).with_for_update()).first()
    if token is None:
        return None
    row = connection.execute(sa.select(sessions).where(sessions.c.id == token.session_id).with_for_update()).first()
    if row is None or row.revoked_at is not None or row.expires_at <= now:
        return None
    user_row = connection.execute(sa.select(users).where(users.c.id == row.user_id)).first()
    if user_row is None:
        return None
    session, user = session_of(row), user_of(user_row)
    if token.used_at is not None:
        connection.execute(sa.update(sessions).where(sessions.c.id == session.id).values(revoked_at=now))
        write_audit(connection, entry(user, True))
        return Reused(session)
    if token.expires_at <= now or user.status != "active":
        return None
    connection.execute(sa.update(refresh_tokens).where(refresh_tokens.c.digest == digest).values(used_at=now))
    connection.execute(sa.update(sessions).where(sessions.c.id == session.id).values(last_used_at=now))
    _add_token(connection, session.id, replace(new, expires_at=min(new.expires_at, session.expires_at)))
    write_audit(connection, entry(user, False))
    return Rotated(replace(session, last_used_at=now), user)


def _add_token(connection: Connection, session: str, token: NewToken) -> None:
    connection.execute(sa.insert(refresh_tokens).values(session_id=session, **asdict(token)))


def _make_room(connection: Connection, session: Session) -> None:
    held = connection.execute(sa.select(sessions.c.id).where(_holding(session.user)).order_by(sessions.c.id.desc())).scalars().all()
    if too_old := held[MAX_SESSIONS - 1 :]:
        connection.execute(sa.update(sessions).where(sessions.c.id.in_(too_old)).values(revoked_at=session.created_at))


def _holding(user: str) -> sa.ColumnElement[bool]:
    return sa.and_(sessions.c.user_id == user, sessions.c.revoked_at.is_(None))
