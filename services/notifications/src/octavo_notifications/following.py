"""A user's events from a given one on, each once and in order, without an end: what was missed, then what comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import structlog
from redis.exceptions import RedisError

from octavo_jobs.stream import EventHub, Lagged, StreamEvent
from octavo_notifications.webhooks.model import order

log = structlog.get_logger(__name__)

CAPACITY = 512
"""Events that wait in memory for one follower. One that falls behind reads the rest from the stream: it loses nothing, and costs no
more memory."""
REPLAY_MAX = 1_000_000_000
_PAUSE_S, _LONGEST_PAUSE_S = 0.25, 3.0


async def follow(
    hub: EventHub, user: str, after: str, *, on_replayed: Callable[[], Awaitable[None]] | None = None
) -> AsyncIterator[StreamEvent]:
    """Events after the id `after`. The listener is there before the stream is read, so nothing falls in between; what both tell is
    dropped by its id. While Redis is away it waits, and goes on where it was. `on_replayed` is called once, when what was missed has
    been told."""
    position, pause_s = after, _PAUSE_S
    while True:
        with await hub.listen(user, capacity=CAPACITY) as listener:
            try:
                async for event in hub.replay(user, position, limit=REPLAY_MAX):
                    position = event.id
                    yield event
            except (RedisError, OSError) as error:
                log.warning("what was missed waits for Redis", error=type(error).__name__)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
                continue
            pause_s = _PAUSE_S
            if on_replayed is not None:
                await on_replayed()
                on_replayed = None
            try:
                while True:
                    first = await listener.get(60.0)
                    if first is None:
                        continue
                    for event in (first, *listener.get_ready()):
                        if order(event.id) > order(position):
                            position = event.id
                            yield event
            except Lagged:
                continue
