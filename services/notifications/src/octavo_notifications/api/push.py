"""A person's browsers that are pushed to. Another person's are answered like what is not there."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from octavo_core.clock import Clock, to_iso
from octavo_core.errors import NotFound
from octavo_core.net import MAX_URL_CHARS
from octavo_core.net.webhooks import check_webhook
from octavo_notifications.api.calling import Caller, authenticated
from octavo_notifications.identity import Authenticate
from octavo_notifications.push.keys import VapidKey, check_browser_keys
from octavo_notifications.push.model import Subscription, subscription_id
from octavo_notifications.settings import NotificationsTuning
from octavo_notifications.store import NotificationStore

Id = Annotated[str, Path(max_length=36, pattern=r"^[0-9a-f-]{1,36}$")]


class PushKeys(BaseModel):
    model_config = ConfigDict(extra="forbid")

    p256dh: str = Field(min_length=1, max_length=100, description="The browser's public key, base64url.")
    auth: str = Field(min_length=1, max_length=40, description="The browser's secret of 16 bytes, base64url.")


class NewPush(BaseModel):
    """As `PushSubscription.toJSON()` has it, without what is not listed here."""

    model_config = ConfigDict(extra="forbid")

    endpoint: str = Field(min_length=1, max_length=MAX_URL_CHARS, description="Public https address at the browser's push service.")
    keys: PushKeys


class PushView(BaseModel):
    id: str
    endpoint: str
    created_at: str

    @classmethod
    def of(cls, kept: Subscription) -> PushView:
        return cls(id=kept.id, endpoint=kept.endpoint, created_at=to_iso(kept.created_at))


class PushAnswer(BaseModel):
    success: Literal[True] = True
    subscription: PushView


class PushPage(BaseModel):
    success: Literal[True] = True
    public_key: str = Field(description="The `applicationServerKey` to subscribe with.")
    items: list[PushView]


def push_router(
    store: NotificationStore, key: VapidKey, clock: Clock, tuning: NotificationsTuning, authenticate: Authenticate
) -> APIRouter:
    router = APIRouter(prefix="/api/notifications/push", tags=["push"], dependencies=[authenticated(authenticate)])

    @router.get("", summary="The caller's browsers that are pushed to, and the key to subscribe with; never more than one page")
    async def list_pushes(principal: Caller) -> PushPage:
        return PushPage(public_key=key.public, items=[PushView.of(one) for one in await store.pushes([principal.user])])

    @router.put("", summary="Push to this browser; again is harmless, and of too many the oldest goes")
    async def put(body: NewPush, principal: Caller) -> PushAnswer:
        endpoint = check_webhook(body.endpoint, tuning.webhook_reach("endpoint"))
        check_browser_keys(body.keys.p256dh, body.keys.auth)
        new = Subscription(subscription_id(endpoint), principal.user, body.endpoint, body.keys.p256dh, body.keys.auth, clock.now_ms())
        return PushAnswer(subscription=PushView.of(await store.put_push(new, most=tuning.pushes_per_user)))

    @router.delete("/{subscription_id}", status_code=204, summary="Push no more to that browser")
    async def delete(subscription_id: Id, principal: Caller) -> None:
        if not await store.delete_push(principal.user, subscription_id):
            raise NotFound("there is no such subscription")

    return router
