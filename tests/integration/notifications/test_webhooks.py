"""Webhooks from their making to their end: signed, tried again, logged, and never led inside."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
import standardwebhooks
from tests.integration.notifications.conftest import Build
from tests.integration.notifications.house import House
from tests.integration.notifications.receiver import Receiver, receiver
from tests.servers.answers import assert_problem
from tests.unit.jobs.making import eventually

from octavo_core.ids import generate_uuid

pytestmark = pytest.mark.needs("redis")

HOOKS = "/api/notifications/webhooks"


@pytest.fixture
async def other_side() -> AsyncIterator[Receiver]:
    async with receiver() as opened:
        yield opened


@pytest.fixture
async def house(build: Build, other_side: Receiver) -> House:
    return await build(**reaching(other_side))


def reaching(other_side: Receiver, **more: Any) -> dict[str, Any]:
    return {"webhook_ports": str(other_side.port), "webhook_allow": "127.0.0.1/32", "webhook_retry_seconds": 0.2, **more}


async def made(house: House, url: str, user: str = "ana", **body: Any) -> dict[str, Any]:
    answer = await house.http.post(HOOKS, json={"url": url, **body}, headers=house.headers(user))
    assert answer.status_code == 201, answer.text
    webhook: dict[str, Any] = answer.json()["webhook"]
    return webhook


async def log_of(house: House, webhook: dict[str, Any], user: str = "ana") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await house.http.get(f"{HOOKS}/{webhook['id']}/deliveries", headers=house.headers(user))).json()["items"]
    return items


async def ended(house: House, webhook: dict[str, Any], count: int = 1) -> list[dict[str, Any]]:
    async def look() -> list[dict[str, Any]] | None:
        items = await log_of(house, webhook)
        return items if len(items) == count and all(one["state"] != "waiting" for one in items) else None

    return await eventually(look, what="the deliveries do not end", deadline_s=40)


async def test_an_event_arrives_signed_and_once(house: House, other_side: Receiver) -> None:
    webhook = await made(house, other_side.url())
    assert webhook["secret"].startswith("whsec_")
    job = generate_uuid()
    await house.speaker.say("ana", 1, job=job, kind="job.started")
    await house.speaker.say("bo", 1, kind="job.succeeded")
    await house.speaker.say("ana", 2, job=job, kind="job.succeeded")
    # As the reaper publishes what was never marked: the same transition under another id.
    await house.speaker.say("ana", 2, job=job, kind="job.succeeded")
    await house.speaker.say("ana", 3, kind="job.failed")
    (last, first) = await ended(house, webhook, 2)
    assert [call.path for call in other_side.calls] == ["/hook", "/hook"]
    by_id = {call.headers["webhook-id"]: call for call in other_side.calls}
    told = standardwebhooks.Webhook(webhook["secret"]).verify(by_id[first["id"]].body, by_id[first["id"]].headers)
    assert (told["type"], told["job"], told["user"], told["data"]["n"]) == ("job.succeeded", job, "ana", 2)
    assert told["id"] == first["event"]
    assert (first["state"], first["status"], first["attempts"], first["error"]) == ("delivered", 200, 1, None)
    assert last["type"] == "job.failed"
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(webhook["secret"]).verify(by_id[first["id"]].body + " ", by_id[first["id"]].headers)


async def test_a_failure_is_tried_again_with_the_same_id(house: House, other_side: Receiver) -> None:
    other_side.answers = [500, 503]
    webhook = await made(house, other_side.url(), events=["job.started"])
    await house.speaker.say("ana", 1, kind="job.started")
    (delivery,) = await ended(house, webhook)
    assert (delivery["state"], delivery["attempts"], delivery["status"]) == ("delivered", 3, 200)
    assert {call.headers["webhook-id"] for call in other_side.calls} == {delivery["id"]}
    assert (await house.http.get(f"{HOOKS}/{webhook['id']}", headers=house.headers("ana"))).json()["webhook"]["failing_since"] is None


async def test_what_failed_for_good_can_be_replayed(build: Build, other_side: Receiver) -> None:
    house = await build(**reaching(other_side, webhook_attempts=2))
    other_side.answers = [500, 500]
    webhook = await made(house, other_side.url())
    await house.speaker.say("ana", 1, kind="job.cancelled")
    (failed,) = await ended(house, webhook)
    assert (failed["state"], failed["attempts"], failed["error"]) == ("failed", 2, "it answered 500")
    path = f"{HOOKS}/{webhook['id']}/deliveries/{failed['id']}/replay"
    assert (await house.http.post(path, headers=house.headers("ana"))).status_code == 202
    (again,) = await ended(house, webhook)
    assert (again["id"], again["state"], again["attempts"]) == (failed["id"], "delivered", 3)
    assert other_side.calls[-1].headers["webhook-id"] == failed["id"]


async def test_a_rotated_secret_signs_beside_the_former_one(house: House, other_side: Receiver) -> None:
    webhook = await made(house, other_side.url())
    rotated = (await house.http.post(f"{HOOKS}/{webhook['id']}/rotate", headers=house.headers("ana"))).json()["webhook"]
    assert rotated["secret"] != webhook["secret"]
    await house.speaker.say("ana", 1, kind="job.succeeded")
    await ended(house, webhook)
    (call,) = other_side.calls
    for secret in (webhook["secret"], rotated["secret"]):
        standardwebhooks.Webhook(secret).verify(call.body, call.headers)


async def test_an_endpoint_that_is_gone_is_disabled_until_it_is_enabled_again(house: House, other_side: Receiver) -> None:
    other_side.answers = [410]
    webhook = await made(house, other_side.url())
    path = f"{HOOKS}/{webhook['id']}"
    await house.speaker.say("ana", 1, kind="job.succeeded")
    await ended(house, webhook)
    shown = (await house.http.get(path, headers=house.headers("ana"))).json()["webhook"]
    assert (shown["enabled"], shown["disabled_reason"]) == (False, "it answered 410 Gone")
    await house.speaker.say("ana", 2, kind="job.succeeded")
    enabled = await house.http.patch(path, json={"enabled": True}, headers=house.headers("ana"))
    assert enabled.json()["webhook"]["disabled_reason"] is None
    await house.speaker.say("ana", 3, kind="job.succeeded")
    (newest, _) = await ended(house, webhook, 2)
    assert newest["state"] == "delivered"
    assert [orjson.loads(call.body)["data"]["n"] for call in other_side.calls] == [1, 3]


async def test_what_happens_while_the_service_is_down_is_delivered_when_it_is_back(house: House, other_side: Receiver) -> None:
    webhook = await made(house, other_side.url())
    await house.shut()
    await house.speaker.say("ana", 1, kind="job.succeeded")
    await house.open()
    (delivery,) = await ended(house, webhook)
    assert delivery["state"] == "delivered"


async def test_two_replicas_deliver_once(build: Build, other_side: Receiver) -> None:
    one, other = await build(**reaching(other_side)), await build(**reaching(other_side))
    webhook = await made(one, other_side.url())
    # Started anew it follows the user too, and does not wait for its next look at who wants to be told.
    await other.shut()
    await other.open()
    await one.speaker.say("ana", *range(20), kind="job.succeeded")
    log = await ended(one, webhook, 20)
    assert {one["attempts"] for one in log} == {1}
    assert sorted(orjson.loads(call.body)["data"]["n"] for call in other_side.calls) == list(range(20))


async def test_a_redirect_is_not_followed(house: House, other_side: Receiver) -> None:
    other_side.location = f"http://127.0.0.2:{other_side.port}/secret"
    other_side.answers = [302]
    webhook = await made(house, other_side.url())
    await house.speaker.say("ana", 1, kind="job.succeeded")
    await ended(house, webhook)
    assert {call.path for call in other_side.calls} == {"/hook"}


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.2:{port}/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]:{port}/",
        "http://127.0.0.1:22/",
        "http://2130706434:{port}/",
        "ftp://example.com/",
        "http://user:pass@example.com/",
        "javascript:alert(1)",
    ],
)
async def test_addresses_inside_are_refused(house: House, other_side: Receiver, url: str) -> None:
    answer = await house.http.post(HOOKS, json={"url": url.format(port=other_side.port)}, headers=house.headers("ana"))
    assert [fault["path"] for fault in assert_problem(answer, 422)["errors"]] == ["url"]


async def test_other_users_webhooks_are_not_there(house: House, other_side: Receiver) -> None:
    webhook = await made(house, other_side.url())
    await house.speaker.say("ana", 1, kind="job.succeeded")
    (delivery,) = await ended(house, webhook)
    path = f"{HOOKS}/{webhook['id']}"
    bo = house.headers("bo")
    asked = [
        await house.http.get(path, headers=bo),
        await house.http.patch(path, json={"enabled": False}, headers=bo),
        await house.http.delete(path, headers=bo),
        await house.http.post(f"{path}/rotate", headers=bo),
        await house.http.get(f"{path}/deliveries", headers=bo),
        await house.http.post(f"{path}/deliveries/{delivery['id']}/replay", headers=bo),
    ]
    for answer in asked:
        assert_problem(answer, 404)
    assert (await house.http.get(HOOKS, headers=bo)).json()["items"] == []
    assert_problem(await house.http.get(HOOKS), 401)
    assert_problem(await house.http.post(HOOKS, json={"rubbish": 1}), 401)


async def test_bodies_are_checked(build: Build, other_side: Receiver) -> None:
    house = await build(**reaching(other_side, webhooks_per_user=1))
    headers = house.headers("ana")
    for wrong in ({}, {"url": 1}, {"url": other_side.url(), "events": ["job.token"]}, {"url": other_side.url(), "owner": "bo"}):
        assert_problem(await house.http.post(HOOKS, json=wrong, headers=headers), 422)
    webhook = await made(house, other_side.url(), description="mine")
    assert "secret" not in (await house.http.get(f"{HOOKS}/{webhook['id']}", headers=headers)).json()["webhook"]
    assert_problem(await house.http.post(HOOKS, json={"url": other_side.url()}, headers=headers), 409)
    changed = await house.http.patch(f"{HOOKS}/{webhook['id']}", json={"events": ["job.failed"], "enabled": False}, headers=headers)
    shown = changed.json()["webhook"]
    assert (shown["events"], shown["enabled"], shown["description"]) == (["job.failed"], False, "mine")
    assert (await house.http.delete(f"{HOOKS}/{webhook['id']}", headers=headers)).status_code == 204
    assert_problem(await house.http.delete(f"{HOOKS}/{webhook['id']}", headers=headers), 404)


async def test_an_erased_user_leaves_nothing(house: House, other_side: Receiver) -> None:
    webhook = await made(house, other_side.url())
    kept = await made(house, other_side.url(), user="bo")
    await house.speaker.say("ana", 1, kind="job.succeeded")
    await ended(house, webhook)
    path = "/api/internal/users/ana"
    assert_problem(await house.http.delete(path), 401)
    assert_problem(await house.http.delete(path, headers=house.headers("ana")), 403)
    assert_problem(await house.http.delete(path, headers=house.headers("root", "admin")), 403)
    for same in (path, path, "/api/notifications/internal/users/ana"):
        assert (await house.http.delete(same, headers=house.headers("auth", "service"))).status_code == 204
    assert (await house.http.get(HOOKS, headers=house.headers("ana"))).json()["items"] == []
    assert await house.speaker.kept("ana") == 0
    assert await house.service.parts.store.delivery(str(webhook["id"])) is None
    assert [one["id"] for one in (await house.http.get(HOOKS, headers=house.headers("bo"))).json()["items"]] == [kept["id"]]


async def test_a_mail_about_a_long_job_for_who_wants_it(build: Build, other_side: Receiver) -> None:
    house = await build(
        mail_url=other_side.url("/api/internal/mail"),
        service_token_url=other_side.url("/api/auth/service-token"),
        service_secret="s" * 40,
    )
    path, headers = "/api/notifications/preferences", house.headers("ana")
    chosen = await house.http.put(path, json={"mail_after_seconds": 1}, headers=headers)
    assert (chosen.status_code, chosen.json()["mail_available"]) == (200, True)
    long_job = generate_uuid()
    await eventually(lambda: _second_passed(long_job), what="a second")

    # The follower begins where the stream ends when it first looks; a job that it sees is said until then.
    async def mailed() -> bool | None:
        await house.speaker.say("ana", 1, job=generate_uuid(), kind="job.succeeded")
        await house.speaker.say("ana", 1, job=long_job, kind="job.failed")
        return bool(other_side.calls) or None

    await eventually(mailed, what="no mail", deadline_s=20)
    mails = [orjson.loads(call.body) for call in other_side.calls]
    assert {mail["user"] for mail in mails} == {"ana"}
    assert all(long_job in mail["text"] and "failed" in mail["subject"] for mail in mails)
    assert other_side.calls[0].headers["authorization"] == f"Bearer {other_side.token}"
    assert other_side.calls[0].path == "/api/internal/mail"


def _second_passed(job: str) -> bool | None:
    import time

    from octavo_notifications.mails import accepted_at

    began = accepted_at(job)
    assert began is not None
    return time.time() * 1000 - began > 1_100 or None


async def test_no_mails_where_none_can_be_sent(house: House) -> None:
    path, headers = "/api/notifications/preferences", house.headers("ana")
    refused = await house.http.put(path, json={"mail_after_seconds": 60}, headers=headers)
    assert_problem(refused, 409)
    assert "OCTAVO_MAIL_URL" in refused.json()["message"]
    shown = (await house.http.get(path, headers=headers)).json()
    assert (shown["preferences"], shown["mail_available"]) == ({"mail_after_seconds": None}, False)
