"""Dramatiq on Redis as the bell: a message carries the ids of jobs to look at, and nothing else.

The row is the truth. A message that is lost is rung again by the reaper; one that comes twice finds its jobs claimed. So the
broker may forget what Dramatiq's own remembers: a message is an element of the queue's list, taken out by whoever pops it, and
there is nothing to acknowledge and nothing to give back after a crash.

What differs from Dramatiq's own Redis broker, all through its hooks:

- The consumer blocks in BLPOP on the queue's list. Dramatiq's polls with a sleep that grows to a second: 38 ms more for each job
  that comes alone, and polling every 5 ms instead takes 29 % of a core at rest.
- The message itself stands in the list. Dramatiq keeps it in a hash, with a set of those that are under way: four more commands
  for each message, which cost as much CPU as the work on its jobs.
- No delay queues: a retry waits in its row.

A queue has at most `PREFETCH` messages in a worker's hands, and a worker has that many threads for each of its queues, so a
queue that is full never holds up another one.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import dramatiq
import redis
import structlog
from dramatiq.asyncio import EventLoopThread, set_event_loop_thread
from dramatiq.broker import MessageProxy
from dramatiq.brokers.redis import RedisBroker, _RedisConsumer
from redis.exceptions import RedisError

from octavo_jobs.channels import WAKE_CHANNEL
from octavo_jobs.group_commit import GroupCommit
from octavo_jobs.redis_client import open_redis

log = structlog.get_logger(__name__)

ACTOR = "octavo_jobs.take"
PREFETCH = 2
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


class BlockingConsumer(_RedisConsumer):
    """Iterated by Dramatiq's consumer thread; acknowledged from its worker threads."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)  # type: ignore[no-untyped-call]
        self._key = f"{self.broker.namespace}:{self.queue_name}"
        self._freed = threading.Event()

    def __next__(self) -> MessageProxy | None:
        if len(self.queued_message_ids) >= self.prefetch:
            self._freed.wait(BLOCK_S)
            self._freed.clear()
            return None
        try:
            popped = self.broker.client.blpop([self._key], timeout=BLOCK_S)
        except (RedisError, OSError) as error:
            self.misses = min(self.misses + 1, 6)
            log.warning("the bell waits for Redis", queue=self.queue_name, error=type(error).__name__)
            time.sleep(0.05 * 2**self.misses)
            return None
        self.misses = 0
        if popped is None:
            return None
        message = dramatiq.Message.decode(popped[1])
        self.queued_message_ids.add(message.message_id)
        return MessageProxy(message)

    def ack(self, message: MessageProxy) -> None:
        self.queued_message_ids.discard(message.message_id)
        self._freed.set()

    nack = ack

    def requeue(self, messages: Any) -> None:
        """Puts back what was popped and not begun; where that fails, the reaper rings."""
        bodies = [message.encode() for message in messages]
        if bodies:
            with contextlib.suppress(RedisError, OSError):
                self.broker.client.rpush(self._key, *bodies)


class BellBroker(RedisBroker):
    @property
    def consumer_class(self) -> type[BlockingConsumer]:
        return BlockingConsumer

    def declare_queue(self, queue_name: str) -> None:
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues.add(queue_name)
            self.emit_after("declare_queue", queue_name)


@dataclass(frozen=True, slots=True)
class _Ring:
    queue: str
    ids: Sequence[str]
    per_message: int


class Bell:
    """Rings for accepted jobs. Any number of tasks of one loop may call `ring`; calls that come while one is under way are merged."""

    def __init__(self, redis_url: str) -> None:
        self._client = open_redis(redis_url, max_connections=4)
        self._rings: GroupCommit[_Ring, bool] = GroupCommit(self._ring_together, linger_max_s=0)
        self._woken: dict[str, float] = {}

    async def ring(self, queue: str, ids: Sequence[str], *, per_message: int = 16) -> bool:
        """Best effort: False when Redis did not take it, and then the reaper rings."""
        return await self._rings.submit(_Ring(queue, ids, per_message))

    async def close(self) -> None:
        await self._client.aclose()

    async def _ring_together(self, rings: Sequence[_Ring]) -> list[bool]:
        merged: dict[tuple[str, int], list[str]] = {}
        for ring in rings:
            merged.setdefault((ring.queue, ring.per_message), []).extend(ring.ids)
        pipeline = self._client.pipeline(transaction=False)
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


class _CallersLoop(EventLoopThread):
    """Lets actors run on a loop that is already running, where the store and the runner live, instead of one of Dramatiq's."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(log, interrupt_check_ival=1.0)
        self.loop.close()
        self.loop = loop


class BellListener:
    """Dramatiq's worker for some queues. Calls `take(queue, ids)` on the loop that started it; a message is acknowledged when
    `take` returns."""

    def __init__(self, redis_url: str, queues: Sequence[str], take: Take) -> None:
        client = redis.Redis.from_url(redis_url, socket_timeout=BLOCK_S + 5, socket_connect_timeout=5)
        self._broker = BellBroker(client=client, namespace=NAMESPACE, middleware=[])  # type: ignore[no-untyped-call]
        self._queues = queues
        self._take = take
        self._worker: dramatiq.Worker | None = None

    def start(self) -> None:
        """From within the event loop that `take` shall run on."""
        set_event_loop_thread(_CallersLoop(asyncio.get_running_loop()))

        async def take(queue: str, ids: list[str]) -> None:
            await self._take(queue, ids)

        dramatiq.actor(actor_name=ACTOR, queue_name=queue_name(self._queues[0]), broker=self._broker)(take)
        for queue in self._queues:
            self._broker.declare_queue(queue_name(queue))
        worker = dramatiq.Worker(self._broker, worker_threads=PREFETCH * len(self._queues), worker_timeout=1_000)
        worker.queue_prefetch = PREFETCH
        worker.start()
        self._worker = worker

    async def stop(self) -> None:
        """Takes nothing new and puts back what was fetched and not begun. `take` must not block any more when this is called."""
        if self._worker is not None:
            await asyncio.to_thread(self._worker.stop, 10_000)
            self._worker = None
            set_event_loop_thread(None)
        self._broker.client.close()
