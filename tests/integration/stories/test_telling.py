"""Followers hear of a new post: all of them, page by page, through a service that may be away, and of a post's first time alone."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from tests.integration.notifications.receiver import Receiver, receiver
from tests.integration.stories.conftest import apart
from tests.integration.stories.house import Generators, House, house, made
from tests.integration.stories.test_feed import FEED, draft, named, post
from tests.servers.redis import RedisServer
from tests.unit.jobs.making import eventually

from octavo_core.errors import Unavailable
from octavo_core.ids import generate_uuid
from octavo_jobs.lifecycle import Job, Policy, State
from octavo_stories.domain.feed import telling

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.needs("redis")]
TELL = "/api/notifications/internal/posts"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def other_side() -> AsyncIterator[Receiver]:
    async with receiver() as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def telling_house(
    tmp_path_factory: pytest.TempPathFactory, redis_session: RedisServer, generators: Generators, other_side: Receiver
) -> AsyncIterator[House]:
    home = tmp_path_factory.mktemp("telling")
    settings = {
        "notifications_url": other_side.url(""),
        "service_token_url": other_side.url("/api/auth/service-token"),
        "service_secret": "s" * 40,
    }
    url = f"sqlite:///{home}/documents.db"
    async with house(home, documents_url=url, redis_url=apart(redis_session, 8), generators=generators, **settings) as opened:
        yield opened


@pytest.fixture
def at_home(telling_house: House, other_side: Receiver, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(telling, "PAGE", 4)
    monkeypatch.setattr(telling, "PAGES_EACH", 2)
    telling_house.day = generate_uuid()[-12:]
    other_side.calls.clear()
    return telling_house


async def followed(at_home: House, handle: str, count: int) -> set[str]:
    for number in range(count):
        answer = await at_home.stories.put(f"{FEED}/people/{handle}/follow", headers=at_home.by(f"fan{number}"))
        assert answer.status_code in (200, 204), answer.text
    return {at_home.name(f"fan{number}") for number in range(count)}


def told(other_side: Receiver, post_id: str) -> list[dict[str, Any]]:
    assert {call.path for call in other_side.calls} <= {TELL}
    assert all(call.headers["authorization"] == f"Bearer {other_side.token}" for call in other_side.calls)
    bodies = [json.loads(call.body) for call in other_side.calls]
    return [body for body in bodies if body["post"] == post_id]


async def test_all_followers_are_told_in_pages_and_of_the_first_time_alone(at_home: House, other_side: Receiver) -> None:
    handle = await named(at_home, "ana")
    fans = await followed(at_home, handle, 19)
    # Of three jobs, each of two pages of four; the last one has one page of three.
    shown = await post(at_home, title="Un faro", language="es")
    # Who follows only now finds the post there, and is told of the next one.
    await followed(at_home, handle, 20)

    def everybody() -> list[dict[str, Any]] | None:
        pages = told(other_side, shown["id"])
        return pages if sum(len(page["users"]) for page in pages) >= len(fans) else None

    pages = await eventually(everybody, what="not all are told", deadline_s=60)
    users = [user for page in pages for user in page["users"]]
    assert (set(users), len(users)) == (fans, len(fans))
    assert max(len(page["users"]) for page in pages) == 4
    assert {(page["title"], page["author"], page["language"]) for page in pages} == {("Un faro", "Ana", "es")}
    path = f"{FEED}/mine/{shown['id']}"
    made(await at_home.stories.post(f"{path}/withdraw", headers=at_home.by("ana")), 200)
    again = made(await at_home.stories.post(f"{path}/publish", headers=at_home.by("ana")), 200)
    assert again["published_at"] == shown["published_at"]
    # Whatever came of that would be there before what comes of the next one.
    later = await post(at_home, title="Otro")
    await eventually(
        lambda: sum(len(page["users"]) for page in told(other_side, later["id"])) == len(fans) + 1 or None, what="not told", deadline_s=60
    )
    assert len(told(other_side, shown["id"])) == len(pages)


async def test_a_service_that_is_away_keeps_no_post_back_and_is_told_later(at_home: House, other_side: Receiver) -> None:
    fans = await followed(at_home, await named(at_home, "ana"), 2)
    other_side.answers += [503, 429]
    shown = await post(at_home)
    assert (await at_home.stories.get(f"{FEED}/posts/{shown['id']}")).status_code == 200
    calls = await eventually(
        lambda: pages if len(pages := told(other_side, shown["id"])) == 3 else None, what="it is not tried again", deadline_s=60
    )
    assert all(set(call["users"]) == fans for call in calls)


async def test_a_job_waits_for_its_post_and_gives_up_on_one_that_does_not_come(at_home: House, other_side: Receiver) -> None:
    """As after a crash between the job and the post."""
    await followed(at_home, await named(at_home, "ana"), 1)
    begun = await draft(at_home)
    handler = at_home.stories_service._feed.telling

    def job(failures: int) -> Job:
        request = json.dumps({"post": begun["id"]})
        return Job("j", telling.QUEUE, telling.OWNER, State.RUNNING, request, Policy(), "c", 0, 0, 0, failures=failures)

    with pytest.raises(Unavailable):
        await handler(job(0), None)  # type: ignore[arg-type]
    assert json.loads(await handler(job(5), None)) == {"followers": 0}  # type: ignore[arg-type]
    assert other_side.calls == []


async def test_what_was_told_too_late_is_no_news(at_home: House, other_side: Receiver) -> None:
    await followed(at_home, await named(at_home, "ana"), 1)
    shown = await post(at_home)
    await eventually(lambda: told(other_side, shown["id"]) or None, what="not told", deadline_s=60)
    other_side.calls.clear()
    handler = at_home.stories_service._feed.telling
    request = json.dumps({"post": shown["id"]})
    late = Job("j", telling.QUEUE, telling.OWNER, State.RUNNING, request, Policy(), "c", 0, 0, 0)
    at_home.clock.advance(telling.NEWS_MS / 1000 + 1)
    try:
        assert json.loads(await handler(late, None)) == {"followers": 0}  # type: ignore[arg-type]
    finally:
        at_home.clock.advance(-telling.NEWS_MS / 1000 - 1)
    assert other_side.calls == []
