"""The service as a process of its own has it: its connections, its parts, one ASGI application."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from importlib.metadata import version

import structlog
from redis.exceptions import RedisError
from starlette.types import ASGIApp, Receive, Scope, Send

from octavo_core.clock import Clock, SystemClock
from octavo_core.errors import Unavailable
from octavo_core.http import Edge, create_app, lifespan_of
from octavo_core.identity import JwksKeys, KeySource, TokenVerifier
from octavo_jobs.embedded import EmbeddedWorker
from octavo_jobs.redis_client import open_redis
from octavo_jobs.stream import EventHub
from octavo_notifications.composing import SOCKET_PATH, Foundation, Notifications
from octavo_notifications.identity import TokenCheck
from octavo_notifications.settings import NotificationsSettings

log = structlog.get_logger(__name__)

PREFIX = "/api/notifications"


@dataclass(frozen=True, slots=True)
class Service:
    """`app` starts and closes the rest by its lifespan; where nobody runs that, `start` and `close` do the same."""

    app: ASGIApp
    prefixes: tuple[str, ...]
    parts: Notifications
    _process: _Process

    async def start(self) -> None:
        """Brings the schema up to date, begins to read events, to deliver and to reap. Raises `Unavailable` when the database does not come
        within `start_seconds`."""
        await self._process.start()

    async def close(self) -> None:
        await self._process.close()


def create_service(settings: NotificationsSettings, *, clock: Clock | None = None, keys: KeySource | None = None) -> Service:
    """Nothing is connected before `start`. `keys`: what tokens are checked with, where it is not `settings.jwks_url`."""
    process = _Process(settings, clock or SystemClock(), keys)

    routes = create_app(
        service="notifications",
        title="Octavo notifications",
        description="What happened, told to the people it happened for: Socket.IO, server-sent events, webhooks, mails.",
        version=version("octavo-notifications"),
        checks={"database": process.check_database, "redis": process.check_redis},
        lifespan=lifespan_of(process),
        cors_origins=settings.cors_origins,
        max_body_bytes=settings.max_body_bytes,
        prefix=PREFIX,
    )
    for router in process.parts.routers():
        routes.include_router(router)

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and is_socket_path(scope["path"]):
            await process.parts.socket_io(scope, receive, send)
        elif scope["type"] != "websocket":
            await routes(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    edge = Edge(dispatch, service="notifications", max_body_bytes=settings.max_body_bytes)
    return Service(edge, (PREFIX, SOCKET_PATH, "/api/internal/users"), process.parts, process)


def is_socket_path(path: str) -> bool:
    return path == SOCKET_PATH or path.startswith(SOCKET_PATH + "/")


class _Process:
    def __init__(self, settings: NotificationsSettings, clock: Clock, keys: KeySource | None) -> None:
        redis_url = settings.redis_url.get_secret_value()
        events_url = redis_url if settings.events_redis_url is None else settings.events_redis_url.get_secret_value()
        self._drain_s, self._start_s = settings.drain_seconds, settings.start_seconds
        self._jobs = EmbeddedWorker(settings, clock=clock)
        self._events = open_redis(events_url)
        self._hub = EventHub(self._events)
        if keys is None and settings.jwks_url is not None:
            keys = JwksKeys(settings.jwks_url)
        verifier = None if keys is None else TokenVerifier(keys, issuer=settings.issuer, audience=settings.audience)
        foundation = Foundation(self._hub, self._jobs.intake, self._jobs.store, settings.jobs_url(), settings.home, clock)
        self.parts = Notifications(foundation, TokenCheck(verifier), settings, cors_origins=settings.cors_origins)

    async def start(self) -> None:
        await self._reach_database()
        await self._hub.start()
        await self.parts.start()
        await self._jobs.start(self.parts.lanes)

    async def _reach_database(self) -> None:
        """In a cluster all start at once, and a database that makes its first files takes longest."""
        give_up = time.monotonic() + self._start_s
        while True:
            try:
                await self._jobs.store.migrate()
            except Unavailable as error:
                if time.monotonic() > give_up:
                    raise
                log.warning("waiting for the database", reason=error.message)
                await asyncio.sleep(1)
            else:
                return

    async def close(self) -> None:
        await self.parts.quiet()
        # Before their store: deliveries under way are written down.
        await self._jobs.close(self._drain_s)
        await self.parts.close()
        await self._hub.close()
        await self._events.aclose()

    async def check_database(self) -> None:
        await self._jobs.check_database()

    async def check_redis(self) -> None:
        await self._jobs.check_redis()
        try:
            await self._events.ping()
        except (RedisError, OSError) as error:
            raise Unavailable(f"Redis does not answer ({type(error).__name__})") from None
