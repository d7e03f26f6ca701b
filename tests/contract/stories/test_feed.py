"""The feed on each store: pages that neither skip nor repeat, counts that are right however many act at once, decisions that hold."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from octavo_core.clock import ManualClock
from octavo_core.errors import Conflict, InvalidInput, NotFound, QuotaReached, Throttled
from octavo_core.ids import generate_uuid
from octavo_documents import Document, DocumentStore
from octavo_stories.domain.feed.commenting import Commenting
from octavo_stories.domain.feed.model import HANDLES, LIKES, POSTS, RANKINGS, RANKS, new_post, published
from octavo_stories.domain.feed.moderation import Moderation
from octavo_stories.domain.feed.people import People
from octavo_stories.domain.feed.ranking import DOUBLING_MS, KEPT_MS
from octavo_stories.domain.feed.rates import Rates
from octavo_stories.domain.feed.reading import Reading, ShownPage
from octavo_stories.domain.feed.regard import Regard


class Place:
    def __init__(self, store: DocumentStore, clock: ManualClock) -> None:
        rates = Rates(1_000, 1_000)
        self.store, self.clock = store, clock
        self.people = People(store)
        self.regard = Regard(store, clock)
        self.reading = Reading(store, self.people, self.regard)
        self.commenting = Commenting(store, self.people, rates)
        self.moderation = Moderation(store, rates, clock)

    async def person(self, user: str) -> str:
        await self.people.call(user, handle=f"{user}_here", name=user.title(), about="")
        return f"{user}_here"

    async def post(self, user: str, title: str = "El faro") -> Document:
        said = {"title": title, "text": "Érase", "tags": [], "language": "es", "front_matter": {}}
        body = published(new_post(said, story=None), self.clock.now_ms())
        assert body is not None
        made = await self.store.insert(POSTS, generate_uuid(), owner=user, body=body)
        await self.regard.rank(made, body["published_at"])
        self.clock.advance(1)
        return made


@pytest.fixture
def place(documents: DocumentStore, clock: ManualClock) -> Place:
    return Place(documents, clock)


def ids(page: ShownPage) -> list[str]:
    return [one.post.id for one in page.items]


async def walk(ask: Callable[[str | None], Awaitable[ShownPage]], between: Callable[[], Awaitable[Any]] | None = None) -> list[str]:
    """All pages, with something done between each two."""
    found: list[str] = []
    cursor = None
    while True:
        page = await ask(cursor)
        found += ids(page)
        cursor = page.next_cursor
        if cursor is None:
            return found
        if between is not None:
            await between()


async def test_a_name_is_one_person_s_and_the_earlier_one_is_free_again(place: Place) -> None:
    answers = await asyncio.gather(
        *(place.people.call(user, handle="marina", name=user, about="") for user in ("ana", "eva", "luz")), return_exceptions=True
    )
    assert sum(isinstance(answer, Conflict) for answer in answers) == 2
    found = await place.people.find("marina")
    await place.people.call(found.user, handle="faro", name="Faro", about="")
    with pytest.raises(NotFound):
        await place.people.find("marina")
    assert await place.store.count(HANDLES, owner=found.user) == 1
    other = next(user for user in ("ana", "eva", "luz") if user != found.user)
    assert (await place.people.call(other, handle="marina", name="x", about="")).handle == "marina"


async def test_a_name_that_was_claimed_and_no_more_is_nobody_s_until_its_owner_comes_again(place: Place) -> None:
    """As after a crash between the two writes."""
    await place.store.insert(HANDLES, "marina", owner="ana", body={})
    with pytest.raises(NotFound):
        await place.people.find("marina")
    with pytest.raises(Conflict):
        await place.people.call("eva", handle="marina", name="Eva", about="")
    assert (await place.people.call("ana", handle="marina", name="Ana", about="")).handle == "marina"


async def test_pages_of_the_newest_neither_skip_nor_repeat_while_people_publish(place: Place) -> None:
    await place.person("ana")
    posts = [(await place.post("ana", f"{n}")).id for n in range(11)]
    found = await walk(lambda cursor: place.reading.newest(limit=3, cursor=cursor), lambda: place.post("ana", "new"))
    assert found == posts[::-1]


async def test_posts_of_the_same_moment_are_all_there(place: Place) -> None:
    await place.person("ana")
    said = {"title": "x", "text": "y", "tags": [], "language": "en", "front_matter": {}}
    for n in range(9):
        body = published(new_post(said, story=None), 1_000)
        assert body is not None
        await place.store.insert(POSTS, generate_uuid(), owner="ana", body={**body, "title": f"{n}"})
    found = await walk(lambda cursor: place.reading.newest(limit=2, cursor=cursor))
    assert len(found) == len(set(found)) == 9


async def test_drafts_and_what_was_taken_back_are_nowhere(place: Place) -> None:
    await place.person("ana")
    post = await place.post("ana")
    await place.store.replace(POSTS, post, {**post.body, "state": "draft"})
    assert ids(await place.reading.newest(limit=5, cursor=None)) == []
    assert ids(await place.reading.ranked(limit=5, cursor=None)) == []
    with pytest.raises(NotFound):
        await place.reading.one(post.id)


async def test_a_ranking_stands_while_it_is_read(place: Place) -> None:
    await place.person("ana")
    posts = [await place.post("ana", f"{n}") for n in range(9)]
    likers = iter(range(1_000))

    async def likes_and_news() -> None:
        # What is liked now, and what is new, is for the next ranking.
        for post in posts[:2]:
            await place.regard.do("like", post, f"user-{next(likers)}")
        await place.post("ana", "new")
        place.clock.advance(120)

    found = await walk(lambda cursor: place.reading.ranked(limit=2, cursor=cursor), likes_and_news)
    assert found == [post.id for post in reversed(posts)]
    again = await walk(lambda cursor: place.reading.ranked(limit=4, cursor=cursor))
    assert set(again[:2]) == {post.id for post in posts[:2]}
    assert len(again) == len(set(again)) > 9


async def test_a_ranking_goes_after_hours_and_its_cursor_says_so(place: Place) -> None:
    await place.person("ana")
    for n in range(3):
        await place.post("ana", f"{n}")
    first = await place.reading.ranked(limit=1, cursor=None)
    place.clock.advance(KEPT_MS / 1000 + 3_600)
    await place.reading.ranked(limit=1, cursor=None)
    assert await place.store.count(RANKINGS, owner=None) == 1
    with pytest.raises(InvalidInput):
        await place.reading.ranked(limit=1, cursor=first.next_cursor)


async def test_regard_fades(place: Place) -> None:
    await place.person("ana")
    old = await place.post("ana", "old")
    await place.regard.do("like", old, "eva")
    place.clock.advance(DOUBLING_MS / 1000 / 2)
    new = await place.post("ana", "new")
    place.clock.advance(61)
    assert ids(await place.reading.ranked(limit=5, cursor=None)) == [old.id, new.id]
    place.clock.advance(DOUBLING_MS / 1000)
    newer = await place.post("ana", "newer")
    place.clock.advance(61)
    assert ids(await place.reading.ranked(limit=5, cursor=None)) == [newer.id, old.id, new.id]


async def test_likes_are_right_however_many_come_at_once(place: Place) -> None:
    await place.person("ana")
    post = await place.post("ana")
    likers = [f"user-{n}" for n in range(20)]
    # Each three times at once, and then a half of them takes it back.
    await asyncio.gather(*(place.regard.do("like", post, user) for user in likers * 3))
    assert (await place.reading.one(post.id)).counts.likes == 20
    await asyncio.gather(*(place.regard.undo("like", post, user) for user in likers[:10] * 2))
    assert (await place.reading.one(post.id)).counts.likes == 10
    assert await place.regard.done("like", [post.id], likers[0]) == []
    assert await place.regard.done("like", [post.id], likers[-1]) == [post.id]
    # The author's document is not touched by any of it: their next edit holds against the version that they saw.
    assert (await place.reading.find(post.id)).version == post.version


async def test_a_crash_between_a_like_and_its_rank_is_put_right_by_the_next(place: Place) -> None:
    await place.person("ana")
    post = await place.post("ana")
    await place.store.insert(LIKES, "as-if-by-a-process-that-died", owner="eva", body={"post": post.id})
    assert (await place.reading.one(post.id)).counts.likes == 1
    await place.regard.do("like", post, "luz")
    rank = await place.store.get(RANKS, post.id, owner=None)
    assert rank is not None
    assert rank.body["rank"] > post.body["published_at"] + DOUBLING_MS


async def test_a_like_of_what_is_gone_leaves_nothing(place: Place) -> None:
    await place.person("ana")
    post = await place.post("ana")
    await place.store.remove(POSTS, post.id, owner="ana")
    with pytest.raises(NotFound):
        await place.regard.do("like", post, "eva")
    assert await place.store.count(LIKES, owner=None) == 0


async def test_the_feed_of_those_one_follows_is_merged_in_order(place: Place) -> None:
    handles = {user: await place.person(user) for user in ("ana", "eva", "luz")}
    posts = [(await place.post(user, f"{n}")).id for n in range(4) for user in ("ana", "eva", "luz")]
    for user in ("ana", "eva"):
        await place.people.follow("bo", handles[user])
        await place.people.follow("bo", handles[user])
    wanted = [post for place_, post in enumerate(posts) if place_ % 3 != 2][::-1]
    for limit in (1, 3, 8):
        found = await walk(lambda cursor, limit=limit: place.reading.following("bo", limit=limit, cursor=cursor))  # type: ignore[misc]
        assert found == wanted, limit
    assert await place.people.followers(await place.people.find("ana_here")) == 1
    await place.people.leave("bo", "ana_here")
    assert len(ids(await place.reading.following("bo", limit=20, cursor=None))) == 4
    with pytest.raises(Conflict):
        await place.people.follow("ana", "ana_here")


async def test_of_many_whom_one_follows_nothing_is_left_out(place: Place) -> None:
    """Of each only a few are read for a page; what lies behind those waits for the next one."""
    users = [f"user{n}" for n in range(21)]
    for user in users:
        await place.people.follow("bo", await place.person(user))
    # One of them publishes much at once, the others now and then.
    order = [users[0]] * 8 + users * 2 + [users[0]] * 8
    posts = [(await place.post(user)).id for user in order]
    found = await walk(lambda cursor: place.reading.following("bo", limit=10, cursor=cursor))
    assert found == posts[::-1]


async def test_follows_have_a_bound(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("octavo_stories.domain.feed.people.MAX_FOLLOWS", 1)
    await place.person("ana")
    await place.person("eva")
    await place.people.follow("bo", "ana_here")
    with pytest.raises(QuotaReached):
        await place.people.follow("bo", "eva_here")
    await place.people.follow("bo", "ana_here")


async def test_saved_posts_come_back_the_last_one_first(place: Place) -> None:
    await place.person("ana")
    posts = [await place.post("ana", f"{n}") for n in range(5)]
    for post in posts:
        await place.regard.do("save", post, "bo")
        place.clock.advance(1)
    await place.regard.undo("save", posts[1], "bo")
    found = await walk(lambda cursor: place.reading.saved("bo", limit=2, cursor=cursor))
    assert found == [posts[n].id for n in (4, 3, 2, 0)]


async def test_a_talk_is_read_from_its_beginning(place: Place) -> None:
    await place.person("ana")
    await place.person("eva")
    post = await place.post("ana")
    for n in range(5):
        await place.commenting.say(post, "eva", f"{n}")
        place.clock.advance(1)
    said, cursor = await place.commenting.page(post, limit=3, cursor=None)
    more, end = await place.commenting.page(post, limit=3, cursor=cursor)
    assert [one.comment.body["text"] for one in (*said, *more)] == ["0", "1", "2", "3", "4"]
    assert end is None
    # By whoever said it, by whose post it is, and by nobody else.
    with pytest.raises(NotFound):
        await place.commenting.remove(said[0].comment.id, "bo")
    await place.commenting.remove(said[0].comment.id, "eva")
    await place.commenting.remove(said[1].comment.id, "ana")
    assert (await place.reading.one(post.id)).counts.comments == 3
    with pytest.raises(Conflict):
        await place.commenting.say(post, "nameless", "hello")


async def test_a_decision_closes_all_reports_of_the_same_thing(place: Place) -> None:
    await place.person("ana")
    post = await place.post("ana")
    for user in ("eva", "luz", "eva"):
        await place.moderation.report(post, None, user, "unkind")
    queue = await place.moderation.queue(state="open", limit=10, cursor=None)
    assert len(queue.items) == 2
    closed = await place.moderation.decide(queue.items[0].id, "remove", "it was unkind", moderator="root")
    assert (closed.body["state"], closed.body["decision"], closed.body["decided_by"]) == ("closed", "remove", "root")
    assert (await place.moderation.queue(state="open", limit=10, cursor=None)).items == []
    assert ids(await place.reading.newest(limit=5, cursor=None)) == []
    kept = await place.store.get(POSTS, post.id, owner="ana")
    assert kept is not None
    assert (kept.body["state"], kept.body["reason"]) == ("removed", "it was unkind")


async def test_a_decision_that_broke_off_is_made_again(place: Place) -> None:
    await place.person("ana")
    post = await place.post("ana")
    await place.moderation.report(post, None, "eva", "unkind")
    # As if the process had died between the two.
    await place.store.replace(POSTS, post, {**post.body, "state": "removed", "reason": "it was unkind"})
    [report] = (await place.moderation.queue(state="open", limit=10, cursor=None)).items
    closed = await place.moderation.decide(report.id, "remove", "again", moderator="root")
    assert closed.body["state"] == "closed"
    kept = await place.store.get(POSTS, post.id, owner=None)
    assert kept is not None
    assert kept.body["reason"] == "it was unkind"


async def test_a_comment_is_taken_down_and_the_post_stays(place: Place) -> None:
    await place.person("ana")
    await place.person("eva")
    post, other = await place.post("ana"), await place.post("ana")
    said = await place.commenting.say(post, "eva", "unkind words")
    with pytest.raises(NotFound):
        await place.moderation.report(other, said.comment.id, "luz", "not there")
    await place.moderation.report(post, said.comment.id, "luz", "unkind")
    [report] = (await place.moderation.queue(state="open", limit=10, cursor=None)).items
    assert (report.body["about"], report.body["excerpt"]) == ("eva", "unkind words")
    await place.moderation.decide(report.id, "remove", "unkind", moderator="root")
    assert (await place.reading.one(post.id)).counts.comments == 0


async def test_too_much_at_once_is_refused_of_one_person_alone(documents: DocumentStore) -> None:
    people = People(documents)
    for user in ("ana", "eva"):
        await people.call(user, handle=f"{user}_here", name=user, about="")
    place = Place(documents, ManualClock())
    post, now = await place.post("ana"), [100.0]
    commenting = Commenting(documents, people, Rates(60, 2, now=lambda: now[0]))
    for _ in range(2):
        await commenting.say(post, "ana", "x")
    with pytest.raises(Throttled) as refused:
        await commenting.say(post, "ana", "x")
    assert refused.value.retry_after
    await commenting.say(post, "eva", "x")
    now[0] += 1.2
    await commenting.say(post, "ana", "x")
