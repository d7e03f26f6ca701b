"""Events to whom they are for: once each, in order, also those that were missed."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import pytest
from tests.integration.notifications.conftest import Build, Listen
from tests.integration.notifications.house import Ear, House
from tests.servers.redis import RedisServer

from octavo_core.ids import generate_uuid
from octavo_notifications import metrics

pytestmark = pytest.mark.needs("redis")


async def test_a_user_hears_the_own_events_whole(house: House, listen: Listen) -> None:
    ana, bo = await listen(house, house.token("ana")), await listen(house, house.token("bo"))
    job = generate_uuid()
    await house.speaker.say("ana", 1, job=job, kind="job.succeeded", result={"text": "ó"})
    await house.speaker.say("bo", 9)
    event = await ana.until("job.succeeded")
    assert {name: event[name] for name in ("type", "job", "generator", "user", "version")} == {
        "type": "job.succeeded",
        "job": job,
        "generator": "tales",
        "user": "ana",
        "version": 2,
    }
    assert event["data"]["result"] == {"text": "ó"}
    assert await bo.until_count(1) == [9]
    assert ana.numbers() == [1]


async def test_what_was_missed_comes_once_and_in_order_while_more_comes(house: House, listen: Listen) -> None:
    first = await listen(house, house.token("ana"))
    await house.speaker.say("ana", *range(50))
    assert await first.until_count(50) == list(range(50))
    since = first.last_event_id
    await first.close()
    await house.speaker.say("ana", *range(50, 2_000))

    async def go_on() -> None:
        for number in range(2_000, 3_000):
            await house.speaker.say("ana", number)

    talking = asyncio.create_task(go_on())
    second = await listen(house, house.token("ana"), lastEventId=since)
    await talking
    assert await second.until_count(2_950) == list(range(50, 3_000))
    await second.until("replay.done")


async def test_any_replica_serves_any_client(build: Build, listen: Listen) -> None:
    one, other = await build(), await build()
    ear = await listen(one, one.token("ana"))
    await one.speaker.say("ana", 1)
    assert await ear.until_count(1) == [1]
    await ear.close()
    await one.speaker.say("ana", 2)
    moved = await listen(other, other.token("ana"), lastEventId=ear.last_event_id)
    await one.speaker.say("ana", 3)
    assert await moved.until_count(2) == [2, 3]


async def test_what_is_not_kept_any_more_is_said(house: House, listen: Listen) -> None:
    first = await house.speaker.say("ana", 0)
    await house.speaker.say("ana", *range(1, 10))
    await house.speaker.trim("ana", 3)
    ear = await listen(house, house.token("ana"), lastEventId=first)
    assert (await ear.until("replay.incomplete"))["lastEventId"] == first
    assert await ear.until_count(3) == [7, 8, 9]


async def test_a_job_room_has_that_job_alone(house: House, listen: Listen) -> None:
    wanted, other, foreign = generate_uuid(), generate_uuid(), generate_uuid()
    await house.speaker.say("ana", 0, job=wanted, kind="job.accepted")
    await house.speaker.say("bo", 0, job=foreign, kind="job.accepted")
    ear = await listen(house, house.token("ana"), scope="jobs")
    joined = await ear.client.call("subscribe", {"job": wanted}, timeout=20)
    assert joined["success"] is True
    assert joined["room"] == f"job:{wanted}"
    for job in (foreign, generate_uuid()):
        refused = await ear.client.call("subscribe", {"job": job}, timeout=20)
        assert (refused["success"], refused["error"]) == (False, "not_found")
    for rubbish in ({"job": {"$ne": None}}, None, [], {"job": "*"}):
        assert (await ear.client.call("subscribe", rubbish, timeout=20))["error"] == "validation_failed"
    await house.speaker.say("ana", 1, job=other)
    await house.speaker.say("bo", 2, job=foreign)
    await house.speaker.say("ana", 3, job=wanted)
    assert await ear.until_count(1) == [3]
    assert (await ear.client.call("unsubscribe", {"job": wanted}, timeout=20))["success"] is True
    await house.speaker.say("ana", 4, job=wanted)
    await ear.client.call("subscribe", {"job": other}, timeout=20)
    await house.speaker.say("ana", 5, job=other)
    assert await ear.until_count(2) == [3, 5]


async def test_a_job_that_is_accepted_this_moment_can_be_subscribed_to(house: House, listen: Listen) -> None:
    job = generate_uuid()
    ear = await listen(house, house.token("ana"), scope="jobs")
    joining = asyncio.create_task(ear.client.call("subscribe", {"job": job}, timeout=20))
    await asyncio.sleep(0.1)  # on purpose: the question is under way before its answer is there
    await house.speaker.say("ana", 1, job=job, kind="job.accepted")
    assert (await joining)["success"] is True


async def test_subscriptions_are_bounded(build: Build, listen: Listen) -> None:
    house = await build(socket_subscriptions=1)
    jobs = [generate_uuid(), generate_uuid()]
    for job in jobs:
        await house.speaker.say("ana", 0, job=job)
    ear = await listen(house, house.token("ana"))
    assert (await ear.client.call("subscribe", {"job": jobs[0]}, timeout=20))["success"] is True
    for _ in range(19):
        assert (await ear.client.call("subscribe", {"job": jobs[1]}, timeout=20))["error"] == "too_many_requests"
    await ear.client.emit("subscribe", {"job": jobs[1]})
    assert "subscriptions" in (await ear.until("dropped"))["reason"]


async def test_an_expired_token_ends_the_connection_unless_a_fresh_one_comes(build: Build, listen: Listen) -> None:
    house = await build(socket_grace_seconds=1.0)
    soon = {"exp": int(time.time()) + 2}
    stays, goes = await listen(house, house.token("ana", **soon)), await listen(house, house.token("ana", **soon))
    assert (await stays.until("token.expired"))["graceSeconds"] == 1.0
    stranger = await stays.client.call("authenticate", {"token": house.token("bo")}, timeout=20)
    assert stranger["error"] == "forbidden"
    renewed = await stays.client.call("authenticate", {"token": house.token("ana")}, timeout=20)
    assert renewed["success"] is True
    assert (await goes.until("dropped"))["reason"] == "token expired"
    await house.speaker.say("ana", 7)
    assert await stays.until_count(1) == [7]
    assert goes.numbers() == []


async def test_a_client_that_takes_nothing_is_dropped_and_gets_the_rest_later(build: Build, listen: Listen) -> None:
    house = await build(socket_stall_seconds=1.0)
    healthy = await listen(house, house.token("ana"))
    before = metrics.DROPPED.labels("slow")._value.get()
    async with aiohttp.ClientSession() as session:
        line = await session.ws_connect(f"{house.url}/socket.io/?EIO=4&transport=websocket", max_msg_size=0)
        await line.receive_str()
        await line.send_str('40{"token":"' + house.token("ana") + '"}')
        reader = line._conn.protocol  # type: ignore[union-attr]
        reader.pause_reading()
        text = "x" * 200_000
        for number in range(200):
            await house.speaker.say("ana", number, text=text)
        assert await healthy.until_count(200) == list(range(200))
        deadline = time.monotonic() + 30
        while metrics.DROPPED.labels("slow")._value.get() == before:
            assert time.monotonic() < deadline, "it was not dropped"
            await asyncio.sleep(0.05)
    late = Ear(house.url)
    late.last_event_id = "0-0"
    await late.open(house.token("ana"))
    assert await late.until_count(200) == list(range(200))
    await late.close()


async def test_redis_away(build: Build, listen: Listen, own_redis: RedisServer) -> None:
    house = await build(redis_url=own_redis.url)
    ear = await listen(house, house.token("ana"))
    await house.speaker.say("ana", 1)
    assert await ear.until_count(1) == [1]
    own_redis.stop()
    await ear.until("stream.interrupted")
    assert (await house.http.get("/api/notifications/health/ready")).status_code == 503
    assert (await house.http.get("/api/notifications/health/live")).status_code == 200
    late = await listen(house, house.token("ana"))
    refused = await ear.client.call("subscribe", {"job": generate_uuid()}, timeout=20)
    assert refused["error"] == "unavailable"
    own_redis.start()
    await ear.until("stream.resumed")
    await house.speaker.say("ana", 2, 3)
    assert await ear.until_count(3) == [1, 2, 3]
    assert await late.until_count(2) == [2, 3]
    assert (await house.http.get("/api/notifications/health/ready")).status_code == 200
