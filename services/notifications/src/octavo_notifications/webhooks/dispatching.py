"""From events to what is done about them: one task for each user who wants something done, on whichever replica.

Every replica does this for all of them. That is safe, since what follows from an event is written down once whoever writes it, and it
means that no replica need know of another; its cost is a read of the database for each transition of such a user on each replica.
The position of a user is moved after what came before it is written, so that a crash repeats and never skips.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

import structlog
from redis.exceptions import RedisError

from octavo_core.errors import OctavoError
from octavo_jobs.ending import end_task
from octavo_jobs.stream import EventHub, StreamEvent
from octavo_notifications.following import follow
from octavo_notifications.store import NotificationStore
from octavo_notifications.webhooks.model import DELIVERED_TYPES, order

log = structlog.get_logger(__name__)

REFRESH_S = 30.0
"""How long it takes at most until a replica hears of a user who began elsewhere to want something."""
ADVANCE_EVERY_S = 2.0
_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 10.0

Act = Callable[[str, StreamEvent], Awaitable[None]]
"""What to do about a user's event. Idempotent; raises `OctavoError` when it cannot now, and is called again."""


class Dispatcher:
    def __init__(self, hub: EventHub, store: NotificationStore, acts: Sequence[Act]) -> None:
        self._hub = hub
        self._store = store
        self._acts = acts
        self._changed = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._watching: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._watching = asyncio.create_task(self._watch(), name="webhook owners")

    def look_again(self) -> None:
        """Someone here began, or ceased, to want something."""
        self._changed.set()

    async def close(self) -> None:
        if self._watching is not None:
            await end_task(self._watching)
        for task in self._tasks.values():
            await end_task(task)

    async def _watch(self) -> None:
        while True:
            self._changed.clear()
            try:
                await self._refresh()
            except OctavoError as error:
                log.warning("who wants to be told cannot be read", error=error.code)
            except (RedisError, OSError) as error:
                log.warning("who wants to be told waits for Redis", error=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REFRESH_S):
                    await self._changed.wait()

    async def _refresh(self) -> None:
        followed = await self._store.followed()
        for owner in [owner for owner, task in self._tasks.items() if owner not in followed or task.done()]:
            await end_task(self._tasks.pop(owner))
        for owner, position in followed.items():
            if owner not in self._tasks:
                after = position or await self._first(owner)
                self._tasks[owner] = asyncio.create_task(self._follow(owner, after), name="webhook events")

    async def _first(self, owner: str) -> str:
        """Where to begin for someone of whom nothing was dealt with yet."""
        since = [webhook.since for webhook in await self._store.webhooks(owner) if webhook.enabled and not webhook.of_jobs]
        return min(since, key=order) if since else await self._hub.newest(owner)

    async def _follow(self, owner: str, after: str) -> None:
        loop = asyncio.get_running_loop()
        advanced_at = loop.time()
        try:
            async for event in follow(self._hub, owner, after):
                acted = event.type in DELIVERED_TYPES
                if acted:
                    await self._act(owner, event)
                if acted or loop.time() - advanced_at > ADVANCE_EVERY_S:
                    advanced_at = loop.time()
                    # Not being able to is no harm: what was dealt with is dealt with once more, to no effect.
                    with contextlib.suppress(OctavoError):
                        await self._store.advance(owner, event.id)
        except Exception:
            # `_watch` begins anew, from the last position.
            log.exception("following a user's events failed")
            await asyncio.sleep(_PAUSE_S)
            self._changed.set()

    async def _act(self, owner: str, event: StreamEvent) -> None:
        pause_s = _PAUSE_S
        for act in self._acts:
            while True:
                try:
                    await act(owner, event)
                    break
                except OctavoError as error:
                    log.warning("an event waits to be acted on", id=event.id, type=event.type, error=error.code)
                    await asyncio.sleep(pause_s)
                    pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
