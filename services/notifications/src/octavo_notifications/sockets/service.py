"""The Socket.IO server at `/socket.io/`: who may connect, what they may ask for, and how it ends.

No Redis manager stands behind it: each process follows the streams of the users who are connected to it, so any replica serves any
client, and a client that comes back to another one with its last event id gets what it missed. Nothing about a connection outlives it.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Sequence
from typing import Any

import structlog
from redis.exceptions import RedisError
from socketio.exceptions import ConnectionRefusedError as Refused

from octavo_core.clock import Clock, to_iso
from octavo_core.errors import Forbidden, InvalidInput, NotFound, OctavoError, Throttled, Unavailable
from octavo_jobs.ending import end_task
from octavo_jobs.stream import EventHub
from octavo_notifications import metrics
from octavo_notifications.identity import TokenCheck, cookie_of_own_page
from octavo_notifications.settings import NotificationsTuning
from octavo_notifications.sockets import names
from octavo_notifications.sockets.client import Client, job_room, user_room
from octavo_notifications.sockets.pumping import Pump, Stalled
from octavo_notifications.sockets.transport import Transport
from octavo_notifications.sockets.wire import TextPacket, TextServer

log = structlog.get_logger(__name__)

EVENT_ID = re.compile(r"[0-9]{1,19}-[0-9]{1,19}")
_JOB = re.compile(r"[A-Za-z0-9-]{1,64}")
KNOWN_WITHIN_S = 3.0
"""How long a job that was just accepted may take until its first event is there."""
REFUSALS_MAX = 20
"""So many refused subscriptions end a connection: each may read all that is kept of the user."""
_WATCH_EVERY_S = 1.0


class SocketService:
    def __init__(
        self, hub: EventHub, check: TokenCheck, clock: Clock, tuning: NotificationsTuning, *, cors_origins: Sequence[str] = ()
    ) -> None:
        self._hub = hub
        self._check = check
        self._clock = clock
        self._tuning = tuning
        quiet = logging.getLogger("octavo.socketio")
        quiet.setLevel(logging.CRITICAL)
        self._server = TextServer(
            async_mode="asgi",
            serializer=TextPacket,
            # One packet of a client at a time: one that sends many waits for itself.
            async_handlers=False,
            max_http_buffer_size=tuning.socket_message_bytes,
            # None: pages of this host alone.
            cors_allowed_origins="*" if "*" in cors_origins else list(cors_origins) or None,
            cors_credentials=False,
            logger=quiet,
            engineio_logger=quiet,
        )
        self._server.on("connect", self._connect)
        self._server.on("disconnect", self._disconnect)
        self._server.on(names.SUBSCRIBE, self._subscribe)
        self._server.on(names.UNSUBSCRIBE, self._unsubscribe)
        self._server.on(names.AUTHENTICATE, self._authenticate)
        self.transport = Transport(self._server, sessions_max=tuning.socket_clients)
        self._pump = Pump(hub, self._emit, self._queue, clock, stall_s=tuning.socket_stall_seconds)
        self._clients: dict[str, Client] = {}
        self._by_user: dict[str, set[str]] = {}
        self._refusals: dict[str, int] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._watching = asyncio.create_task(self._watch(), name="socket.io watch")

    async def close(self) -> None:
        """Clients lose the transport, not the session that they think of: they come back, here or elsewhere."""
        if self._watching is not None:
            await end_task(self._watching)
        await self.transport.close()
        if self._leaving:
            await asyncio.wait(self._leaving, timeout=2)

    async def disconnect_user(self, user: str, reason: str) -> None:
        for sid in list(self._by_user.get(user, ())):
            await self._drop(self._clients[sid], reason)

    async def _connect(self, sid: str, environ: Any, auth: Any = None) -> None:
        # A client may emit an event of this name; it is connected already then.
        if sid in self._clients or not isinstance(environ, dict):
            return
        try:
            client, after = await self._admitted(sid, environ, auth if isinstance(auth, dict) else {})
        except OctavoError as error:
            metrics.REFUSED.labels(error.code).inc()
            log.info("a connection was refused", error=error.code)
            raise Refused(error.message, {"success": False, "error": error.code, "message": error.message}) from None
        self.transport.joined(client.session, environ)
        self._clients[sid] = client
        self._by_user.setdefault(client.user, set()).add(sid)
        metrics.CLIENTS.set(len(self._clients))
        # They begin when this coroutine's caller next waits, and that is after it has sent the packet that says "connected".
        client.tasks = [asyncio.create_task(self._run(client, after), name="socket.io pump")]
        if client.expires_at is not None:
            client.tasks.append(asyncio.create_task(self._watch_token(client), name="socket.io token"))

    async def _admitted(self, sid: str, environ: dict[str, Any], auth: dict[str, Any]) -> tuple[Client, str | None]:
        """Raises what keeps it out."""
        token, after, scope = auth.get("token"), auth.get("lastEventId"), auth.get("scope", "user")
        if token is None:
            kind, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
            token = token if kind.lower() == "bearer" else cookie_of_own_page(environ)
        if token is not None and not isinstance(token, str):
            raise InvalidInput("auth.token must be a text")
        if after is not None and not (isinstance(after, str) and EVENT_ID.fullmatch(after)):
            raise InvalidInput("auth.lastEventId is not an event id that was given out here")
        if scope not in ("user", "jobs"):
            raise InvalidInput("auth.scope must be user or jobs")
        admitted = await self._check.admit(token)
        user = admitted.principal.user
        if len(self._by_user.get(user, ())) >= self._tuning.socket_clients_per_user:
            raise Throttled(f"at most {self._tuning.socket_clients_per_user} connections for a user")
        session = self._server.manager.eio_sid_from_sid(sid, "/")
        return Client(sid, session, admitted.principal, admitted.expires_at, whole=scope == "user"), after

    async def _disconnect(self, sid: str, reason: Any = None) -> None:
        # Emitted as an event by a client that stays, it means nothing.
        if self._server.manager.is_connected(sid, "/"):
            return
        self._forget(sid)

    def _forget(self, sid: str) -> None:
        client = self._clients.pop(sid, None)
        if client is None:
            return
        client.ended = True
        self.transport.wake(client.session)
        mine = self._by_user[client.user]
        mine.discard(sid)
        if not mine:
            del self._by_user[client.user]
        self._refusals.pop(sid, None)
        metrics.CLIENTS.set(len(self._clients))
        for task in client.tasks:
            if task is not asyncio.current_task():
                ending = asyncio.create_task(end_task(task))
                self._leaving.add(ending)
                ending.add_done_callback(self._leaving.discard)

    async def _subscribe(self, sid: str, data: Any = None, *_: Any) -> dict[str, Any]:
        client = self._clients[sid]
        try:
            job = _job_of(data)
            if job not in client.jobs:
                if len(client.jobs) >= self._tuning.socket_subscriptions:
                    raise Throttled(f"at most {self._tuning.socket_subscriptions} subscriptions for a connection")
                await self._check_owner(client, job)
                client.jobs.add(job)
        except OctavoError as error:
            metrics.REFUSED.labels(error.code).inc()
            log.info("a subscription was refused", error=error.code, user=client.user)
            self._refusals[sid] = self._refusals.get(sid, 0) + 1
            if self._refusals[sid] >= REFUSALS_MAX:
                await self._drop(client, "too many refused subscriptions")
            return _refusal(error)
        return {"success": True, "room": job_room(job), "lastEventId": client.last_event_id}

    async def _check_owner(self, client: Client, job: str) -> None:
        """A job is the user's when the user's own stream tells of it; that of another user is answered like one that is not there."""
        try:
            with await self._hub.listen(client.user, job) as listener:
                if await self._hub.knows(client.user, job) or await listener.get(KNOWN_WITHIN_S) is not None:
                    return
        except (RedisError, OSError):
            raise Unavailable("events cannot be read; Redis does not answer", retry_after=2) from None
        raise NotFound("there is no such job of yours, or nothing is kept of it any more")

    async def _unsubscribe(self, sid: str, data: Any = None, *_: Any) -> dict[str, Any]:
        client = self._clients[sid]
        try:
            job = _job_of(data)
        except OctavoError as error:
            return _refusal(error)
        client.jobs.discard(job)
        return {"success": True, "room": job_room(job)}

    async def _authenticate(self, sid: str, data: Any = None, *_: Any) -> dict[str, Any]:
        client = self._clients[sid]
        try:
            token = data.get("token") if isinstance(data, dict) else None
            admitted = await self._check.admit(token if isinstance(token, str) else None)
            if admitted.principal.user != client.user:
                raise Forbidden("the token is of another user; connect anew")
        except OctavoError as error:
            metrics.REFUSED.labels(error.code).inc()
            log.info("a fresh token was refused", error=error.code, user=client.user)
            return _refusal(error)
        client.principal, client.expires_at = admitted.principal, admitted.expires_at
        client.renewed.set()
        return {"success": True, "room": user_room(client.user), "expiresAt": _iso(client.expires_at)}

    async def _run(self, client: Client, after: str | None) -> None:
        try:
            await self._pump.run(client, after, _iso(client.expires_at))
        except Stalled:
            await self._drop(client, "slow")
        except Exception:
            log.exception("events could not be told", user=client.user)
            await self._drop(client, "failed")

    async def _watch_token(self, client: Client) -> None:
        """Tells of the expiry, and ends the connection for good when no fresh token comes: the same one would be refused anyway."""
        while client.expires_at is not None:
            client.renewed.clear()
            if await _set_within(client.renewed, (client.expires_at - self._clock.now_ms()) / 1000):
                continue
            grace = self._tuning.socket_grace_seconds
            await self._emit(client, names.EXPIRED, {"graceSeconds": grace})
            if not await _set_within(client.renewed, grace):
                metrics.DROPPED.labels("token expired").inc()
                await self._emit(client, names.DROPPED, {"reason": "token expired", "lastEventId": client.last_event_id})
                session = client.session
                await self._server.disconnect(client.sid)
                self.transport.end(session)
                return

    async def _drop(self, client: Client, reason: str) -> None:
        """By way of the transport: the official clients come back by themselves after that, and do not after a disconnect."""
        if client.ended:
            return
        client.ended = True
        metrics.DROPPED.labels(reason).inc()
        log.info("a client was dropped", user=client.user, reason=reason)
        await self._emit(client, names.DROPPED, {"reason": reason, "lastEventId": client.last_event_id})
        self.transport.end(client.session)

    async def _emit(self, client: Client, event: str, data: Any) -> None:
        await self._server.tell(client.session, event, data)

    def _queue(self, client: Client) -> asyncio.Queue[Any] | None:
        return None if client.ended else self.transport.queue(client.session)

    async def _watch(self) -> None:
        """Says when Redis goes and comes back, and clears away what stands open with nobody on it."""
        was_available = True
        while True:
            await asyncio.sleep(_WATCH_EVERY_S)
            if self._hub.available != was_available:
                was_available = self._hub.available
                said = names.RESUMED if was_available else names.INTERRUPTED
                for client in list(self._clients.values()):
                    await self._emit(client, said, {})
            for client in list(self._clients.values()):
                # It left while it was being let in.
                if client.session not in self.transport.sessions:
                    self._forget(client.sid)
            self.transport.end_unjoined({client.session for client in self._clients.values()})


def _job_of(data: Any) -> str:
    job = data.get("job") if isinstance(data, dict) else None
    if not isinstance(job, str) or not _JOB.fullmatch(job):
        raise InvalidInput("say which job: {job: ID}")
    return job


def _refusal(error: OctavoError) -> dict[str, Any]:
    return {"success": False, "error": error.code, "message": error.message}


def _iso(ms: int | None) -> str | None:
    return None if ms is None else to_iso(ms)


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            await event.wait()
    except TimeoutError:
        return False
    return True
