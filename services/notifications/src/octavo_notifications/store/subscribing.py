"""Every statement about browsers that are pushed to. Each function runs inside a transaction that the store has begun."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from octavo_notifications.push.model import Subscription
from octavo_notifications.store.schema import pushes


def put(connection: Connection, new: Subscription, most: int) -> Subscription:
    """A lost race for the id is repeated by the store, and then changes what the winner wrote."""
    there = get(connection, new.id)
    if there is None:
        connection.execute(sa.insert(pushes).values(**asdict(new)))
    else:
        connection.execute(sa.update(pushes).where(pushes.c.id == new.id).values(**asdict(new)))
    # Found first: MySQL deletes from no subquery of the same table.
    mine = sa.select(pushes.c.id).where(pushes.c.owner == new.owner, pushes.c.id != new.id)
    too_many = list(connection.execute(mine.order_by(pushes.c.created_at.desc(), pushes.c.id).offset(most - 1).limit(100)).scalars())
    if too_many:
        connection.execute(sa.delete(pushes).where(pushes.c.id.in_(too_many)))
    return new


def get(connection: Connection, push_id: str) -> Subscription | None:
    found = connection.execute(sa.select(pushes).where(pushes.c.id == push_id)).one_or_none()
    return None if found is None else _read(found)


def of_owners(connection: Connection, owners: Sequence[str]) -> list[Subscription]:
    chosen = sa.select(pushes).where(pushes.c.owner.in_(owners)).order_by(pushes.c.owner, pushes.c.created_at, pushes.c.id)
    return [_read(row) for row in connection.execute(chosen)]


def delete(connection: Connection, owner: str, push_id: str) -> bool:
    return connection.execute(sa.delete(pushes).where(pushes.c.id == push_id, pushes.c.owner == owner)).rowcount > 0


def _read(row: Row[Any]) -> Subscription:
    return Subscription(**row._mapping)
