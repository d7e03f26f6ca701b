"""The service's parts, over a hub, an intake and a database that whoever composes them has opened: a process of its own (`app.py`), or
the laptop's platform, which has them for its generators."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter
from redis.exceptions import RedisError
from starlette.types import Receive, Scope, Send

from octavo_core.clock import Clock
from octavo_core.errors import Unavailable
from octavo_core.http import problem_response
from octavo_jobs.context import JobContext
from octavo_jobs.ending import end_task
from octavo_jobs.intake import JobIntake
from octavo_jobs.lifecycle import Job
from octavo_jobs.runner import Handler, Lane
from octavo_jobs.store import JobStore
from octavo_jobs.stream import EventHub
from octavo_notifications import mails
from octavo_notifications.api.erasure import erasure_router
from octavo_notifications.api.events import notifications_router
from octavo_notifications.api.posts import posts_router
from octavo_notifications.api.preferences import preferences_router
from octavo_notifications.api.push import push_router
from octavo_notifications.api.webhooks import WebhookServices, webhooks_router
from octavo_notifications.identity import TokenCheck
from octavo_notifications.push import delivering as pushing
from octavo_notifications.push.keys import read_vapid_key
from octavo_notifications.push.telling import PushTeller
from octavo_notifications.settings import NotificationsTuning
from octavo_notifications.store import open_notification_store
from octavo_notifications.webhooks import delivering
from octavo_notifications.webhooks.dispatching import Dispatcher
from octavo_notifications.webhooks.naming import NamedDispatcher
from octavo_notifications.webhooks.sealing import SecretBox, read_box
from octavo_notifications.webhooks.telling import WebhookTeller

if TYPE_CHECKING:
    from octavo_notifications.sockets.service import SocketService

SOCKET_PATH = "/socket.io"
_AT_ONCE = 64
"""Deliveries, pushes and mails under way in one process, each."""


@dataclass(frozen=True, slots=True)
class Foundation:
    """What must be there already. Nothing of it is closed here."""

    hub: EventHub
    intake: JobIntake
    jobs: JobStore
    database_url: str
    home: Path
    clock: Clock


class Notifications:
    """Composed, not connected; `start` after the foundation has started, `close` before it closes.

    `lanes` are for whoever runs jobs in this process. `socket_io` is the ASGI callable of `/socket.io/`.
    """

    def __init__(self, foundation: Foundation, check: TokenCheck, tuning: NotificationsTuning, *, cors_origins: Sequence[str] = ()) -> None:
        self._foundation = foundation
        self._check = check
        self._tuning = tuning
        self._cors_origins = cors_origins
        self._sockets: SocketService | None = None
        self._opening = asyncio.Lock()
        self._closed = False
        self._sweeping: asyncio.Task[None] | None = None
        self.store = open_notification_store(foundation.database_url, foundation.clock)
        given = tuning.webhook_key
        self._box: SecretBox = read_box(None if given is None else given.get_secret_value(), foundation.home)
        push_key = tuning.push_key
        self._vapid = read_vapid_key(None if push_key is None else push_key.get_secret_value(), foundation.home)
        self._push_teller = PushTeller(self.store, foundation.intake, foundation.clock, tuning)
        self._teller = WebhookTeller(self.store, foundation.intake, foundation.jobs, self._box, foundation.clock, tuning)
        mail_teller = mails.MailTeller(self.store, foundation.intake, foundation.clock)
        self._dispatcher = Dispatcher(foundation.hub, self.store, [self._teller.tell, mail_teller.tell])
        self._named = NamedDispatcher(foundation.hub.webhooks, self._teller.tell_named)
        self.lanes = (
            Lane(delivering.QUEUE, _Deferred(self._delivery_handler), _AT_ONCE),
            Lane(pushing.QUEUE, _Deferred(self._push_handler), _AT_ONCE),
            Lane(mails.QUEUE, mails.MailHandler(tuning), _AT_ONCE),
        )

    def routers(self, *, erasure_paths: tuple[str, ...] | None = None) -> list[APIRouter]:
        base, authenticate = self._foundation, self._check.authenticate
        services = WebhookServices(
            store=self.store,
            intake=base.intake,
            hub=base.hub,
            box=self._box,
            clock=base.clock,
            tuning=self._tuning,
            changed=self._dispatcher.look_again,
        )
        erasure = (
            erasure_router(self.erase, authenticate)
            if erasure_paths is None
            else erasure_router(self.erase, authenticate, paths=erasure_paths)
        )
        return [
            notifications_router(base.hub, authenticate),
            webhooks_router(services, authenticate),
            push_router(self.store, self._vapid, base.clock, self._tuning, authenticate),
            posts_router(self._push_teller, authenticate),
            preferences_router(self.store, self._tuning, authenticate, self._dispatcher.look_again),
            erasure,
        ]

    async def start(self) -> None:
        await self.store.migrate()
        self._dispatcher.start()
        self._named.start()
        self._sweeping = asyncio.create_task(self._teller.sweep_forever(), name="sweep deliveries")

    async def quiet(self) -> None:
        """Takes up no event any more; what was taken up goes on. May be called twice."""
        if self._sweeping is not None:
            await end_task(self._sweeping)
        await self._dispatcher.close()
        await self._named.close()

    async def close(self) -> None:
        self._closed = True
        if self._sockets is not None:
            await self._sockets.close()
        await self.quiet()
        await self.store.close()

    async def socket_io(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            sockets = await self.open_sockets()
        except Unavailable as error:
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1012, "reason": error.message})
            else:
                await problem_response(error)(scope, receive, send)
            return
        await sockets.transport(scope, receive, send)

    async def erase(self, user: str) -> None:
        """Connections, webhooks, deliveries, browsers, preferences, and the stream itself."""
        await self.store.erase(user)
        self._dispatcher.look_again()
        if self._sockets is not None:
            await self._sockets.disconnect_user(user, "the account was deleted")
        try:
            await self._foundation.hub.forget(user)
            await self._foundation.hub.webhooks.forget(user)
        except (RedisError, OSError):
            raise Unavailable("events cannot be deleted; Redis does not answer", retry_after=5) from None
        # Once more: what was being written while the first one ran.
        await self.store.erase(user)

    async def open_sockets(self) -> SocketService:
        """Loaded with the first client, if not before: a laptop that nobody connects to does not pay for it."""
        async with self._opening:
            if self._closed:
                raise Unavailable("this process is about to end; connect again", retry_after=1)
            if self._sockets is None:
                from octavo_notifications.sockets.service import SocketService

                base = self._foundation
                self._sockets = SocketService(base.hub, self._check, base.clock, self._tuning, cors_origins=self._cors_origins)
                await self._sockets.start()
        return self._sockets

    def _delivery_handler(self) -> Handler:
        from octavo_notifications.webhooks.sending import Sender

        return delivering.DeliveryHandler(self.store, self._box, Sender(self._tuning.webhook_reach()), self._foundation.clock, self._tuning)

    def _push_handler(self) -> Handler:
        from octavo_notifications.webhooks.sending import Sender

        return pushing.PushHandler(self.store, self._vapid, Sender(self._tuning.webhook_reach()), self._foundation.clock, self._tuning)


class _Deferred:
    """Opens its handler, and with it an HTTP client, with the first delivery."""

    def __init__(self, open_handler: Callable[[], Handler]) -> None:
        self._open = open_handler
        self._handler: Handler | None = None

    async def __call__(self, job: Job, context: JobContext) -> str:
        if self._handler is None:
            self._handler = self._open()
        return await self._handler(job, context)
