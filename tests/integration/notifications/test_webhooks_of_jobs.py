"""A job that names a webhook itself: its end is told there, signed, once, and with a log, whatever else its owner has."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa
import standardwebhooks
from tests.integration.notifications.conftest import Build
from tests.integration.notifications.house import House
from tests.integration.notifications.receiver import Receiver, receiver
from tests.integration.notifications.test_webhooks import HOOKS, ended, made, reaching
from tests.servers.answers import assert_problem
from tests.unit.jobs.making import eventually

from octavo_core.ids import generate_uuid
from octavo_notifications.store.schema import metadata

pytestmark = pytest.mark.needs("redis")


@pytest.fixture
async def other_side() -> AsyncIterator[Receiver]:
    async with receiver() as opened:
        yield opened


@pytest.fixture
async def house(build: Build, other_side: Receiver) -> House:
    return await build(**reaching(other_side))


async def secret_of(house: House, user: str = "ana") -> dict[str, Any]:
    answer = await house.http.post(f"{HOOKS}/jobs", headers=house.headers(user))
    assert answer.status_code == 200, answer.text
    webhook: dict[str, Any] = answer.json()["webhook"]
    return webhook


async def all_taken(house: House) -> None:
    async def look() -> bool:
        return await house.speaker.waiting() == 0

    await eventually(look, what="ends of jobs are not taken over", deadline_s=30)


async def test_the_end_of_a_job_is_told_where_it_says(house: House, other_side: Receiver) -> None:
    mine, job = await secret_of(house), generate_uuid()
    await house.speaker.say("ana", 1, job=job, kind="job.started")
    await house.speaker.say("ana", 2, job=job, kind="job.succeeded", webhook=other_side.url("/mine"))
    # As the reaper publishes what was never marked.
    await house.speaker.say("ana", 2, job=job, kind="job.succeeded", webhook=other_side.url("/mine"))
    await house.speaker.say("bo", 1, kind="job.succeeded", webhook=other_side.url("/of-bo"))
    (delivery,) = await ended(house, mine, 1)
    await all_taken(house)
    (call,) = [call for call in other_side.calls if call.path == "/mine"]
    told = standardwebhooks.Webhook(mine["secret"]).verify(call.body, call.headers)
    assert (told["type"], told["job"], told["user"], told["data"]["n"]) == ("job.succeeded", job, "ana", 2)
    assert (call.headers["webhook-id"], told["id"]) == (delivery["id"], delivery["event"])
    assert (delivery["state"], delivery["url"], delivery["attempts"]) == ("delivered", other_side.url("/mine"), 1)
    # It stands in no event that others read.
    assert "/mine" not in (await house.http.get("/api/notifications", headers=house.headers("ana"))).text


async def test_it_needs_nothing_made_before_and_waits_for_the_service(build: Build, other_side: Receiver) -> None:
    first = await build(**reaching(other_side))
    speaker = first.speaker
    await first.shut()
    await speaker.say("ana", 1, kind="job.failed", webhook=other_side.url())
    await first.open()
    await eventually(lambda: other_side.calls or None, what="it is not told", deadline_s=30)
    (listed,) = (await first.http.get(HOOKS, headers=first.headers("ana"))).json()["items"]
    assert (listed["url"], listed["events"]) == ("", [])
    # A new secret, and the one that nobody has seen signs beside it: a replay is told with both.
    mine = await secret_of(first)
    assert mine["id"] == listed["id"]
    (delivery,) = await ended(first, mine, 1)
    replayed = await first.http.post(f"{HOOKS}/{mine['id']}/deliveries/{delivery['id']}/replay", headers=first.headers("ana"))
    assert replayed.status_code == 202
    await eventually(lambda: len(other_side.calls) == 2 or None, what="it is not replayed", deadline_s=30)
    standardwebhooks.Webhook(mine["secret"]).verify(other_side.calls[1].body, other_side.calls[1].headers)


async def test_failures_are_tried_again_and_one_address_disables_no_other(house: House, other_side: Receiver) -> None:
    mine = await secret_of(house)
    other_side.answers = [500, 410]
    await house.speaker.say("ana", 1, kind="job.cancelled", webhook=other_side.url("/first"))
    (first,) = await ended(house, mine, 1)
    assert (first["state"], first["status"], first["attempts"]) == ("failed", 410, 2)
    await house.speaker.say("ana", 1, kind="job.succeeded", webhook=other_side.url("/second"))
    (second, _) = await ended(house, mine, 2)
    assert second["state"] == "delivered"
    (listed,) = (await house.http.get(HOOKS, headers=house.headers("ana"))).json()["items"]
    assert (listed["enabled"], listed["failing_since"]) == (True, None)


async def test_an_address_is_judged_again_when_it_is_called(build: Build, other_side: Receiver) -> None:
    """The one who took it may have other rules."""
    house = await build(webhook_attempts=1)
    mine = await secret_of(house)
    await house.speaker.say("ana", 1, kind="job.succeeded", webhook=other_side.url())
    (delivery,) = await ended(house, mine, 1)
    assert (delivery["state"], delivery["status"]) == ("failed", None)
    assert not other_side.calls


async def test_it_has_no_address_to_change_counts_for_none_and_can_be_off(build: Build, other_side: Receiver) -> None:
    house = await build(**reaching(other_side, webhooks_per_user=1))
    mine, headers = await secret_of(house), house.headers("ana")
    await made(house, other_side.url("/kept"))
    assert_problem(await house.http.patch(f"{HOOKS}/{mine['id']}", json={"url": other_side.url()}, headers=headers), 409)
    assert_problem(await house.http.get(f"{HOOKS}/{mine['id']}", headers=house.headers("bo")), 404)
    off = await house.http.patch(f"{HOOKS}/{mine['id']}", json={"enabled": False}, headers=headers)
    assert off.json()["webhook"]["enabled"] is False
    await house.speaker.say("ana", 1, kind="job.succeeded", webhook=other_side.url("/named"))
    (delivery,) = await ended(house, mine, 1)
    assert delivery["state"] == "dropped"
    await eventually(lambda: [call.path for call in other_side.calls] == ["/kept"] or None, what="the other is not told", deadline_s=30)


async def test_an_erased_user_leaves_nothing(house: House, other_side: Receiver) -> None:
    await secret_of(house)
    await house.speaker.say("ana", 1, kind="job.succeeded", webhook=other_side.url())
    await all_taken(house)
    # What nobody can take over any more waits, and goes too.
    await house.service.parts.quiet()
    await house.speaker.say("ana", 2, kind="job.succeeded", webhook=other_side.url())
    await house.speaker.say("bo", 1, kind="job.succeeded", webhook=other_side.url())
    erased = await house.http.delete("/api/internal/users/ana", headers=house.headers("service:auth", "service"))
    assert erased.status_code == 204
    assert await house.speaker.waiting() == 1

    def left(connection: sa.Connection) -> list[str]:
        return [owner for table in metadata.sorted_tables for owner in connection.execute(sa.select(table.c.owner)).scalars()]

    assert "ana" not in await house.service.parts.store.transactions.read(left)
