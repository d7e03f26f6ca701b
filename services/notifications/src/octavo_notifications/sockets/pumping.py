"""From a user's stream to one client, in order, each event once.

The stream is the buffer. A client gets `OUTSTANDING` packets at most that it has not taken, and a follower that falls behind reads on
from the stream; so a client that is slow costs no memory, and one that takes nothing for `stall_s` is dropped. It comes back with the
last id it has.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from redis.exceptions import RedisError

from octavo_core.clock import Clock
from octavo_jobs.stream import EventHub
from octavo_notifications import metrics
from octavo_notifications.following import follow
from octavo_notifications.sockets import names
from octavo_notifications.sockets.client import Client, user_room
from octavo_notifications.webhooks.model import order

OUTSTANDING = 16

Emit = Callable[[Client, str, Any], Awaitable[None]]
Queue = Callable[[Client], "asyncio.Queue[Any] | None"]
"""What waits for the client in the transport; None when the connection is gone."""


class Stalled(Exception):
    """The client took nothing for too long."""


class Pump:
    def __init__(self, hub: EventHub, emit: Emit, queue: Queue, clock: Clock, *, stall_s: float) -> None:
        self._hub = hub
        self._emit = emit
        self._queue = queue
        self._clock = clock
        self._stall_s = stall_s

    async def run(self, client: Client, after: str | None, expires_at: str | None) -> None:
        """Until the client is gone. `after` None: from now on. Raises `Stalled`."""
        asked = after is not None
        client.last_event_id = after if after is not None else await self._now(client.user)
        ready = {"user": client.user, "room": user_room(client.user), "lastEventId": client.last_event_id, "expiresAt": expires_at}
        await self._emit(client, names.READY, ready)
        if not self._hub.available:
            # Who was connected already has been told.
            await self._emit(client, names.INTERRUPTED, {})
        if asked:
            await self._say_what_is_gone(client)

        async def replayed() -> None:
            client.caught_up = True
            await self._emit(client, names.REPLAYED, {})

        async for event in follow(self._hub, client.user, client.last_event_id, on_replayed=replayed):
            if client.wants(event):
                queue = self._queue(client)
                if queue is None:
                    return
                if queue.qsize() >= OUTSTANDING:
                    await self._wait_for_room(queue)
                await self._emit(client, event.type, orjson.Fragment(event.with_id()))
                metrics.SENT.inc()
                if client.caught_up:
                    metrics.LAG.observe(max(0, self._clock.now_ms() - order(event.id)[0]) / 1000)
            client.last_event_id = event.id

    async def _wait_for_room(self, queue: asyncio.Queue[Any]) -> None:
        try:
            async with asyncio.timeout(self._stall_s):
                await queue.join()
        except TimeoutError:
            raise Stalled from None

    async def _now(self, user: str) -> str:
        with contextlib.suppress(RedisError, OSError):
            return await self._hub.newest(user)
        # Nobody knows where the stream ends; what came before about now is not news.
        return f"{self._clock.now_ms() - 1_000}-0"

    async def _say_what_is_gone(self, client: Client) -> None:
        with contextlib.suppress(RedisError, OSError):
            oldest = await self._hub.oldest(client.user)
            if client.last_event_id != "0-0" and (oldest is None or order(client.last_event_id) < order(oldest)):
                await self._emit(client, names.INCOMPLETE, {"lastEventId": client.last_event_id, "oldest": oldest})
