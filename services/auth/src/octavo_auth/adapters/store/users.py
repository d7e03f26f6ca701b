"""Users in SQL: see `domain.ports.Users`, whose contract this is."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import asdict, replace

import sqlalchemy as sa
from sqlalchemy import Connection

from octavo_auth.adapters.store.administering import administer, promote_first_admin
from octavo_auth.adapters.store.erasing import begin_erasure, finish_erasure, get_erasure, pending_erasures
from octavo_auth.adapters.store.rows import user_of, write_audit
from octavo_auth.adapters.store.schema import identities, pictures, users
from octavo_auth.adapters.store.sessions import end_sessions
from octavo_auth.domain.model import AuditEntry, Channel, Erasure, Identity, Picture, Role, Status, User, UserPage
from octavo_core.errors import Conflict, NotFound
from octavo_jobs.store import Transactions

_COLUMNS = {"email": users.c.email, "phone": users.c.phone, "name": users.c.name_key}
_TAKEN = "another account has this address or number"


class SqlUsers:
    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def get(self, user: str) -> User | None:
        return await self._transactions.read(lambda connection: _get(connection, user))

    async def find(self, kind: str, key: str) -> User | None:
        statement = sa.select(users).where(_COLUMNS[kind] == key)
        row = await self._transactions.read(lambda connection: connection.execute(statement).first())
        return None if row is None else user_of(row)

    async def create(self, user: User, identity: Identity | None, entry: AuditEntry) -> User:
        def work(connection: Connection) -> User:
            if _is_taken(connection, user) or (identity is not None and _owner_of(connection, identity) is not None):
                raise Conflict(_TAKEN)
            created = replace(user, name_key=_free_key(connection, user.name_key, user.id))
            connection.execute(sa.insert(users).values(asdict(created)))
            if identity is not None:
                _link(connection, identity)
            write_audit(connection, entry)
            return created

        return await self._transactions.write(work)

    async def rename(self, user: str, name: str, name_key: str, entry: AuditEntry) -> User:
        def work(connection: Connection) -> User:
            return _change(connection, user, entry, name=name, name_key=_free_key(connection, name_key, user))

        return await self._transactions.write(work)

    async def set_contact(self, user: str, channel: Channel, address: str, entry: AuditEntry) -> User:
        def work(connection: Connection) -> User:
            owner = connection.execute(sa.select(users.c.id).where(_COLUMNS[channel] == address)).scalar()
            if owner is not None and owner != user:
                raise Conflict(_TAKEN)
            return _change(connection, user, entry, **{channel: address})

        return await self._transactions.write(work)

    async def set_password(self, user: str, password_hash: str, *, keep: str | None, entry: AuditEntry) -> None:
        def work(connection: Connection) -> None:
            _change(connection, user, entry, password_hash=password_hash)
            end_sessions(connection, user, entry.at, keep=keep)

        await self._transactions.write(work)

    async def rehash(self, user: str, old: str, new: str) -> None:
        statement = sa.update(users).where(users.c.id == user, users.c.password_hash == old).values(password_hash=new)
        await self._transactions.write(lambda connection: connection.execute(statement).rowcount)

    async def set_picture(self, user: str, picture: Picture | None, entry: AuditEntry) -> User:
        def work(connection: Connection) -> User:
            changed = _change(connection, user, entry, picture=None if picture is None else picture.digest)
            connection.execute(sa.delete(pictures).where(pictures.c.user_id == user))
            if picture is not None:
                # As text: MySQL's driver cannot write bytes.
                data = base64.b64encode(picture.data).decode()
                connection.execute(sa.insert(pictures).values(user_id=user, **{**asdict(picture), "data": data}))
            return changed

        return await self._transactions.write(work)

    async def picture(self, user: str) -> Picture | None:
        statement = sa.select(pictures).where(pictures.c.user_id == user)
        row = await self._transactions.read(lambda connection: connection.execute(statement).first())
        return None if row is None else Picture(row.media_type, base64.b64decode(row.data), row.digest)

    async def administer(self, user: str, *, role: Role | None, status: Status | None, entry: AuditEntry) -> User:
        return await self._transactions.write(lambda connection: administer(connection, user, role, status, entry))

    async def promote_first_admin(self, email: str, entry: AuditEntry) -> bool:
        return await self._transactions.write(lambda connection: promote_first_admin(connection, email, entry))

    async def page(self, request: UserPage) -> list[User]:
        statement = sa.select(users).order_by(users.c.id.desc()).limit(request.limit)
        if request.before is not None:
            statement = statement.where(users.c.id < request.before)
        if request.role is not None:
            statement = statement.where(users.c.role == request.role)
        if request.status is not None:
            statement = statement.where(users.c.status == request.status)
        if request.search:
            part = request.search.lower()
            found = [column.contains(part, autoescape=True) for column in (sa.func.lower(users.c.name), users.c.email, users.c.phone)]
            statement = statement.where(sa.or_(*found))
        return await self._transactions.read(lambda connection: [user_of(row) for row in connection.execute(statement)])

    async def find_identity(self, issuer: str, subject: str) -> User | None:
        statement = (
            sa.select(users).join(identities, identities.c.user_id == users.c.id).where(identities.c.digest == _digest(issuer, subject))
        )
        row = await self._transactions.read(lambda connection: connection.execute(statement).first())
        return None if row is None else user_of(row)

    async def link_identity(self, identity: Identity, entry: AuditEntry) -> None:
        def work(connection: Connection) -> None:
            if _owner_of(connection, identity) is None:
                _link(connection, identity)
                write_audit(connection, entry)

        await self._transactions.write(work)

    async def begin_erasure(self, erasure: Erasure, entry: AuditEntry) -> Erasure:
        return await self._transactions.write(lambda connection: begin_erasure(connection, erasure, entry))

    async def pending_erasures(self, limit: int) -> list[Erasure]:
        return await self._transactions.read(lambda connection: pending_erasures(connection, limit))

    async def get_erasure(self, erasure: str) -> Erasure | None:
        return await self._transactions.read(lambda connection: get_erasure(connection, erasure))

    async def finish_erasure(self, erasure: str, now: int) -> None:
        await self._transactions.write(lambda connection: finish_erasure(connection, erasure, now))


def _get(connection: Connection, user: str) -> User | None:
    row = connection.execute(sa.select(users).where(users.c.id == user)).first()
    return None if row is None else user_of(row)


def _change(connection: Connection, user: str, entry: AuditEntry, **values: str | None) -> User:
    """An account that is being deleted can be changed no more."""
    statement = sa.update(users).where(users.c.id == user, users.c.status != "deleting").values(updated_at=entry.at, **values)
    if connection.execute(statement).rowcount == 0:
        raise NotFound("there is no such user")
    write_audit(connection, entry)
    changed = _get(connection, user)
    assert changed is not None
    return changed


def _is_taken(connection: Connection, user: User) -> bool:
    asked = [column == value for column, value in ((users.c.email, user.email), (users.c.phone, user.phone)) if value is not None]
    return bool(asked) and connection.execute(sa.select(users.c.id).where(sa.or_(*asked))).first() is not None


def _free_key(connection: Connection, key: str | None, user: str) -> str | None:
    owner = connection.execute(sa.select(users.c.id).where(users.c.name_key == key)).scalar()
    return key if owner is None or owner == user else None


def _owner_of(connection: Connection, identity: Identity) -> str | None:
    digest = _digest(identity.issuer, identity.subject)
    owner: str | None = connection.execute(sa.select(identities.c.user_id).where(identities.c.digest == digest)).scalar()
    return owner


def _link(connection: Connection, identity: Identity) -> None:
    connection.execute(
        sa.insert(identities).values(
            digest=_digest(identity.issuer, identity.subject), issuer=identity.issuer, subject=identity.subject, user_id=identity.user
        )
    )


def _digest(issuer: str, subject: str) -> str:
    return hashlib.sha256(f"{issuer}\n{subject}".encode()).hexdigest()
