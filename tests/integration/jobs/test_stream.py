"""Many listeners on one reader of the event streams, against a real Redis."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
import redis.asyncio
from tests.servers.redis import RedisServer
from tests.unit.jobs.making import eventually

from octavo_core.clock import SystemClock
from octavo_jobs.channels import stream_key
from octavo_jobs.events import Event, EventPublisher
from octavo_jobs.redis_client import open_redis
from octavo_jobs.store import open_store
from octavo_jobs.stream import LISTENER_QUEUE, EventHub, Lagged, Listener, StreamEvent

pytestmark = pytest.mark.needs("redis")


class Wire:
    """A hub, and a publisher that speaks into its streams."""

    def __init__(self, url: str, folder: Path) -> None:
        self.client = open_redis(url)
        self._store = open_store(f"sqlite:///{folder}/jobs.db", SystemClock())
        self._publisher = EventPublisher(self.client, self._store)
        self.hub = EventHub(self.client)

    def say(self, *numbers: int, user: str = "ana", job: str = "j1") -> None:
        for number in numbers:
            self._publisher.publish(Event("job.progress", job, "stories", user, 1, 0, {"n": number}, transition=False))

    async def close(self) -> None:
        await self.hub.close()
        await self._publisher.close()
        await self._store.close()
        await self.client.aclose()


@pytest.fixture
async def wire(redis_server: RedisServer, tmp_path: Path) -> AsyncIterator[Wire]:
    opened = Wire(redis_server.url, tmp_path)
    await opened.hub.start()
    yield opened
    await opened.close()


def number_of(event: StreamEvent) -> int:
    number: int = orjson.loads(event.with_id())["data"]["n"]
    return number


async def hear(listener: Listener, count: int, within_s: float = 15.0) -> list[int]:
    heard: list[int] = []
    for _ in range(count):
        event = await listener.get(within_s)
        assert event is not None, f"heard {heard} of {count} and then nothing"
        heard.append(number_of(event))
    return heard


async def test_everything_said_after_listen_is_heard_in_order(wire: Wire) -> None:
    wire.say(-1)
    await eventually(lambda: _has(wire.client, 1), what="what was said before")
    with await wire.hub.listen("ana") as listener:
        wire.say(*range(1_000))
        assert await hear(listener, 1_000) == list(range(1_000))


async def test_a_listener_may_come_at_any_moment_and_miss_nothing(wire: Wire) -> None:
    for user in (f"user{number}" for number in range(40)):
        with await wire.hub.listen(user) as listener:
            wire.say(1, 2, user=user)
            assert await hear(listener, 2, within_s=3) == [1, 2]


async def test_two_listeners_of_a_user_hear_the_same_and_another_user_nothing_of_it(wire: Wire) -> None:
    one, two, other = await asyncio.gather(wire.hub.listen("ana"), wire.hub.listen("ana"), wire.hub.listen("ben"))
    wire.say(1, 2, 3)
    wire.say(9, user="ben")
    assert await hear(one, 3) == await hear(two, 3) == [1, 2, 3]
    assert await hear(other, 1) == [9]
    assert other.get_ready() == []


async def test_a_listener_of_one_job_hears_that_job_only(wire: Wire) -> None:
    with await wire.hub.listen("ana", "j2") as mine, await wire.hub.listen("ana") as everything:
        wire.say(1, job="j1")
        wire.say(2, job="j2")
        wire.say(3, job="j1")
        wire.say(4, job="j2")
        assert await hear(everything, 4) == [1, 2, 3, 4]
        assert [number_of(event) for event in mine.get_ready()] == [2, 4]


async def test_a_user_who_comes_late_does_not_wait_for_the_reader_to_wake_by_itself(wire: Wire) -> None:
    await wire.hub.listen("ana")
    # Given a reader that is deep in its block of five seconds:
    await eventually(lambda: _blocked(wire.client), what="the reader blocks")
    listener = await wire.hub.listen("ben")
    started = time.monotonic()
    wire.say(1, user="ben")
    assert await hear(listener, 1) == [1]
    assert time.monotonic() - started < 1


async def _blocked(client: redis.asyncio.Redis) -> bool:
    return int((await client.info("clients"))["blocked_clients"]) > 0


async def test_nothing_in_time_is_no_error(wire: Wire) -> None:
    with await wire.hub.listen("ana") as listener:
        assert await listener.get(0.02) is None
        wire.say(1)
        assert await hear(listener, 1) == [1]


async def test_stored_events_are_replayed_from_an_id_without_gap_or_repeat(wire: Wire) -> None:
    wire.say(*range(25))
    await eventually(lambda: _has(wire.client, 25), what="25 events")
    seen = [event async for event in wire.hub.replay("ana", "0-0", limit=10)]
    while page := [event async for event in wire.hub.replay("ana", seen[-1].id, limit=10)]:
        assert len(page) <= 10
        seen += page
    assert [number_of(event) for event in seen] == list(range(25))
    assert [event async for event in wire.hub.replay("nobody", "0-0")] == []


async def test_a_replay_of_one_job_looks_past_the_others(wire: Wire) -> None:
    for number in range(300):
        wire.say(number, job="rare" if number % 150 == 149 else "j1")
    await eventually(lambda: _has(wire.client, 300), what="300 events")
    assert [number_of(event) async for event in wire.hub.replay("ana", "0-0", job="rare", limit=2)] == [149, 299]


async def _has(client: redis.asyncio.Redis, count: int) -> bool:
    return int(await client.xlen(stream_key("ana"))) >= count


async def test_listening_first_and_replaying_then_leaves_no_gap_while_others_speak(wire: Wire) -> None:
    """What a client that comes back does: nothing is lost between the stored and the live, and ids tell the repeats."""
    wire.say(*range(50))
    await eventually(lambda: _has(wire.client, 50), what="50 events")
    (first,) = [event async for event in wire.hub.replay("ana", "0-0", limit=1)]
    wire.say(*range(50, 100))
    with await wire.hub.listen("ana") as listener:
        wire.say(*range(100, 150))
        stored = [event async for event in wire.hub.replay("ana", first.id)]
        seen, known = [first, *stored], {event.id for event in stored}
        while number_of(seen[-1]) < 149:
            event = await listener.get(5)
            assert event is not None
            if event.id not in known:
                seen.append(event)
        assert [number_of(event) for event in seen] == list(range(150))


async def test_a_listener_that_does_not_keep_up_is_told_and_can_read_on(wire: Wire) -> None:
    slow, quick = await wire.hub.listen("ana", "j1"), await wire.hub.listen("ana", "j2")
    total = LISTENER_QUEUE + 200
    wire.say(*range(total))
    wire.say(0, job="j2")
    assert await hear(quick, 1) == [0], "a slow listener holds up nobody else"
    heard = [event for event in slow.get_ready() if event.job == "j1"]
    assert len(heard) == LISTENER_QUEUE
    with pytest.raises(Lagged):
        await slow.get(1)
    with pytest.raises(Lagged):
        await slow.get(1)
    rest = [number_of(event) async for event in wire.hub.replay("ana", heard[-1].id, job="j1")]
    assert rest == list(range(LISTENER_QUEUE, total))


async def test_a_foreign_entry_in_a_stream_stops_nobody(wire: Wire) -> None:
    with await wire.hub.listen("ana") as listener:
        await wire.client.xadd(stream_key("ana"), {"what": "is this"})
        await wire.client.xadd(stream_key("ana"), {"e": "{}"})
        wire.say(1)
        assert await hear(listener, 1) == [1]


async def test_a_redis_that_went_and_came_back_is_read_again(own_redis: RedisServer, tmp_path: Path) -> None:
    wire = Wire(own_redis.url, tmp_path)
    await wire.hub.start()
    before = await wire.hub.listen("ana")
    wire.say(1)
    assert await hear(before, 1) == [1]
    own_redis.stop()
    # Someone who comes while it is away raises nothing and is served once it is back.
    during = await wire.hub.listen("ben")
    own_redis.start()
    wire.say(2)
    wire.say(3, user="ben")
    assert await hear(before, 1) == [2]
    assert await hear(during, 1) == [3]
    await wire.close()


async def test_a_closed_hub_leaves_nothing_behind_in_redis(redis_server: RedisServer, tmp_path: Path) -> None:
    wire = Wire(redis_server.url, tmp_path)
    await wire.hub.start()
    await wire.hub.listen("ana")
    await wire.hub.close()
    assert await wire.client.keys("*") == []
    await wire.close()
