"""A user's webhooks, and the log of what they were told. Another user's id is answered like one that is not there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from redis.exceptions import RedisError

from octavo_core.clock import Clock
from octavo_core.errors import Conflict, NotFound, Unavailable
from octavo_core.identity import Principal
from octavo_core.ids import generate_uuid
from octavo_core.net import check_url
from octavo_jobs.intake import JobIntake
from octavo_jobs.stream import EventHub
from octavo_notifications.api.bodies import (
    DeliveryAnswer,
    DeliveryPage,
    DeliveryView,
    NewWebhook,
    WebhookAnswer,
    WebhookChanges,
    WebhookPage,
    WebhookSecretAnswer,
    WebhookView,
    WebhookWithSecret,
)
from octavo_notifications.api.calling import Caller, authenticated
from octavo_notifications.identity import Authenticate
from octavo_notifications.settings import NotificationsTuning
from octavo_notifications.store import NotificationStore
from octavo_notifications.store.hooking import Changes
from octavo_notifications.webhooks.delivering import start_delivery
from octavo_notifications.webhooks.model import DeliveryState, Webhook
from octavo_notifications.webhooks.of_jobs import webhook_of_jobs
from octavo_notifications.webhooks.sealing import SecretBox, new_secret

FORMER_SECRET_MS = 86_400_000
"""How long a secret that was replaced still signs."""
Id = Annotated[str, Path(max_length=36, pattern=r"^[0-9a-f-]{1,36}$")]


@dataclass(frozen=True, slots=True)
class WebhookServices:
    store: NotificationStore
    intake: JobIntake
    hub: EventHub
    box: SecretBox
    clock: Clock
    tuning: NotificationsTuning
    changed: Callable[[], None]
    """Called after a webhook appears, changes or goes."""

    async def newest(self, user: str) -> str:
        try:
            return await self.hub.newest(user)
        except (RedisError, OSError):
            raise Unavailable("events cannot be read; Redis does not answer", retry_after=2) from None


def webhooks_router(services: WebhookServices, authenticate: Authenticate) -> APIRouter:
    router = APIRouter(prefix="/api/notifications/webhooks", tags=["webhooks"], dependencies=[authenticated(authenticate)])
    store = services.store

    async def owned(principal: Principal, webhook_id: str) -> Webhook:
        found = await store.webhook(principal.user, webhook_id)
        if found is None:
            raise _no_webhook()
        return found

    async def rotated(principal: Principal, webhook_id: str) -> WebhookSecretAnswer:
        secret = new_secret()
        found = await store.rotate_secret(
            principal.user,
            webhook_id,
            secret=services.box.seal(webhook_id, secret),
            former_until=services.clock.now_ms() + FORMER_SECRET_MS,
        )
        if found is None:
            raise _no_webhook()
        return WebhookSecretAnswer(webhook=WebhookWithSecret.with_secret(found, secret))

    @router.post("", status_code=201, summary="A new webhook; its secret is in the answer and never shown again")
    async def create(body: NewWebhook, principal: Caller) -> WebhookSecretAnswer:
        check_url(body.url, services.tuning.webhook_reach())
        now, secret, webhook_id = services.clock.now_ms(), new_secret(), generate_uuid()
        webhook = Webhook(
            id=webhook_id,
            owner=principal.user,
            url=body.url,
            description=body.description,
            events=tuple(dict.fromkeys(body.events)),
            enabled=True,
            disabled_reason=None,
            failing_since=None,
            secret=services.box.seal(webhook_id, secret),
            former_secret=None,
            former_until=None,
            since=await services.newest(principal.user),
            created_at=now,
            updated_at=now,
        )
        if not await store.add_webhook(webhook, most=services.tuning.webhooks_per_user):
            raise Conflict(f"at most {services.tuning.webhooks_per_user} webhooks for a user; delete one first")
        services.changed()
        return WebhookSecretAnswer(webhook=WebhookWithSecret.with_secret(webhook, secret))

    @router.get("", summary="The caller's webhooks, oldest first; there are never more than one page")
    async def list_webhooks(principal: Caller) -> WebhookPage:
        return WebhookPage(items=[WebhookView.of(webhook) for webhook in await store.webhooks(principal.user)])

    @router.post("/jobs", summary="A new secret for the addresses that jobs name themselves; the former one signs beside it for a day")
    async def secret_of_jobs(principal: Caller) -> WebhookSecretAnswer:
        webhook, secret = await webhook_of_jobs(store, services.box, services.clock, principal.user)
        if secret is None:
            return await rotated(principal, webhook.id)
        return WebhookSecretAnswer(webhook=WebhookWithSecret.with_secret(webhook, secret))

    @router.get("/{webhook_id}", summary="One webhook")
    async def get(webhook_id: Id, principal: Caller) -> WebhookAnswer:
        return WebhookAnswer(webhook=WebhookView.of(await owned(principal, webhook_id)))

    @router.patch("/{webhook_id}", summary="Change a webhook; one that is enabled again is told of what comes from now on")
    async def change(webhook_id: Id, body: WebhookChanges, principal: Caller) -> WebhookAnswer:
        before = await owned(principal, webhook_id)
        if before.of_jobs and (body.url is not None or body.events is not None):
            raise Conflict("it stands for the addresses that jobs name themselves, and has neither an address nor events of its own")
        if body.url is not None:
            check_url(body.url, services.tuning.webhook_reach())
        since = await services.newest(principal.user) if body.enabled and not before.enabled else None
        changes = Changes(
            url=body.url,
            description=body.description,
            events=None if body.events is None else tuple(dict.fromkeys(body.events)),
            enabled=body.enabled,
            since=since,
        )
        changed = await store.change_webhook(principal.user, webhook_id, changes)
        if changed is None:
            raise _no_webhook()
        services.changed()
        return WebhookAnswer(webhook=WebhookView.of(changed))

    @router.delete("/{webhook_id}", status_code=204, summary="Delete a webhook and its log")
    async def delete(webhook_id: Id, principal: Caller) -> None:
        if not await store.delete_webhook(principal.user, webhook_id):
            raise _no_webhook()
        services.changed()

    @router.post("/{webhook_id}/rotate", summary="A new secret; the former one signs beside it for a day")
    async def rotate(webhook_id: Id, principal: Caller) -> WebhookSecretAnswer:
        return await rotated(principal, webhook_id)

    @router.get("/{webhook_id}/deliveries", summary="What it was told, newest first")
    async def deliveries(
        webhook_id: Id,
        principal: Caller,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        cursor: Annotated[str | None, Query(max_length=36, pattern=r"^[0-9a-f-]{36}$")] = None,
        state: Literal["waiting", "delivered", "failed", "dropped"] | None = None,
    ) -> DeliveryPage:
        await owned(principal, webhook_id)
        found = await store.deliveries(principal.user, webhook_id, limit=limit + 1, before=cursor, state=state)
        shown = found[:limit]
        return DeliveryPage(items=[DeliveryView.of(one) for one in shown], next_cursor=shown[-1].id if len(found) > limit else None)

    @router.post("/{webhook_id}/deliveries/{delivery_id}/replay", status_code=202, summary="Tell it once more, with the same webhook-id")
    async def replay(webhook_id: Id, delivery_id: Id, principal: Caller) -> DeliveryAnswer:
        await owned(principal, webhook_id)
        before = await store.delivery(delivery_id, principal.user)
        if before is None or before.webhook != webhook_id:
            raise NotFound("there is no such delivery")
        if before.state is DeliveryState.WAITING:
            raise Conflict("it is still being delivered")
        restarted = await store.restart_delivery(principal.user, delivery_id)
        if restarted is None:
            raise NotFound("there is no such delivery")
        await start_delivery(services.intake, services.tuning, restarted)
        return DeliveryAnswer(delivery=DeliveryView.of(restarted))

    return router


def _no_webhook() -> NotFound:
    return NotFound("there is no such webhook")
