"""Every statement about deliveries, once for all databases. Each function runs inside a transaction that the store has begun."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from octavo_core.ids import generate_uuid
from octavo_notifications.store import hooking
from octavo_notifications.store.schema import deliveries, webhooks
from octavo_notifications.webhooks.model import GONE, Attempt, Delivery, DeliveryState, NewDelivery, Webhook, is_to_be_disabled

_COLUMNS = [column for column in deliveries.c if column.name != "once"]
_WAITING = DeliveryState.WAITING.value


def add(connection: Connection, new: Sequence[NewDelivery], now: int) -> list[Delivery]:
    """A lost race for `once` is repeated by the store, and then finds what the winner wrote."""
    keys = [one.once for one in new]
    there = {
        row.once: row.id for row in connection.execute(sa.select(deliveries.c.once, deliveries.c.id).where(deliveries.c.once.in_(keys)))
    }
    # A webhook that was deleted meanwhile gets none, so that nothing is left behind.
    alive = set(connection.execute(sa.select(webhooks.c.id).where(webhooks.c.id.in_({one.webhook for one in new}))).scalars())
    rows = []
    for one in new:
        if one.once not in there and one.webhook in alive:
            there[one.once] = generate_uuid()
            rows.append(
                {
                    "id": there[one.once],
                    "once": one.once,
                    "webhook": one.webhook,
                    "owner": one.owner,
                    "event": one.event,
                    "type": one.type,
                    "job": one.job,
                    "body": one.body,
                    "url": one.url,
                    "state": _WAITING,
                    "runs": 1,
                    "attempts": 0,
                    "created_at": now,
                }
            )
    if rows:
        connection.execute(sa.insert(deliveries), rows)
    ids = [there[key] for key in keys if key in there]
    chosen = sa.select(*_COLUMNS).where(deliveries.c.id.in_(ids), deliveries.c.state == _WAITING)
    found = {row.id: _read(row) for row in connection.execute(chosen)}
    return [found[one] for one in dict.fromkeys(ids) if one in found]


def get(connection: Connection, delivery_id: str, owner: str | None = None) -> Delivery | None:
    chosen = sa.select(*_COLUMNS).where(deliveries.c.id == delivery_id)
    found = connection.execute(chosen if owner is None else chosen.where(deliveries.c.owner == owner)).one_or_none()
    return None if found is None else _read(found)


def page(connection: Connection, owner: str, webhook_id: str, limit: int, before: str | None, state: str | None) -> list[Delivery]:
    chosen = sa.select(*_COLUMNS).where(deliveries.c.webhook == webhook_id, deliveries.c.owner == owner)
    if before is not None:
        chosen = chosen.where(deliveries.c.id < before)
    if state is not None:
        chosen = chosen.where(deliveries.c.state == state)
    return [_read(row) for row in connection.execute(chosen.order_by(deliveries.c.id.desc()).limit(limit))]


def restart(connection: Connection, owner: str, delivery_id: str) -> Delivery | None:
    connection.execute(
        sa.update(deliveries)
        .where(deliveries.c.id == delivery_id, deliveries.c.owner == owner)
        .values(state=_WAITING, runs=deliveries.c.runs + 1)
    )
    return get(connection, delivery_id, owner)


def record(connection: Connection, attempt: Attempt, disable_days: float, now: int) -> Webhook | None:
    state = DeliveryState.DELIVERED if attempt.ok else DeliveryState.FAILED if attempt.last else DeliveryState.WAITING
    connection.execute(
        sa.update(deliveries)
        .where(deliveries.c.id == attempt.delivery)
        .values(
            state=state.value,
            attempts=deliveries.c.attempts + 1,
            status=attempt.status,
            error=attempt.error,
            took_ms=attempt.took_ms,
            attempted_at=now,
        )
    )
    webhook_id = connection.execute(sa.select(deliveries.c.webhook).where(deliveries.c.id == attempt.delivery)).scalar()
    webhook = None if webhook_id is None else hooking.get(connection, None, webhook_id)
    return None if webhook is None else _judge(connection, webhook, attempt, disable_days, now)


def _judge(connection: Connection, webhook: Webhook, attempt: Attempt, disable_days: float, now: int) -> Webhook | None:
    mine = sa.update(webhooks).where(webhooks.c.id == webhook.id)
    if attempt.ok:
        if webhook.failing_since is not None:
            connection.execute(mine.values(failing_since=None))
        return None
    if webhook.of_jobs:
        # One address of many says nothing about the others.
        return None
    since = now if webhook.failing_since is None else webhook.failing_since
    gone = attempt.status == GONE
    if webhook.enabled and (gone or is_to_be_disabled(since, now, disable_days)):
        reason = "it answered 410 Gone" if gone else f"it has only failed for {disable_days:g} days"
        connection.execute(mine.values(enabled=False, disabled_reason=reason, failing_since=since, updated_at=now))
        return replace(webhook, enabled=False, disabled_reason=reason)
    if webhook.failing_since is None:
        connection.execute(mine.values(failing_since=since))
    return None


def drop(connection: Connection, delivery_id: str) -> None:
    waits = (deliveries.c.id == delivery_id) & (deliveries.c.state == _WAITING)
    connection.execute(sa.update(deliveries).where(waits).values(state=DeliveryState.DROPPED.value))


def waiting(connection: Connection, before: int, limit: int) -> list[Delivery]:
    chosen = sa.select(*_COLUMNS).where(deliveries.c.state == _WAITING, deliveries.c.created_at < before)
    return [_read(row) for row in connection.execute(chosen.order_by(deliveries.c.created_at).limit(limit))]


def delete_old(connection: Connection, before: int, limit: int) -> int:
    # Found first: MySQL deletes from no subquery of the same table.
    ids = list(connection.execute(sa.select(deliveries.c.id).where(deliveries.c.created_at < before).limit(limit)).scalars())
    return connection.execute(sa.delete(deliveries).where(deliveries.c.id.in_(ids))).rowcount if ids else 0


def _read(row: Row[Any]) -> Delivery:
    values = dict(row._mapping)
    return Delivery(**{**values, "state": DeliveryState(values["state"])})
