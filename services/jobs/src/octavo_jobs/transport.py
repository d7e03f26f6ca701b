"""Dramatiq on Redis as the bell: a message carries the ids of jobs to look at, and nothing else.

The row is the truth. A message that is lost is rung again by the reaper; one that comes twice finds its jobs claimed. So the
broker may forget what Dramatiq's own remembers: a message is an element of the queue's list, taken out by whoever pops it, and
there is nothing to acknowledge and nothing to give back after a crash.

What differs from Dramatiq's own Redis broker and worker:

- The consumer blocks in BLPOP on the queue's list. Dramatiq's polls with a sleep that grows to a second: 38 ms more for each job
  that comes alone, and polling every 5 ms instead takes 29 % of a core at rest.
- It blocks on the event loop where the actor runs. Through Dramatiq's consumer thread and worker thread a message crosses three
  threads, each asleep until the one before wakes it: milliseconds for a job that comes alone.
- The message itself stands in the list. Dramatiq keeps it in a hash, with a set of those that are under way: four more commands
  for each message, which cost as much CPU as the work on its jobs.
- No delay queues: a retry waits in its row.

Each queue has a task and a connection of its own and at most one message in hand, so a queue that is full never holds up another.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import dramatiq
import structlog
from redis.exceptions import RedisError

from octavo_jobs.channels import WAKE_CHANNEL
from octavo_jobs.events import Event, add_to_stream
from octavo_jobs.group_commit import GroupCommit
from octavo_jobs.redis_client import open_redis

log = structlog.get_logger(__name__)

ACTOR = "octavo_jobs.take"
BLOCK_S = 1
"""How long a consumer blocks at a stretch; also how long a worker's stop waits for it."""
NAMESPACE = "octavo:bell"
WAKE_EVERY_S = 0.25

Take = Callable[[str, list[str]], Awaitable[None]]


def queue_name(queue: str) -> str:
    """Dramatiq wants a letter in front; generators may begin with a digit."""
    return f"jobs.{queue}"


def list_key(queue: str) -> str:
    """The Redis list of a queue's messages."""
    return f"{NAMESPACE}:{queue_name(queue)}"


@dataclass(frozen=True, slots=True)
class _Ring:
    queue: str
    ids: Sequence[str]
    per_message: int
    events: Sequence[Event]


class Bell:
    """Rings for accepted jobs. Any number of tasks of one loop may call `ring`; calls that come while one is under way are merged."""

    def __init__(self, redis_url: str) -> None:
        self._client = open_redis(redis_url, max_connections=4)
        self._rings: GroupCommit[_Ring, bool] = GroupCommit(self._ring_together, linger_max_s=0)
        self._woken: dict[str, float] = {}

    async def ring(self, queue: str, ids: Sequence[str], *, per_message: int = 16, events: Sequence[Event] = ()) -> bool:
        """`events` go into their streams ahead of the ring, in the same breath: what a worker says of these jobs comes after
        them. Best effort: False when Redis did not take it, and then the reaper rings."""
        return await self._rings.submit(_Ring(queue, ids, per_message, events))

    async def close(self) -> None:
        await self._client.aclose()

    async def _ring_together(self, rings: Sequence[_Ring]) -> list[bool]:
        merged: dict[tuple[str, int], list[str]] = {}
        pipeline = self._client.pipeline(transaction=False)
        for ring in rings:
            merged.setdefault((ring.queue, ring.per_message), []).extend(ring.ids)
        add_to_stream(pipeline, [event for ring in rings for event in ring.events])
        for (queue, per_message), ids in merged.items():
            if ids:
                pipeline.rpush(list_key(queue), *_messages(queue, ids, per_message))
                if self._is_to_wake(queue):
                    pipeline.publish(WAKE_CHANNEL, queue)
        try:
            await pipeline.execute()
        except (RedisError, OSError) as error:
            log.warning("jobs wait for the reaper to ring", jobs=sum(map(len, merged.values())), error=type(error).__name__)
            return [False] * len(rings)
        return [True] * len(rings)

    def _is_to_wake(self, queue: str) -> bool:
        """Whoever starts sleeping workers hears of a queue at most every `WAKE_EVERY_S`."""
        now = time.monotonic()
        if now - self._woken.get(queue, -WAKE_EVERY_S) < WAKE_EVERY_S:
            return False
        self._woken[queue] = now
        return True


def _messages(queue: str, ids: Sequence[str], per_message: int) -> list[bytes]:
    return [
        dramatiq.Message(
            queue_name=queue_name(queue), actor_name=ACTOR, args=(queue, list(ids[start : start + per_message])), kwargs={}, options={}
        ).encode()
        for start in range(0, len(ids), per_message)
    ]


class BellBroker(dramatiq.Broker):
    """Knows the actors; the lists are read by `BellListener` and written by `Bell`, both on an event loop."""

    def declare_queue(self, queue_name: str) -> None:
        self.queues.setdefault(queue_name, None)


class BellListener:
    """Dramatiq's worker for some queues, on the event loop that starts it. Its one actor calls `take(queue, ids)`; the next message
    of a queue is popped when `take` has returned."""

    def __init__(self, redis_url: str, queues: Sequence[str], take: Take) -> None:
        self._client = open_redis(redis_url, max_connections=len(queues) + 1)
        self._broker = BellBroker(middleware=[])
        self._queues = queues
        self._take = take
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        async def take(queue: str, ids: list[str]) -> None:
            await self._take(queue, ids)

        dramatiq.actor(actor_name=ACTOR, queue_name=queue_name(self._queues[0]), broker=self._broker)(take)
        self._tasks = [asyncio.create_task(self._listen(queue), name=f"bell {queue}") for queue in self._queues]

    async def stop(self) -> None:
        """Takes nothing new. `take` must not block any more when this is called; what is popped meanwhile is still handed to it.
        Cut off all the same (Redis hangs), a message in hand is lost, and the reaper rings."""
        self._stopping.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=10)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
            self._tasks = []
        await self._client.aclose()

    async def _listen(self, queue: str) -> None:
        key, misses = list_key(queue), 0
        while not self._stopping.is_set():
            try:
                popped = await self._client.blpop([key], timeout=BLOCK_S)
            except (RedisError, OSError) as error:
                misses = min(misses + 1, 6)
                log.warning("the bell waits for Redis", queue=queue, error=type(error).__name__)
                await asyncio.sleep(0.05 * 2**misses)
                continue
            misses = 0
            if popped is None:
                continue
            try:
                message: dramatiq.Message[Any] = dramatiq.Message.decode(cast("bytes", popped[1]))
                # Dramatiq wraps a coroutine for its threads; ours is awaited where it is.
                await inspect.unwrap(self._broker.get_actor(message.actor_name).fn)(*message.args, **message.kwargs)
            except Exception:
                log.exception("a message could not be taken; the reaper will ring for its jobs", queue=queue)
