"""Whose tokens count no more, as digests, for as long as a token may live. The account's row is locked by the caller."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from octavo_auth.adapters.store.schema import revocations
from octavo_core.identity.revocation import subject_digest

KEPT_MS = 2 * 3_600_000
"""Above the longest life that an access token may be given (an hour)."""


def revoke(connection: Connection, user: str, now: int) -> None:
    restore(connection, user)
    connection.execute(sa.insert(revocations).values(digest=subject_digest(user), at=now))


def restore(connection: Connection, user: str) -> None:
    """What was signed before the revocation counts again, until it expires; its session has ended."""
    connection.execute(sa.delete(revocations).where(revocations.c.digest == subject_digest(user)))


def digests(connection: Connection) -> frozenset[str]:
    return frozenset(connection.execute(sa.select(revocations.c.digest)).scalars())


def purge(now: int) -> sa.Delete:
    return sa.delete(revocations).where(revocations.c.at < now - KEPT_MS)
