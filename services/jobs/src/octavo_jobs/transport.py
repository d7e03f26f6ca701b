"""Dramatiq on Redis as the bell: a message carries the ids of jobs to look at, and nothing else.

The row is the truth. A message that is lost is rung again by the reaper; one that comes twice finds its jobs claimed. That is
why messages are acknowledged as soon as their jobs are claimed, and why an acknowledgement that cannot be delivered is no
error.

Two changes to Dramatiq's own broker, both through its hooks:

- The consumer blocks in BLPOP on the queue's list. Dramatiq's polls with a sleep that grows to a second: 38 ms more for each job
  that comes alone, and polling every 5 ms instead takes 29 % of a core at rest.
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
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dramatiq
import redis
import structlog
from dramatiq.asyncio import EventLoopThread, set_event_loop_thread
from dramatiq.broker import MessageProxy
from dramatiq.brokers.redis import RedisBroker, _RedisConsumer
from dramatiq.middleware import Middleware
from redis.exceptions import RedisError

from octavo_jobs.channels import WAKE_CHANNEL

log = structlog.get_logger(__name__)

ACTOR = "octavo_jobs.take"
PREFETCH = 2
BLOCK_S = 1
"""How long a consumer blocks at a stretch; also how long a worker's stop waits for it."""
NAMESPACE = "octavo:bell"

Take = Callable[[str, list[str]], Awaitable[None]]


def queue_name(queue: str) -> str:
    """Dramatiq wants a letter in front; generators may begin with a digit."""
    return f"jobs.{queue}"


class BlockingConsumer(_RedisConsumer):
    """Iterated by Dramatiq's consumer thread; acknowledged from its worker threads."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)  # type: ignore[no-untyped-call]
        self._freed = threading.Event()

    def __next__(self) -> MessageProxy | None:
        if self.outstanding_message_count >= self.prefetch:
            self._freed.wait(BLOCK_S)
            self._freed.clear()
            return None
        try:
            data = self._wait_for_message()
        except (RedisError, OSError) as error:
            self.misses = min(self.misses + 1, 6)
            log.warning("the bell waits for Redis", queue=self.queue_name, error=type(error).__name__)
            time.sleep(0.05 * 2**self.misses)
            return None
        self.misses = 0
        if data is None:
            return None
        message = dramatiq.Message.decode(data)
        self.queued_message_ids.add(message.message_id)
        return MessageProxy(message)

    def ack(self, message: MessageProxy) -> None:
        with contextlib.suppress(dramatiq.ConnectionClosed, RedisError, OSError):
            super().ack(message)  # type: ignore[no-untyped-call]
        self._freed.set()

    nack = ack

    def requeue(self, messages: Any) -> None:
        with contextlib.suppress(RedisError, OSError):
            super().requeue(messages)  # type: ignore[no-untyped-call]

    def _wait_for_message(self) -> bytes | None:
        broker = self.broker
        popped = broker.client.blpop([f"{broker.namespace}:{self.queue_name}"], timeout=BLOCK_S)
        if popped is None:
            return None
        message_id = popped[1]
        # A crash before this line loses the message, not the job.
        pipeline = broker.client.pipeline(transaction=False)
        pipeline.sadd(f"{broker.namespace}:__acks__.{broker.broker_id}.{self.queue_name}", message_id)
        pipeline.zadd(f"{broker.namespace}:__heartbeats__", {broker.broker_id: int(time.time() * 1000)})
        pipeline.hget(f"{broker.namespace}:{self.queue_name}.msgs", message_id)
        data: bytes | None = pipeline.execute()[2]
        return data


class BellBroker(RedisBroker):
    @property
    def consumer_class(self) -> type[BlockingConsumer]:
        return BlockingConsumer

    def declare_queue(self, queue_name: str) -> None:
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues.add(queue_name)
            self.emit_after("declare_queue", queue_name)


def open_broker(redis_url: str, middleware: Sequence[Middleware] = ()) -> BellBroker:
    client = redis.Redis.from_url(redis_url, socket_timeout=BLOCK_S + 5, socket_connect_timeout=5)
    return BellBroker(client=client, namespace=NAMESPACE, middleware=list(middleware))  # type: ignore[no-untyped-call]


class Bell:
    """Rings for accepted jobs. `ring` may be called by any number of tasks; messages are sent from one thread of its own,
    because Dramatiq's producer is synchronous."""

    def __init__(self, redis_url: str) -> None:
        self._broker = open_broker(redis_url)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="bell")

    async def ring(self, queue: str, ids: Sequence[str], *, per_message: int = 16) -> bool:
        """Best effort: False when Redis did not take it, and then the reaper rings."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._ring, queue, list(ids), per_message)
        except (RedisError, OSError, dramatiq.BrokerError) as error:
            log.warning("jobs wait for the reaper to ring", queue=queue, jobs=len(ids), error=type(error).__name__)
            return False
        return True

    async def close(self) -> None:
        await asyncio.to_thread(self._thread.shutdown)
        self._broker.client.close()

    def _ring(self, queue: str, ids: list[str], per_message: int) -> None:
        for start in range(0, len(ids), per_message):
            message: dramatiq.Message[None] = dramatiq.Message(
                queue_name=queue_name(queue), actor_name=ACTOR, args=(queue, ids[start : start + per_message]), kwargs={}, options={}
            )
            self._broker.enqueue(message)
        # For whoever starts sleeping workers; nobody listening is normal.
        self._broker.client.publish(WAKE_CHANNEL, queue)


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
        self._broker = open_broker(redis_url)
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
