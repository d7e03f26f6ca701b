"""Pushes from a browser that subscribes to its end: encrypted for it alone, signed by us, once, tried again, and gone when it is gone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from tests.integration.notifications.conftest import Build
from tests.integration.notifications.house import House
from tests.servers.answers import assert_problem
from tests.servers.push_service import Device, PushService, push_service
from tests.unit.jobs.making import eventually

from octavo_core.clock import SystemClock
from octavo_core.ids import generate_uuid

pytestmark = pytest.mark.needs("redis")

PUSH = "/api/notifications/push"
POSTS = "/api/notifications/internal/posts"


@pytest.fixture(scope="module")
def vendor() -> Iterator[PushService]:
    with push_service() as opened:
        yield opened


@pytest.fixture
async def house(build: Build, vendor: PushService) -> House:
    return await build(**vendor.reach, push_retry_seconds=0.2, push_attempts=4, pushes_per_user=3, push_contact="mailto:ops@example.org")


async def subscribed(house: House, device: Device, user: str = "ana") -> str:
    answer = await house.http.put(PUSH, json=device.subscription, headers=house.headers(user))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["subscription"]["id"])


async def listed(house: House, user: str = "ana") -> list[str]:
    answer = await house.http.get(PUSH, headers=house.headers(user))
    return [one["endpoint"] for one in answer.json()["items"]]


async def told(house: House, *users: str, post: str | None = None, **changes: Any) -> int:
    said = {
        "post": post or generate_uuid(),
        "title": "El faro",
        "author": "Marina",
        "language": "es",
        "published_at": SystemClock().now_ms(),
        "users": list(users),
        **changes,
    }
    answer = await house.http.post(POSTS, json=said, headers=house.headers("stories", "service"))
    assert answer.status_code == 200, answer.text
    return int(answer.json()["browsers"])


async def arrived(device: Device, count: int = 1) -> list[dict[str, Any]]:
    await eventually(lambda: len(device.messages) >= count or None, what=f"{count} pushes do not arrive", deadline_s=40)
    return device.messages


async def test_a_post_arrives_encrypted_signed_and_once(house: House, vendor: PushService) -> None:
    phone, laptop, others = vendor.device(), vendor.device(), vendor.device()
    for device in (phone, laptop):
        await subscribed(house, device)
    await subscribed(house, others, "eva")
    post, later = generate_uuid(), generate_uuid()
    # Told again, as after a crash, and beside itself.
    assert [await told(house, "ana", "nobody", post=post) for _ in range(3)] == [2, 2, 2]
    assert await told(house, "ana", post=later, title="Another") == 2
    for device in (phone, laptop):
        messages = await arrived(device, 2)
        by_post = {message["post"]: message for message in messages}
        expected = {"title": "El faro", "author": "Marina", "language": "es", "url": f"/feed/posts/{post}", "post": post}
        assert by_post[post] == expected
        assert len(messages) == len(by_post) == device.asked == 2
    assert others.asked == 0
    public = (await house.http.get(PUSH, headers=house.headers("ana"))).json()["public_key"]
    assert set(phone.keys) == {public}
    assert phone.claims[0]["sub"] == "mailto:ops@example.org"
    sent = next(headers for headers, message in zip(phone.headers, phone.messages, strict=True) if message["post"] == post)
    assert (sent["topic"], sent["urgency"]) == (post.replace("-", ""), "normal")
    assert 86_000 < int(sent["ttl"]) <= 86_400


async def test_a_browser_that_is_gone_is_forgotten_and_one_that_is_busy_is_asked_again(house: House, vendor: PushService) -> None:
    gone, unknown, busy, strict = (vendor.device() for _ in range(4))
    gone.answers, unknown.answers, busy.answers, strict.answers = [410], [404], [503, 429], [400]
    for device, user in ((gone, "ana"), (unknown, "ana"), (busy, "ana"), (strict, "eva")):
        await subscribed(house, device, user)
    await told(house, "ana", "eva")
    assert len(await arrived(busy)) == 1
    assert busy.asked == 3

    async def forgotten() -> bool:
        return await listed(house) == [busy.endpoint]

    await eventually(forgotten, what="the ones that are gone are not forgotten", deadline_s=30)
    await told(house, "ana", "eva")
    await arrived(busy, 2)
    await arrived(strict)
    # What was refused for good was not tried again.
    assert (gone.asked, unknown.asked, strict.asked) == (1, 1, 2)


async def test_what_is_old_is_no_news(house: House, vendor: PushService) -> None:
    device = vendor.device()
    await subscribed(house, device)
    assert await told(house, "ana", published_at=SystemClock().now_ms() - 86_400_001) == 0


async def test_browsers_are_their_owners(house: House, vendor: PushService) -> None:
    devices = [vendor.device() for _ in range(4)]
    ids = [await subscribed(house, device) for device in devices[:3]]
    assert [await subscribed(house, device) for device in devices[:3]] == ids
    assert await listed(house, "eva") == []
    assert_problem(await house.http.delete(f"{PUSH}/{ids[0]}", headers=house.headers("eva")), 404)
    # The oldest makes room for a fourth.
    await subscribed(house, devices[3])
    assert sorted(await listed(house)) == sorted(device.endpoint for device in devices[1:])
    assert (await house.http.delete(f"{PUSH}/{ids[1]}", headers=house.headers("ana"))).status_code == 204
    assert_problem(await house.http.delete(f"{PUSH}/{ids[1]}", headers=house.headers("ana")), 404)
    # Whoever logs in to the same browser next has it.
    await subscribed(house, devices[2], "eva")
    assert await listed(house, "eva") == [devices[2].endpoint]
    assert await listed(house) == [devices[3].endpoint]
    assert_problem(await house.http.get(PUSH), 401)


async def test_an_erased_person_is_pushed_nothing(house: House, vendor: PushService) -> None:
    device = vendor.device()
    await subscribed(house, device)
    erased = await house.http.delete("/api/internal/users/ana", headers=house.headers("auth", "service"))
    assert erased.status_code == 204
    assert await told(house, "ana") == 0
    left = await house.service.parts.store.transactions.read(
        lambda connection: connection.execute(sa.text("SELECT COUNT(*) FROM notification_pushes")).scalar()
    )
    assert left == 0


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"endpoint": "http://example.org/push"}, "endpoint"),
        ({"endpoint": "https://10.0.0.1/push"}, "endpoint"),
        ({"endpoint": "https://169.254.169.254/latest"}, "endpoint"),
        ({"endpoint": "https://auth.octavo.svc/push"}, "endpoint"),
        ({"endpoint": "https://example.org:6379/"}, "endpoint"),
        ({"endpoint": "ftp://example.org/"}, "endpoint"),
        ({"keys": {"p256dh": "AAAA", "auth": "AAAA"}}, "keys.p256dh"),
        ({"owner": "eva"}, "owner"),
    ],
)
async def test_what_is_no_subscription_is_refused(house: House, vendor: PushService, changes: dict[str, Any], path: str) -> None:
    answer = await house.http.put(PUSH, json={**vendor.device().subscription, **changes}, headers=house.headers("ana"))
    assert_problem(answer, 422)
    assert answer.json()["errors"][0]["path"].endswith(path)
    assert await listed(house) == []


async def test_only_services_say_what_was_published(house: House) -> None:
    assert_problem(await house.http.post(POSTS, json={"x": 1}), 401)
    for role in (None, "user", "admin"):
        assert_problem(await house.http.post(POSTS, json={"x": 1}, headers=house.headers("ana", role)), 403)
    assert_problem(await house.http.post(POSTS, json={"x": 1}, headers=house.headers("stories", "service")), 422)
