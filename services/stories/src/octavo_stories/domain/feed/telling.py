"""Who follows an author hears of a new post: a job that goes through the followers, a part of them each, and hands pages of them to whoever
tells people things.

The job is durable before the post is there to be read, and waits for it, so that no crash leaves followers untold. A part that is done
again tells the same people the same thing, which those who tell make one of. A post is told once in its life: when it is published for
the first time.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import orjson
import structlog

from octavo_core.clock import Clock
from octavo_core.errors import Throttled, Unavailable
from octavo_core.ids import generate_uuid
from octavo_documents import Document, DocumentStore, Query
from octavo_jobs.context import JobContext
from octavo_jobs.errands import Errands
from octavo_jobs.lifecycle import Job, Policy
from octavo_stories.domain.feed.model import FOLLOWS, POSTS
from octavo_stories.domain.feed.people import People

log = structlog.get_logger(__name__)

QUEUE = "feed.tell"
OWNER = "service:stories"
"""Whose jobs these are: an author is told nothing of them. They hold a post's id and no more of anybody."""
NEWS_MS = 86_400_000
"""An older post is no news: notifications were away for so long."""
PAGE = 100
PAGES_EACH = 5
"""Of followers, in one job: it ends within seconds, and what breaks off is not much to do again."""
_LOOKS, _LOOK_AGAIN_S = 10, 0.1
"""How often one attempt looks whether its post is there by now."""
_WAITS = 5
"""How many attempts it is waited for."""
# Attempts for a day, of ten minutes in the end: as long as a post is news.
_POLICY = Policy(max_attempts=150, timeout_ms=180_000, retry_base_ms=2_000, retry_max_ms=600_000, retention_ms=86_400_000)
_PARTS = uuid.UUID("b1a6f0d2-94c7-4f55-8a3e-0c7d5e2f9b18")


@dataclass(frozen=True, slots=True)
class News:
    """`published_at` in ms since the epoch."""

    post: str
    title: str
    author: str
    language: str | None
    published_at: int


class Tellers(Protocol):
    async def tell(self, news: News, users: Sequence[str]) -> None:
        """These people, at most a hundred, who want to hear of it, each once, however often this is called. Durable when it returns. Ends
        within a minute. Raises `Unavailable` where it must be asked again, `Misconfigured` where that would not help."""
        ...


class Telling:
    def __init__(self, store: DocumentStore, errands: Errands, people: People, clock: Clock, tellers: Tellers | None) -> None:
        """`tellers` None: nobody is told anything."""
        self._store = store
        self._errands = errands
        self._people = people
        self._clock = clock
        self._tellers = tellers

    async def begin(self, post: Document) -> None:
        """Before the post is published. Again is harmless. Raises `Unavailable`; but a post is worth more than that it is told: where too
        many wait already, it is published untold."""
        if self._tellers is None or post.body["published_at"] is not None:
            return
        try:
            await self._errands.send(QUEUE, generate_uuid(), owner=OWNER, request={"post": post.id}, policy=_POLICY)
        except Throttled:
            log.warning("followers are not told of a post; too many wait to be told", post=post.id)

    async def __call__(self, job: Job, context: JobContext) -> str:
        """The handler. Any number at once, also of the same post."""
        said = orjson.loads(job.request)
        post = await self._awaited(said["post"])
        if post is None or self._tellers is None:
            return _told(0)
        if post.body["state"] != "published":
            if post.body["published_at"] is None and job.failures < _WAITS:
                # Whoever publishes it is slow, or has failed.
                raise Unavailable("the post is not published yet", retry_after=2)
            return _told(0)
        author = await self._people.of(post.owner)
        if author is None or self._clock.now_ms() - post.body["published_at"] > NEWS_MS:
            return _told(0)
        news = News(post.id, post.body["title"], author.name, post.body["language"], post.body["published_at"])
        cursor, told = said.get("cursor"), 0
        for _ in range(PAGES_EACH):
            page = await self._store.page(FOLLOWS, Query(None, where={"followed": post.owner}, descending=False, limit=PAGE, cursor=cursor))
            # The earliest come first; who began to follow after the post found it there.
            users = [one.owner for one in page.items if one.created_at <= news.published_at]
            if users:
                await self._tellers.tell(news, users)
            told, cursor = told + len(users), page.next_cursor if len(users) == len(page.items) else None
            if cursor is None:
                return _told(told)
        # The same id again is the same job, where this one breaks off behind it.
        following = str(uuid.uuid5(_PARTS, f"{job.id}\n{cursor}"))
        await self._errands.send(QUEUE, following, owner=OWNER, request={"post": post.id, "cursor": cursor}, policy=_POLICY)
        return _told(told)

    async def _awaited(self, post_id: str) -> Document | None:
        """The post, published if that comes within a moment: a job is at work before its post is there."""
        for _ in range(_LOOKS):
            post = await self._store.get(POSTS, post_id, owner=None)
            if post is None or post.body["published_at"] is not None:
                return post
            await asyncio.sleep(_LOOK_AGAIN_S)
        return await self._store.get(POSTS, post_id, owner=None)


def _told(followers: int) -> str:
    return orjson.dumps({"followers": followers}).decode()
