"""Every statement about webhooks, once for all databases. Each function runs inside a transaction that the store has begun."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from octavo_notifications.store.schema import deliveries, webhooks
from octavo_notifications.webhooks.model import Webhook


@dataclass(frozen=True, slots=True)
class Changes:
    """None: as it was."""

    url: str | None = None
    description: str | None = None
    events: tuple[str, ...] | None = None
    enabled: bool | None = None
    since: str | None = None


def add(connection: Connection, webhook: Webhook, most: int) -> bool:
    count = connection.execute(sa.select(sa.func.count()).select_from(webhooks).where(_own_address(webhook.owner))).scalar_one()
    if count >= most:
        return False
    _insert(connection, webhook)
    return True


def of_jobs(connection: Connection, new: Webhook) -> Webhook:
    """A lost race for the id is repeated by the store, and then finds what the winner wrote."""
    found = get(connection, new.owner, new.id)
    if found is None:
        _insert(connection, new)
    return found or new


def get(connection: Connection, owner: str | None, webhook_id: str) -> Webhook | None:
    """`owner` None: whoever's it is."""
    chosen = sa.select(webhooks).where(webhooks.c.id == webhook_id)
    found = connection.execute(chosen if owner is None else chosen.where(webhooks.c.owner == owner)).one_or_none()
    return None if found is None else read(found)


def of_owner(connection: Connection, owner: str) -> list[Webhook]:
    found = connection.execute(sa.select(webhooks).where(webhooks.c.owner == owner).order_by(webhooks.c.id))
    return [read(row) for row in found]


def change(connection: Connection, owner: str, webhook_id: str, changes: Changes, now: int) -> Webhook | None:
    values: dict[str, Any] = {name: value for name, value in asdict(changes).items() if value is not None}
    if changes.events is not None:
        values["events"] = " ".join(changes.events)
    if changes.enabled is not None:
        # Enabled again, it begins anew; disabled by its owner, there is no reason of ours.
        values |= {"disabled_reason": None, "failing_since": None}
    return _update(connection, owner, webhook_id, {**values, "updated_at": now})


def rotate(connection: Connection, owner: str, webhook_id: str, secret: str, former_until: int, now: int) -> Webhook | None:
    before = connection.execute(
        sa.select(webhooks.c.secret).where(webhooks.c.id == webhook_id, webhooks.c.owner == owner).with_for_update()
    ).scalar()
    values = {"secret": secret, "former_secret": before, "former_until": former_until, "updated_at": now}
    return _update(connection, owner, webhook_id, values)


def delete(connection: Connection, owner: str, webhook_id: str) -> bool:
    mine = (webhooks.c.id == webhook_id) & (webhooks.c.owner == owner)
    if connection.execute(sa.delete(webhooks).where(mine)).rowcount == 0:
        return False
    connection.execute(sa.delete(deliveries).where(deliveries.c.webhook == webhook_id))
    return True


def _insert(connection: Connection, webhook: Webhook) -> None:
    connection.execute(sa.insert(webhooks).values({**asdict(webhook), "events": " ".join(webhook.events)}))


def _own_address(owner: str) -> sa.ColumnElement[bool]:
    return sa.and_(webhooks.c.owner == owner, webhooks.c.url != "")


def _update(connection: Connection, owner: str, webhook_id: str, values: dict[str, Any]) -> Webhook | None:
    connection.execute(sa.update(webhooks).where(webhooks.c.id == webhook_id, webhooks.c.owner == owner).values(**values))
    return get(connection, owner, webhook_id)


def read(row: Row[Any]) -> Webhook:
    values = dict(row._mapping)
    return Webhook(**{**values, "events": tuple(values["events"].split()), "enabled": bool(values["enabled"])})
