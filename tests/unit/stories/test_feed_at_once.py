"""Two calls of one person at once, step by step in many orders: each call of the store waits until it is its turn."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, cast

import pytest

from octavo_core.clock import SystemClock
from octavo_core.errors import NotFound
from octavo_documents import DocumentStore, Query, open_documents
from octavo_jobs.errands import Errands
from octavo_jobs.lifecycle import Job
from octavo_stories.domain.feed.model import HANDLES, LIKES, POSTS, deed_id, new_post
from octavo_stories.domain.feed.people import People
from octavo_stories.domain.feed.posts import Posts

USER = "ana"


class Steps:
    """A store whose calls are made one after the other, in an order that the seed says."""

    def __init__(self, store: DocumentStore, seed: int) -> None:
        self._store = store
        self._random = random.Random(seed)
        self._waiting: list[asyncio.Future[None]] = []

    def __getattr__(self, name: str) -> Any:
        async def call(*args: Any, **named: Any) -> Any:
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            await turn
            return await getattr(self._store, name)(*args, **named)

        return call

    async def run(self, *works: Awaitable[Any]) -> None:
        tasks = [asyncio.ensure_future(work) for work in works]
        while left := sum(not task.done() for task in tasks):
            if len(self._waiting) < left:
                await asyncio.sleep(0)
                continue
            self._waiting.pop(self._random.randrange(left)).set_result(None)
        await asyncio.gather(*tasks)


async def test_of_two_names_at_once_one_holds_and_the_other_is_free(tmp_path: Path) -> None:
    store = open_documents(f"sqlite:///{tmp_path}/documents.db", SystemClock())
    people, ended = People(store), set()
    try:
        await people.call(USER, handle="before", name="Ana", about="")
        for seed in range(60):
            steps = Steps(store, seed)
            own = People(cast(DocumentStore, steps))
            await steps.run(*(own.call(USER, handle=handle, name="Ana", about="") for handle in ("one", "two")))
            name = await people.of(USER)
            assert name is not None
            assert (await people.find(name.handle)).user == USER, f"seed {seed}"
            held = [one.id for one in (await store.page(HANDLES, Query(USER))).items]
            assert name.handle in held
            ended.add(name.handle)
            await people.call(USER, handle="before", name="Ana", about="")
            for free in ("one", "two"):
                with pytest.raises(NotFound):
                    await people.find(free)
    finally:
        await store.close()
    assert ended == {"one", "two"}, "the orders differ"


class LikedMeanwhile:
    """A store in which somebody likes a post just before it goes."""

    def __init__(self, store: DocumentStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def remove(self, collection: Any, document_id: str, **named: Any) -> bool:
        if collection is POSTS:
            await self._store.insert(LIKES, deed_id("eva", document_id), owner="eva", body={"post": document_id})
        return await self._store.remove(collection, document_id, **named)


class Left:
    """The jobs of deleted posts that have not been run."""

    def __init__(self, *posts: str) -> None:
        self.posts = list(posts)

    async def not_done(self, owner: str, queue: str) -> list[Job]:
        assert (owner, queue) == (USER, "feed.cascade")
        return [cast(Job, type("Waiting", (), {"request": f'{{"post":"{post}"}}'})) for post in self.posts]

    async def forget_all_of(self, owner: str, queues: tuple[str, ...]) -> None:
        self.posts.clear()


async def test_what_others_did_goes_with_an_account_whenever_they_did_it(tmp_path: Path) -> None:
    store, clock = open_documents(f"sqlite:///{tmp_path}/documents.db", SystemClock()), SystemClock()
    errands, unused = Left("deleted"), cast(Any, None)
    posts = Posts(cast(DocumentStore, LikedMeanwhile(store)), cast(Errands, errands), unused, unused, unused, unused, clock, max_posts=10)
    try:
        said = {"title": "x", "text": "x", "tags": [], "language": "en", "front_matter": {}}
        await store.insert(POSTS, "there", owner=USER, body=new_post(said, story=None))
        await store.insert(LIKES, deed_id("bo", "deleted"), owner="bo", body={"post": "deleted"})
        await posts.erase(USER)
        assert await store.count(POSTS, owner=None) == 0
        assert await store.count(LIKES, owner=None) == 0
        assert errands.posts == []
    finally:
        await store.close()
