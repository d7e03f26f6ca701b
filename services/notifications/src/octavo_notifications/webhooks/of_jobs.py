"""The webhook that stands for all addresses that a user's jobs name themselves. It is made with the first of them, or when its owner asks
for the secret."""

from __future__ import annotations

import uuid

from octavo_core.clock import Clock
from octavo_notifications.store import NotificationStore
from octavo_notifications.webhooks.model import Webhook
from octavo_notifications.webhooks.sealing import SecretBox, new_secret

DESCRIPTION = "addresses that jobs name"
_IDS = uuid.UUID("c2f6d1a4-6c0f-4c58-8f0a-3d5f4e0a7b21")


async def webhook_of_jobs(store: NotificationStore, box: SecretBox, clock: Clock, owner: str) -> tuple[Webhook, str | None]:
    """With its secret when this made it. Its id follows from the owner, so that two who make it at once make one."""
    webhook_id, secret, now = str(uuid.uuid5(_IDS, owner)), new_secret(), clock.now_ms()
    known = await store.webhook(owner, webhook_id)
    if known is not None:
        return known, None
    made = Webhook(
        id=webhook_id,
        owner=owner,
        url="",
        description=DESCRIPTION,
        events=(),
        enabled=True,
        disabled_reason=None,
        failing_since=None,
        secret=box.seal(webhook_id, secret),
        former_secret=None,
        former_until=None,
        since="0-0",
        created_at=now,
        updated_at=now,
    )
    kept = await store.webhook_of_jobs(made)
    return kept, secret if kept.secret == made.secret else None
