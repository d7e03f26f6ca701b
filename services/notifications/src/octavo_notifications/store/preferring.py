"""Statements about what people chose, and how far their events were acted on."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from octavo_notifications.store.schema import positions, preferences, webhooks


def get(connection: Connection, owner: str) -> int | None:
    found = connection.execute(sa.select(preferences.c.mail_after_s).where(preferences.c.owner == owner)).scalar()
    return None if found is None else int(found)


def put(connection: Connection, owner: str, seconds: int | None, now: int) -> None:
    """A lost race for a first row is repeated by the store."""
    there = connection.execute(sa.select(preferences.c.owner).where(preferences.c.owner == owner).with_for_update()).scalar()
    values = {"mail_after_s": seconds, "updated_at": now}
    if there is None:
        connection.execute(sa.insert(preferences).values(owner=owner, **values))
    else:
        connection.execute(sa.update(preferences).where(preferences.c.owner == owner).values(**values))


def followed(connection: Connection) -> dict[str, str | None]:
    told = sa.select(webhooks.c.owner).where(webhooks.c.enabled.is_(True), webhooks.c.url != "").distinct()
    owners = set(connection.execute(told).scalars())
    owners |= set(connection.execute(sa.select(preferences.c.owner).where(preferences.c.mail_after_s.is_not(None))).scalars())
    known = {row.owner: row.event for row in connection.execute(sa.select(positions))}
    return {owner: known.get(owner) for owner in owners}


def advance(connection: Connection, owner: str, event_id: str) -> None:
    moved = connection.execute(sa.update(positions).where(positions.c.owner == owner).values(event=event_id))
    # MySQL counts rows that changed, so a row that said so already is looked for.
    if moved.rowcount == 0 and not _has_row(connection, owner) and _is_followed(connection, owner):
        connection.execute(sa.insert(positions).values(owner=owner, event=event_id))


def _has_row(connection: Connection, owner: str) -> bool:
    return connection.execute(sa.select(positions.c.owner).where(positions.c.owner == owner)).scalar() is not None


def _is_followed(connection: Connection, owner: str) -> bool:
    hook = connection.execute(sa.select(webhooks.c.id).where(webhooks.c.owner == owner).limit(1)).scalar()
    return hook is not None or get(connection, owner) is not None
