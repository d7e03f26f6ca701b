"""What the bell promises, against a real Redis: it rings soon, it costs nothing at rest, and it comes back."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest
import redis.asyncio
from tests.servers.redis import RedisServer
from tests.unit.jobs.making import eventually

from octavo_jobs.redis_client import open_redis
from octavo_jobs.transport import Bell, BellListener

pytestmark = pytest.mark.needs("redis")

ROOT = Path(__file__).parents[3]


class Taken:
    """Writes down what a listener was given."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, list[str]]] = []
        self.at: list[float] = []

    async def take(self, queue: str, ids: list[str]) -> None:
        self.at.append(time.monotonic())
        self.messages.append((queue, ids))

    @property
    def ids(self) -> list[str]:
        return [job_id for _, ids in self.messages for job_id in ids]


@asynccontextmanager
async def listening(url: str, taken: Taken, *queues: str) -> AsyncIterator[BellListener]:
    listener = BellListener(url, queues or ["stories"], taken.take)
    listener.start()
    try:
        yield listener
    finally:
        await listener.stop()


@pytest.fixture
async def bell(redis_server: RedisServer) -> AsyncIterator[Bell]:
    opened = Bell(redis_server.url)
    yield opened
    await opened.close()


async def test_a_ring_hands_over_the_ids_in_chunks(redis_server: RedisServer, bell: Bell) -> None:
    ids = [f"id{number}" for number in range(20)]
    taken = Taken()
    async with listening(redis_server.url, taken):
        assert await bell.ring("stories", ids, per_message=8)
        await eventually(lambda: len(taken.ids) == 20, what="20 ids")
    assert sorted(taken.messages) == sorted([("stories", ids[:8]), ("stories", ids[8:16]), ("stories", ids[16:])])


async def test_a_ring_before_anyone_listens_is_kept(redis_server: RedisServer, bell: Bell) -> None:
    assert await bell.ring("stories", ["early"])
    taken = Taken()
    async with listening(redis_server.url, taken):
        await eventually(lambda: taken.ids == ["early"], what="the early ring")


async def test_each_queue_is_heard_by_who_listens_for_it(redis_server: RedisServer, bell: Bell) -> None:
    taken = Taken()
    async with listening(redis_server.url, taken, "stories", "4-texts"):
        for queue in ("elsewhere", "stories", "4-texts"):
            assert await bell.ring(queue, [f"of {queue}"])
        await eventually(lambda: len(taken.messages) == 2, what="two messages")
    assert sorted(taken.messages) == [("4-texts", ["of 4-texts"]), ("stories", ["of stories"])]


async def test_a_ring_after_a_rest_is_heard_at_once(redis_server: RedisServer, bell: Bell) -> None:
    taken, latencies = Taken(), []
    async with listening(redis_server.url, taken):
        await bell.ring("stories", ["warm"])
        await eventually(lambda: taken.ids, what="the first ring")
        for number, rest_s in enumerate((2.2, 0.7, 0.3), 1):
            # The rest is the case itself: a polling consumer is slow after one.
            await asyncio.sleep(rest_s)
            rung = time.monotonic()
            await bell.ring("stories", [str(number)])
            await eventually(lambda: len(taken.at) == number + 1, what="the ring")  # noqa: B023
            latencies.append(taken.at[-1] - rung)
    assert statistics.median(latencies) < 0.1


async def test_a_listener_at_rest_hardly_speaks_to_redis(redis_server: RedisServer) -> None:
    client = open_redis(redis_server.url)

    async def commands() -> int:
        stats = await client.info("commandstats")
        return sum(entry["calls"] for name, entry in stats.items() if name not in ("cmdstat_info", "cmdstat_client|setinfo"))

    async with listening(redis_server.url, Taken()):
        await eventually(lambda: _blocked(client), what="the consumer blocks")
        before = await commands()
        await asyncio.sleep(2)  # on purpose: rest is what is measured
        assert await commands() - before <= 6
    await client.aclose()


async def _blocked(client: redis.asyncio.Redis) -> bool:
    return int((await client.info("clients"))["blocked_clients"]) > 0


async def test_a_listener_goes_on_when_redis_comes_back(own_redis: RedisServer) -> None:
    bell, taken = Bell(own_redis.url), Taken()
    async with listening(own_redis.url, taken):
        assert await bell.ring("stories", ["before"])
        await eventually(lambda: taken.ids == ["before"], what="the first ring")
        own_redis.stop()
        assert not await bell.ring("stories", ["lost"])
        own_redis.start()
        assert await bell.ring("stories", ["after"])
        await eventually(lambda: taken.ids == ["before", "after"], what="the ring after the restart")
    await bell.close()


async def test_a_ring_without_redis_says_so_and_soon(own_redis: RedisServer) -> None:
    bell = Bell(own_redis.url)
    own_redis.stop()
    started = time.monotonic()
    assert await bell.ring("stories", ["a"]) is False
    assert time.monotonic() - started < 5
    await bell.close()


async def test_a_listener_stops_soon_and_loses_nothing_that_it_had_not_begun(redis_server: RedisServer, bell: Bell) -> None:
    ids = [f"id{number}" for number in range(30)]
    begun: list[str] = []
    gate = asyncio.Event()

    async def take(_queue: str, mine: list[str]) -> None:
        begun.extend(mine)
        await gate.wait()

    listener = BellListener(redis_server.url, ["stories"], take)
    listener.start()
    await bell.ring("stories", ids, per_message=1)
    await eventually(lambda: begun, what="the first message")
    stopping = asyncio.create_task(listener.stop())
    gate.set()
    started = time.monotonic()
    await stopping
    assert time.monotonic() - started < 3
    rest = Taken()
    async with listening(redis_server.url, rest):
        await eventually(lambda: len(begun) + len(rest.ids) >= 30, what="the rest")
    assert sorted(begun + rest.ids) == sorted(ids)


async def test_a_take_that_raises_leaves_the_listener_alive(redis_server: RedisServer, bell: Bell) -> None:
    taken: list[str] = []

    async def take(_queue: str, ids: list[str]) -> None:
        taken.extend(ids)
        if ids[0].startswith("bad"):
            raise RuntimeError("this one broke")

    listener = BellListener(redis_server.url, ["stories"], take)
    listener.start()
    for job_id in ("bad1", "bad2", "bad3", "good"):
        await bell.ring("stories", [job_id])
    await eventually(lambda: "good" in taken, what="the message after three bad ones")
    await listener.stop()
    assert sorted(taken) == ["bad1", "bad2", "bad3", "good"]


async def test_two_processes_share_the_messages(redis_server: RedisServer, bell: Bell) -> None:
    client = open_redis(redis_server.url)
    argv = [sys.executable, "-m", "tests.integration.jobs.listening", redis_server.url, "stories"]
    processes = [await asyncio.create_subprocess_exec(*argv, name, cwd=ROOT) for name in ("one", "two")]
    for _ in processes:
        assert await client.blpop(["ready"], timeout=9)
    ids = [f"id{number}" for number in range(200)]
    assert await bell.ring("stories", ids, per_message=1)

    async def heard() -> list[list[bytes]]:
        lists = [cast("list[bytes]", await client.lrange(name, 0, -1)) for name in ("one", "two")]
        return lists if sum(map(len, lists)) >= 200 else []

    one, two = await eventually(heard, what="200 ids")
    assert sorted(one + two) == sorted(job_id.encode() for job_id in ids), "each once"
    assert one
    assert two
    await client.rpush("stop", *[1, 1])
    assert [await process.wait() for process in processes] == [0, 0]
    await client.aclose()
