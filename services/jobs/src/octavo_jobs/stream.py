"""The reading side of events: one reader per process that serves any number of listeners.

`EventHub` blocks in one XREAD over the streams of all users who have a listener here. When a user joins, a word on the hub's
own control stream wakes it, so that a new listener never waits for the block to end and no event can fall between. Nothing is
parsed on the way: listeners get the bytes, with the job's id and the type beside them.

Listeners have a bounded queue. One that does not keep up is told so (`Lagged`) and closed; its client comes back with
the last id it saw and reads the rest from the stream.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, cast

import redis.asyncio
import structlog
from redis.exceptions import RedisError

from octavo_jobs.channels import stream_key
from octavo_jobs.ending import end_task
from octavo_jobs.named_webhooks import NamedWebhooks

log = structlog.get_logger(__name__)

_Entries = list[tuple[bytes, dict[bytes, bytes]]]

LISTENER_QUEUE = 4_096
BLOCK_MS = 5_000
GATHER_ABOVE = 64
GATHER_S_PER_STREAM = 0.000_02
"""A read names every stream that is followed: 4 ms of CPU for 1,000. Above `GATHER_ABOVE` streams the reader rests after each for so
long, 20 ms for 1,000, so that what comes meanwhile is read together instead of one by one."""
_LOOK_BACK = 100
LINGER_S = 30.0
"""How long a user's stream is still followed after the last listener left, so that waiting callers do not churn it."""


@dataclass(frozen=True, slots=True)
class StreamEvent:
    id: str
    job: str
    type: str
    body: bytes
    """JSON object without `id`."""

    def with_id(self) -> bytes:
        return b'{"id":"' + self.id.encode() + b'",' + self.body[1:]


class Lagged(Exception):
    """The listener fell behind and has been closed; read on from the last id seen."""


class Listener:
    """Events of one user, or of one of the user's jobs, as they come. Close it, or use it as a context manager."""

    def __init__(self, hub: EventHub, user: str, job: str | None, capacity: int) -> None:
        self._hub = hub
        self.user = user
        self.job = job
        self._events: asyncio.Queue[StreamEvent | None] = asyncio.Queue(capacity)
        self._lagged = False

    def offer(self, event: StreamEvent) -> None:
        if self._lagged or (self.job is not None and event.job != self.job):
            return
        try:
            self._events.put_nowait(event)
        except asyncio.QueueFull:
            self._lagged = True

    async def get(self, timeout_s: float) -> StreamEvent | None:
        """The next event, or None when none came in time. Raises `Lagged`."""
        if self._lagged and self._events.empty():
            raise Lagged
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                return await self._events.get()
        return None

    def get_ready(self) -> list[StreamEvent]:
        """What has come already, without waiting."""
        ready = []
        while not self._events.empty():
            event = self._events.get_nowait()
            if event is not None:
                ready.append(event)
        return ready

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_: object) -> None:
        self._hub.leave(self)


class EventHub:
    def __init__(self, client: redis.asyncio.Redis) -> None:
        """`client` needs a socket timeout above `BLOCK_MS`."""
        self._client = client
        self.webhooks = NamedWebhooks(client)
        self._control = f"octavo:events-control:{uuid.uuid4().hex}"
        self._listeners: dict[str, set[Listener]] = {}
        self._positions: dict[str, str] = {}
        self._reader: asyncio.Task[None] | None = None
        self.available = True
        """Whether Redis answered the last read. While it does not, listeners hear nothing, and lose nothing that is kept there."""

    async def start(self) -> None:
        self._reader = asyncio.create_task(self._read_forever(), name="event-hub")

    async def close(self) -> None:
        if self._reader is not None:
            await end_task(self._reader)
        with contextlib.suppress(RedisError, OSError):
            await self._client.delete(self._control)

    async def listen(self, user: str, job: str | None = None, *, capacity: int = LISTENER_QUEUE) -> Listener:
        """Everything published after this call returns reaches the listener, as long as no more than `capacity` events wait there."""
        listener = Listener(self, user, job, capacity)
        self._listeners.setdefault(user, set()).add(listener)
        if user not in self._positions:
            # Without Redis nobody knows where the stream ends; what came before about now is not news for this listener.
            position = f"{time.time_ns() // 1_000_000 - 1_000}-0"
            with contextlib.suppress(RedisError, OSError):
                position = await self.newest(user)
            self._positions.setdefault(user, position)
            with contextlib.suppress(RedisError, OSError):
                await self._client.xadd(self._control, {"join": "1"}, maxlen=1, approximate=False)
        return listener

    def leave(self, listener: Listener) -> None:
        mine = self._listeners.get(listener.user)
        if mine is None:
            return
        mine.discard(listener)
        if not mine:
            asyncio.get_running_loop().call_later(LINGER_S, self._forget, listener.user)

    async def newest(self, user: str) -> str:
        """The id of the last event that is kept; `0-0` without one. Raises what the Redis client raises."""
        entries = cast("_Entries", await self._client.xrevrange(stream_key(user), count=1))
        return entries[0][0].decode() if entries else "0-0"

    async def oldest(self, user: str) -> str | None:
        """The id of the first event that is kept: what was before it cannot be replayed. Raises what the Redis client raises."""
        entries = cast("_Entries", await self._client.xrange(stream_key(user), count=1))
        return entries[0][0].decode() if entries else None

    async def knows(self, user: str, job: str) -> bool:
        """Whether a kept event of the user is about that job. Reads backwards, since who asks mostly means a young job; at worst all
        that is kept, in pages. Raises what the Redis client raises."""
        before, wanted = "+", job.encode()
        while True:
            page = cast("_Entries", await self._client.xrevrange(stream_key(user), max=before, count=_LOOK_BACK))
            if any(fields.get(b"j") == wanted for _, fields in page):
                return True
            if len(page) < _LOOK_BACK:
                return False
            before = f"({page[-1][0].decode()}"

    async def forget(self, user: str) -> None:
        """Delete what is kept of a user who is no more. Idempotent. Raises what the Redis client raises."""
        await self._client.delete(stream_key(user))

    async def replay(self, user: str, after: str, *, job: str | None = None, limit: int = 1_000) -> AsyncIterator[StreamEvent]:
        """Stored events after the id `after` (exclusive; `0-0` for all that is kept), oldest first."""
        position, left = after, limit
        while left > 0:
            page = cast("_Entries", await self._client.xrange(stream_key(user), min=f"({position}", count=min(500, max(left, 100))))
            if not page:
                return
            for raw_id, fields in page:
                position = raw_id.decode()
                event = _event(position, fields)
                if event is not None and (job is None or event.job == job):
                    yield event
                    left -= 1
                    if left == 0:
                        return

    def _forget(self, user: str) -> None:
        if not self._listeners.get(user):
            self._listeners.pop(user, None)
            self._positions.pop(user, None)

    async def _read_forever(self) -> None:
        control = "0-0"
        while True:
            streams: dict[Any, Any] = {self._control: control}
            users = {stream_key(user): user for user in self._positions}
            streams |= {key: self._positions[user] for key, user in users.items()}
            # After an outage the first read comes back at once, whether or not there is news, and says that Redis is there.
            block = BLOCK_MS if self.available else 1
            try:
                answer = cast("list[tuple[bytes, _Entries]]", await self._client.xread(streams, count=1_000, block=block))
            except (RedisError, OSError) as error:
                self.available = False
                log.warning("the event stream waits for Redis", error=type(error).__name__)
                await asyncio.sleep(0.5)
                continue
            self.available = True
            for raw_key, entries in answer:
                key = raw_key.decode()
                if key == self._control:
                    control = entries[-1][0].decode()
                    continue
                user = users[key]
                if user in self._positions:
                    self._positions[user] = entries[-1][0].decode()
                self._deliver(user, entries)
            if len(users) > GATHER_ABOVE:
                await asyncio.sleep(len(users) * GATHER_S_PER_STREAM)

    def _deliver(self, user: str, entries: _Entries) -> None:
        listeners = self._listeners.get(user)
        if not listeners:
            return
        for raw_id, fields in entries:
            event = _event(raw_id.decode(), fields)
            if event is None:
                continue
            for listener in listeners:
                listener.offer(event)


def _event(event_id: str, fields: dict[bytes, bytes]) -> StreamEvent | None:
    body, job, kind = fields.get(b"e"), fields.get(b"j"), fields.get(b"t")
    if body is None or job is None or kind is None:
        return None
    return StreamEvent(event_id, job.decode(), kind.decode(), body)
