"""What the store of notifications promises, on every database."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from octavo_core.clock import ManualClock
from octavo_core.ids import generate_uuid
from octavo_notifications.push.model import Subscription
from octavo_notifications.store import NotificationStore
from octavo_notifications.store.hooking import Changes
from octavo_notifications.store.schema import metadata
from octavo_notifications.webhooks.model import Attempt, DeliveryState, NewDelivery, Webhook


def webhook(owner: str = "ana", **changes: Any) -> Webhook:
    made = Webhook(
        id=generate_uuid(),
        owner=owner,
        url="https://example.com/ñ",
        description="mine",
        events=("job.succeeded", "job.failed"),
        enabled=True,
        disabled_reason=None,
        failing_since=None,
        secret="sealed",
        former_secret=None,
        former_until=None,
        since="5-0",
        created_at=1,
        updated_at=1,
    )
    return replace(made, **changes)


def told(hook: Webhook, job: str = "j1", version: int = 3) -> NewDelivery:
    return NewDelivery(hook.id, hook.owner, "7-0", "job.succeeded", job, version, '{"text":"ó"}')


def attempt(delivery: str, **changes: Any) -> Attempt:
    return Attempt(
        **{"delivery": delivery, "ok": False, "status": 500, "error": "it answered 500", "took_ms": 12, "last": False, **changes}
    )


async def test_a_webhook_is_its_owners(store: NotificationStore) -> None:
    mine, same_letters = webhook("ana"), webhook("Ana")
    assert await store.add_webhook(mine, most=1)
    assert await store.add_webhook(same_letters, most=1)
    assert not await store.add_webhook(webhook("ana"), most=1)
    assert await store.webhooks("ana") == [mine]
    assert await store.webhook("ana", mine.id) == mine
    assert await store.webhook("bo", mine.id) is None
    assert await store.change_webhook("bo", mine.id, Changes(enabled=False)) is None
    assert await store.rotate_secret("bo", mine.id, secret="x", former_until=9) is None
    assert not await store.delete_webhook("bo", mine.id)
    assert await store.webhook("ana", mine.id) == mine


async def test_changes_and_rotation(store: NotificationStore, clock: ManualClock) -> None:
    mine = webhook()
    await store.add_webhook(mine, most=5)
    changed = await store.change_webhook("ana", mine.id, Changes(events=("job.started",), description="other", enabled=False))
    assert changed == replace(mine, events=("job.started",), description="other", enabled=False, updated_at=clock.now_ms())
    rotated = await store.rotate_secret("ana", mine.id, secret="new", former_until=99)
    assert rotated is not None
    assert (rotated.secret, rotated.former_secret, rotated.former_until) == ("new", "sealed", 99)
    again = await store.rotate_secret("ana", mine.id, secret="newer", former_until=100)
    assert again is not None
    assert again.former_secret == "new"


async def test_the_webhook_of_jobs_is_made_once_counts_for_none_and_is_followed_by_nobody(store: NotificationStore) -> None:
    wanted = webhook(url="", events=())
    made = await asyncio.gather(*(store.webhook_of_jobs(replace(wanted, secret=f"s{n}")) for n in range(4)))
    assert len({one.secret for one in made}) == 1
    assert await store.add_webhook(webhook(), most=1)
    assert len(await store.webhooks("ana")) == 2
    await store.erase("ana")
    await store.webhook_of_jobs(wanted)
    assert await store.followed() == {}
    (delivery,) = await store.add_deliveries([replace(told(wanted), url="https://example.com/told")])
    assert delivery.url == "https://example.com/told"
    assert await store.record_attempt(attempt(delivery.id, status=410, last=True), disable_days=1) is None
    kept = await store.webhook("ana", wanted.id)
    assert kept is not None
    assert (kept.enabled, kept.failing_since) == (True, None)


async def test_an_event_is_delivered_once_whoever_writes_it(store: NotificationStore) -> None:
    mine = webhook()
    await store.add_webhook(mine, most=5)
    written = await asyncio.gather(*(store.add_deliveries([told(mine), told(mine, "j2")]) for _ in range(4)))
    assert all(one == written[0] for one in written)
    assert [one.job for one in written[0]] == ["j1", "j2"]
    assert len(await store.deliveries("ana", mine.id, limit=10, before=None, state=None)) == 2
    first = written[0][0]
    await store.record_attempt(attempt(first.id, ok=True, status=200, error=None), disable_days=5)
    assert [one.job for one in await store.add_deliveries([told(mine), told(mine, "j2")])] == ["j2"]
    assert await store.add_deliveries([told(webhook())]) == []


async def test_the_log_is_paged_newest_first(store: NotificationStore) -> None:
    mine = webhook()
    await store.add_webhook(mine, most=5)
    made = [(await store.add_deliveries([told(mine, f"j{number}")]))[0] for number in range(5)]
    newest = [one.id for one in reversed(made)]
    first = await store.deliveries("ana", mine.id, limit=2, before=None, state=None)
    rest = await store.deliveries("ana", mine.id, limit=9, before=first[-1].id, state=None)
    assert [one.id for one in (*first, *rest)] == newest
    await store.drop_delivery(made[0].id)
    assert [one.id for one in await store.deliveries("ana", mine.id, limit=9, before=None, state="dropped")] == [made[0].id]
    assert await store.deliveries("bo", mine.id, limit=9, before=None, state=None) == []


async def test_attempts_are_counted_and_a_replay_waits_again(store: NotificationStore, clock: ManualClock) -> None:
    mine = webhook()
    await store.add_webhook(mine, most=5)
    (delivery,) = await store.add_deliveries([told(mine)])
    await store.record_attempt(attempt(delivery.id), disable_days=5)
    await store.record_attempt(attempt(delivery.id, last=True), disable_days=5)
    failed = await store.delivery(delivery.id)
    assert failed is not None
    assert (failed.state, failed.attempts, failed.status, failed.took_ms) == (DeliveryState.FAILED, 2, 500, 12)
    assert failed.attempted_at == clock.now_ms()
    assert await store.restart_delivery("bo", delivery.id) is None
    again = await store.restart_delivery("ana", delivery.id)
    assert again is not None
    assert (again.state, again.runs) == (DeliveryState.WAITING, 2)


async def test_a_webhook_that_only_fails_is_disabled_in_the_end(store: NotificationStore, clock: ManualClock) -> None:
    mine = webhook()
    await store.add_webhook(mine, most=5)
    (delivery,) = await store.add_deliveries([told(mine)])
    assert await store.record_attempt(attempt(delivery.id), disable_days=2) is None
    clock.advance(86_400)
    assert await store.record_attempt(attempt(delivery.id, ok=True, status=200), disable_days=2) is None
    clock.advance(86_400)
    assert await store.record_attempt(attempt(delivery.id), disable_days=2) is None
    clock.advance(2 * 86_400 + 1)
    disabled = await store.record_attempt(attempt(delivery.id), disable_days=2)
    assert disabled is not None
    assert not disabled.enabled
    assert await store.record_attempt(attempt(delivery.id), disable_days=2) is None
    assert await store.followed() == {}
    enabled = await store.change_webhook("ana", mine.id, Changes(enabled=True, since="9-0"))
    assert enabled is not None
    assert (enabled.enabled, enabled.failing_since, enabled.disabled_reason, enabled.since) == (True, None, None, "9-0")


async def test_who_is_followed_and_from_where(store: NotificationStore) -> None:
    await store.add_webhook(webhook("ana"), most=5)
    await store.set_mail_after_s("bo", 60)
    await store.set_mail_after_s("cleo", None)
    assert await store.followed() == {"ana": None, "bo": None}
    for position in ("7-0", "8-0", "8-0"):
        await store.advance("ana", position)
    await store.advance("nobody", "9-0")
    assert await store.followed() == {"ana": "8-0", "bo": None}
    assert (await store.mail_after_s("bo"), await store.mail_after_s("cleo"), await store.mail_after_s("dora")) == (60, None, None)


async def test_old_deliveries_go_and_waiting_ones_are_found(store: NotificationStore, clock: ManualClock) -> None:
    mine = webhook()
    await store.add_webhook(mine, most=5)
    (old,) = await store.add_deliveries([told(mine)])
    clock.advance(100)
    (young,) = await store.add_deliveries([told(mine, "j2")])
    assert [one.id for one in await store.waiting_deliveries(older_than_ms=50_000, limit=9)] == [old.id]
    assert await store.delete_deliveries(older_than_ms=50_000, limit=9) == 1
    assert await store.delivery(old.id) is None
    assert await store.delivery(young.id) is not None


async def test_an_erased_user_is_in_no_table(store: NotificationStore) -> None:
    for owner in ("ana", "bo"):
        hook = webhook(owner)
        await store.add_webhook(hook, most=5)
        await store.add_deliveries([told(hook)])
        await store.set_mail_after_s(owner, 5)
        await store.put_push(browser(owner, owner), most=5)
        await store.advance(owner, "9-0")
    await store.erase("ana")
    await store.erase("ana")
    await store.advance("ana", "10-0")
    for table in metadata.sorted_tables:
        rows = await store.transactions.read(lambda connection, table=table: connection.execute(sa.select(table.c.owner)).scalars().all())
        assert set(rows) == {"bo"}, table.name


def browser(name: str, owner: str = "ana", at: int = 1) -> Subscription:
    return Subscription(name, owner, f"https://push.example/{name}ñ", "key", "auth", at)


async def test_browsers_are_bounded_and_their_owners(store: NotificationStore) -> None:
    for place, name in enumerate("abc"):
        await store.put_push(browser(name, at=place), most=3)
    same_letters = await store.put_push(browser("d", "Ana"), most=3)
    assert await store.pushes(["ana"]) == [browser(name, at=place) for place, name in enumerate("abc")]
    # Put again it is the newest, and the oldest makes room.
    await store.put_push(browser("a", at=9), most=3)
    await store.put_push(browser("e", at=10), most=3)
    assert [one.id for one in await store.pushes(["ana"])] == ["c", "a", "e"]
    assert not await store.delete_push("bo", "a")
    assert await store.delete_push("ana", "a")
    assert not await store.delete_push("ana", "a")
    # Whoever uses the browser now.
    await store.put_push(browser("c", "bo"), most=3)
    assert {one.id for one in await store.pushes(["ana", "bo", "nobody"])} == {"c", "e"}
    assert await store.push("c") == browser("c", "bo")
    await store.erase("ana")
    assert await store.pushes(["ana", "bo", "Ana"]) == [same_letters, browser("c", "bo")]


async def test_two_that_put_the_same_browser_at_once_have_one(store: NotificationStore) -> None:
    await asyncio.gather(*(store.put_push(browser("a", at=place), most=3) for place in range(4)))
    assert [one.id for one in await store.pushes(["ana"])] == ["a"]
