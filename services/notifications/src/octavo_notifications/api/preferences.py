"""What a user chose about being told."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter

from octavo_core.errors import Conflict
from octavo_notifications.api.bodies import Preferences, PreferencesAnswer
from octavo_notifications.api.calling import Caller, authenticated
from octavo_notifications.identity import Authenticate
from octavo_notifications.settings import NotificationsTuning
from octavo_notifications.store import NotificationStore


def preferences_router(
    store: NotificationStore, tuning: NotificationsTuning, authenticate: Authenticate, changed: Callable[[], None]
) -> APIRouter:
    router = APIRouter(prefix="/api/notifications/preferences", tags=["notifications"], dependencies=[authenticated(authenticate)])
    available = tuning.sends_mails

    @router.get("", summary="The caller's preferences")
    async def read(principal: Caller) -> PreferencesAnswer:
        chosen = Preferences(mail_after_seconds=await store.mail_after_s(principal.user))
        return PreferencesAnswer(preferences=chosen, mail_available=available)

    @router.put("", summary="Change them")
    async def write(body: Preferences, principal: Caller) -> PreferencesAnswer:
        if body.mail_after_seconds is not None and not available:
            raise Conflict("mails cannot be sent here: OCTAVO_MAIL_URL, OCTAVO_SERVICE_TOKEN_URL and OCTAVO_SERVICE_SECRET are not set")
        await store.set_mail_after_s(principal.user, body.mail_after_seconds)
        changed()
        return PreferencesAnswer(preferences=body, mail_available=available)

    return router
