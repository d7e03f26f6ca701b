"""Roles and statuses, under the rule that there is always an active admin once there was one.

All active admins are read under lock before one of them goes: of two processes that take the last two at once, the second sees what the
first left. `FOR UPDATE` means nothing to SQLite, where the writer holds the whole database anyway.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from octavo_auth.adapters.store.revoking import restore, revoke
from octavo_auth.adapters.store.rows import user_of, write_audit
from octavo_auth.adapters.store.schema import users
from octavo_auth.adapters.store.sessions import end_sessions
from octavo_auth.domain.model import AuditEntry, Role, Status, User
from octavo_core.errors import Conflict, NotFound


def administer(connection: Connection, user: str, role: Role | None, status: Status | None, entry: AuditEntry) -> User:
    admins = _active_admins(connection)
    before = locked_user(connection, user)
    if before.status == "deleting":
        raise Conflict("this account is being deleted")
    after_role, after_status = role or before.role, status or before.status
    if user in admins and not (after_role == "admin" and after_status == "active"):
        keep_an_admin(admins, user)
    connection.execute(sa.update(users).where(users.c.id == user).values(role=after_role, status=after_status, updated_at=entry.at))
    if after_status == "active":
        restore(connection, user)
    else:
        end_sessions(connection, user, entry.at)
        revoke(connection, user, entry.at)
    write_audit(connection, entry)
    return locked_user(connection, user)


def promote_first_admin(connection: Connection, email: str, entry: AuditEntry) -> bool:
    if _active_admins(connection):
        return False
    statement = sa.update(users).where(users.c.email == email, users.c.status == "active").values(role="admin", updated_at=entry.at)
    if connection.execute(statement).rowcount == 0:
        return False
    write_audit(connection, entry)
    return True


def locked_user(connection: Connection, user: str) -> User:
    row = connection.execute(sa.select(users).where(users.c.id == user).with_for_update()).first()
    if row is None:
        raise NotFound("there is no such user")
    return user_of(row)


def refuse_the_last_admin(connection: Connection, user: str) -> None:
    """Raises `Conflict` when they are it."""
    admins = _active_admins(connection)
    if user in admins:
        keep_an_admin(admins, user)


def keep_an_admin(admins: set[str], user: str) -> None:
    if admins <= {user}:
        raise Conflict("this is the last admin; make somebody else one first")


def _active_admins(connection: Connection) -> set[str]:
    # In the order of their ids, so that two processes cannot wait for each other.
    statement = sa.select(users.c.id).where(users.c.role == "admin", users.c.status == "active").order_by(users.c.id).with_for_update()
    return {row.id for row in connection.execute(statement)}
