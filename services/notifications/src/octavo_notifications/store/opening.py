"""The store that the service opens beside the store of its jobs, on the same URL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa

from octavo_core.clock import Clock
from octavo_jobs.store import MIGRATE_S, Transactions, open_transactions
from octavo_notifications.push.model import Subscription
from octavo_notifications.store import erasing, preferring, subscribing, telling
from octavo_notifications.store import hooking as hooks
from octavo_notifications.store.migrations import NOTIFICATIONS
from octavo_notifications.webhooks.model import Attempt, Delivery, NewDelivery, Webhook

POOL_SIZE = 4


@dataclass(frozen=True, slots=True)
class NotificationStore:
    """One contract on SQLite, PostgreSQL and MySQL. Every call is one transaction, and raises `Unavailable` when the database does not
    answer. Calls that name an `owner` see nothing of anybody else's."""

    transactions: Transactions
    clock: Clock

    async def migrate(self) -> None:
        """Bring the schema up to date; safe to call from several processes at once."""
        await self.transactions.write(NOTIFICATIONS.migrate, within_s=MIGRATE_S)

    async def ping(self) -> None:
        await self.transactions.read(lambda connection: connection.execute(sa.text("SELECT 1")).scalar())

    async def close(self) -> None:
        await self.transactions.close()

    async def add_webhook(self, webhook: Webhook, *, most: int) -> bool:
        """False when the owner has `most` already; two at once may both be the last."""
        return await self.transactions.write(partial(hooks.add, webhook=webhook, most=most), rows=1)

    async def webhook_of_jobs(self, new: Webhook) -> Webhook:
        """The one that is there with that id, or else `new`, which is there from now on."""
        return await self.transactions.write(partial(hooks.of_jobs, new=new), rows=1)

    async def webhook(self, owner: str, webhook_id: str) -> Webhook | None:
        return await self.transactions.read(partial(hooks.get, owner=owner, webhook_id=webhook_id))

    async def webhooks(self, owner: str) -> list[Webhook]:
        """Oldest first; there are never many."""
        return await self.transactions.read(partial(hooks.of_owner, owner=owner))

    async def change_webhook(self, owner: str, webhook_id: str, changes: hooks.Changes) -> Webhook | None:
        """As it is after the change; None when there is no such one."""
        return await self.transactions.write(
            partial(hooks.change, owner=owner, webhook_id=webhook_id, changes=changes, now=self.clock.now_ms()), rows=1
        )

    async def rotate_secret(self, owner: str, webhook_id: str, *, secret: str, former_until: int) -> Webhook | None:
        """The secret that was, signs too until `former_until`; the one before that ends at once."""
        return await self.transactions.write(
            partial(hooks.rotate, owner=owner, webhook_id=webhook_id, secret=secret, former_until=former_until, now=self.clock.now_ms()),
            rows=1,
        )

    async def delete_webhook(self, owner: str, webhook_id: str) -> bool:
        """With its deliveries."""
        return await self.transactions.write(partial(hooks.delete, owner=owner, webhook_id=webhook_id))

    async def add_deliveries(self, new: Sequence[NewDelivery]) -> list[Delivery]:
        """Those that are there by then and wait, in the same order: an event that was added before keeps its delivery, and one that is
        done with is left out."""
        return await self.transactions.write(partial(telling.add, new=new, now=self.clock.now_ms()), rows=len(new))

    async def delivery(self, delivery_id: str, owner: str | None = None) -> Delivery | None:
        return await self.transactions.read(partial(telling.get, delivery_id=delivery_id, owner=owner))

    async def deliveries(self, owner: str, webhook_id: str, *, limit: int, before: str | None, state: str | None) -> list[Delivery]:
        """Newest first; `before` is the id that ended the page before."""
        return await self.transactions.read(
            partial(telling.page, owner=owner, webhook_id=webhook_id, limit=limit, before=before, state=state)
        )

    async def restart_delivery(self, owner: str, delivery_id: str) -> Delivery | None:
        """It waits again, with `runs` one higher; None when there is no such one."""
        return await self.transactions.write(partial(telling.restart, owner=owner, delivery_id=delivery_id), rows=1)

    async def record_attempt(self, attempt: Attempt, *, disable_days: float) -> Webhook | None:
        """Writes it down, and disables a webhook that has only failed for `disable_days`, or that says it is gone (410). Returns the
        webhook when this disabled it."""
        return await self.transactions.write(
            partial(telling.record, attempt=attempt, disable_days=disable_days, now=self.clock.now_ms()), rows=2
        )

    async def drop_delivery(self, delivery_id: str) -> None:
        await self.transactions.write(partial(telling.drop, delivery_id=delivery_id), rows=1)

    async def waiting_deliveries(self, *, older_than_ms: int, limit: int) -> list[Delivery]:
        """Oldest first, for the sweep that looks for jobs that are no more."""
        return await self.transactions.read(partial(telling.waiting, before=self.clock.now_ms() - older_than_ms, limit=limit))

    async def delete_deliveries(self, *, older_than_ms: int, limit: int) -> int:
        return await self.transactions.write(partial(telling.delete_old, before=self.clock.now_ms() - older_than_ms, limit=limit))

    async def mail_after_s(self, owner: str) -> int | None:
        """From how many seconds on the owner wants a mail about a job; None: never."""
        return await self.transactions.read(partial(preferring.get, owner=owner))

    async def set_mail_after_s(self, owner: str, seconds: int | None) -> None:
        await self.transactions.write(partial(preferring.put, owner=owner, seconds=seconds, now=self.clock.now_ms()), rows=1)

    async def put_push(self, new: Subscription, *, most: int) -> Subscription:
        """As it is from now on. A browser that another person used is the caller's now; of more than `most` the oldest go, and two at once
        may leave one too many."""
        return await self.transactions.write(partial(subscribing.put, new=new, most=most), rows=1)

    async def push(self, push_id: str) -> Subscription | None:
        return await self.transactions.read(partial(subscribing.get, push_id=push_id))

    async def pushes(self, owners: Sequence[str]) -> list[Subscription]:
        """Of all of them, each owner's oldest first."""
        return await self.transactions.read(partial(subscribing.of_owners, owners=owners))

    async def delete_push(self, owner: str, push_id: str) -> bool:
        return await self.transactions.write(partial(subscribing.delete, owner=owner, push_id=push_id))

    async def followed(self) -> dict[str, str | None]:
        """Whose events are to be acted on, and the last event of theirs that was; None: none yet."""
        return await self.transactions.read(preferring.followed)

    async def advance(self, owner: str, event_id: str) -> None:
        """What came up to that event is dealt with. Nothing is written for someone whom nobody follows any more, so that an erased user
        stays erased."""
        await self.transactions.write(partial(preferring.advance, owner=owner, event_id=event_id), rows=1, durable=False)

    async def erase(self, owner: str) -> None:
        """All that is kept of that user. Idempotent."""
        await self.transactions.write(partial(erasing.erase, owner=owner))


def open_notification_store(url: str, clock: Clock) -> NotificationStore:
    """For the URLs that the store of jobs takes. Nothing is connected before the first call. Raises `Misconfigured`."""
    return NotificationStore(open_transactions(url, pool_size=POOL_SIZE), clock)
