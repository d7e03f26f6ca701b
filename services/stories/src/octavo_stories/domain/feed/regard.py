"""Likes and saves, and the ranks that come of them.

A like is a document; how many a post has is counted when it is asked for. A rank is derived and may lag behind: it is reckoned from the
counts after each deed, and where a crash comes between the two, by the next one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from octavo_core.clock import Clock
from octavo_core.errors import NotFound, Unavailable
from octavo_documents import AlreadyThere, Collection, Document, DocumentStore, Query, update
from octavo_stories.domain.feed.model import COMMENTS, LIKES, POSTS, RANKINGS, RANKS, SAVES, deed_id
from octavo_stories.domain.feed.ranking import BUCKET_MS, KEPT_MS, MOST, bucket_of, cursor_of, place_of, rank_of, unknown_cursor

Deed = Literal["like", "save"]
_DEEDS: dict[Deed, Collection] = {"like": LIKES, "save": SAVES}
_FEED = "octavo:feed"
"""The owner of rankings, which are nobody's."""
_PAGE = 100
_SWEPT = 20


@dataclass(frozen=True, slots=True)
class Counts:
    likes: int
    comments: int


class Regard:
    """Any number of calls at once, of any number of processes."""

    def __init__(self, store: DocumentStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def do(self, deed: Deed, post: Document, user: str) -> None:
        """Once a person, however often. Raises `NotFound` where the post went meanwhile."""
        kept = _DEEDS[deed]
        with contextlib.suppress(AlreadyThere):
            await self._store.insert(kept, deed_id(user, post.id), owner=user, body={"post": post.id})
        if await self._store.get(POSTS, post.id, owner=post.owner) is None:
            # Else it would stay behind what a deleted post's job has removed.
            await self._store.remove(kept, deed_id(user, post.id), owner=user)
            raise NotFound("there is no such post")
        await self._rank_again(post)

    async def undo(self, deed: Deed, post: Document, user: str) -> None:
        await self._store.remove(_DEEDS[deed], deed_id(user, post.id), owner=user)
        await self._rank_again(post)

    async def done(self, deed: Deed, posts: Sequence[str], user: str) -> list[str]:
        """Those of the posts to which they did it."""
        found = await asyncio.gather(*(self._store.get(_DEEDS[deed], deed_id(user, post), owner=user) for post in posts))
        return [post for post, one in zip(posts, found, strict=True) if one is not None]

    async def counts(self, posts: Sequence[str]) -> dict[str, Counts]:
        async def of(post: str) -> Counts:
            likes, comments = await asyncio.gather(*(self._store.count(one, owner=None, where={"post": post}) for one in (LIKES, COMMENTS)))
            return Counts(likes, comments)

        return dict(zip(posts, await asyncio.gather(*map(of, posts)), strict=True))

    async def rank(self, post: Document, published_at: int) -> None:
        """Counted, then written: of two at once either may be the last, and the next deed puts it right."""
        likes, saves = await asyncio.gather(*(self._store.count(one, owner=None, where={"post": post.id}) for one in (LIKES, SAVES)))
        body = {"live": True, "rank": rank_of(published_at, likes=likes, saves=saves)}
        try:
            await self._store.insert(RANKS, post.id, owner=post.owner, body=body)
        except AlreadyThere:
            with contextlib.suppress(NotFound):
                await update(self._store, RANKS, post.id, lambda seen: None if seen.body == body else body, owner=post.owner)

    async def ranked(self, *, limit: int, cursor: str | None) -> tuple[list[str], str | None]:
        """A page of the ranking, as ids, and where the next begins. All pages are of the ranking that the first one was of, which stands
        as it was made for hours: nothing is shown twice, and nothing left out, whatever is liked meanwhile. Raises `InvalidInput` for
        a cursor of one that is gone."""
        if cursor is None:
            bucket, place = bucket_of(self._clock.now_ms()), 0
            posts = await self._ranking(bucket)
        else:
            bucket, place = place_of(cursor)
            kept = await self._store.get(RANKINGS, str(bucket), owner=_FEED)
            if kept is None:
                raise unknown_cursor()
            posts = kept.body["posts"]
        after = place + limit
        return posts[place:after], cursor_of(bucket, after) if after < len(posts) else None

    async def _ranking(self, bucket: int) -> list[str]:
        """Whoever asks first in a minute makes it; of two at once the second takes the first one's."""
        kept = await self._store.get(RANKINGS, str(bucket), owner=_FEED)
        if kept is not None:
            return list(kept.body["posts"])
        posts: list[str] = []
        cursor = None
        while len(posts) < MOST:
            page = await self._store.page(
                RANKS, Query(None, where={"live": True}, sort="rank", descending=True, limit=_PAGE, cursor=cursor)
            )
            posts += [one.id for one in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        # Ranks move while they are paged through; each post stands where it was found first.
        posts = list(dict.fromkeys(posts))
        try:
            await self._store.insert(RANKINGS, str(bucket), owner=_FEED, body={"posts": posts})
        except AlreadyThere:
            theirs = await self._store.get(RANKINGS, str(bucket), owner=_FEED)
            return posts if theirs is None else list(theirs.body["posts"])
        await self._sweep(bucket * BUCKET_MS - KEPT_MS)
        return posts

    async def _sweep(self, before_ms: int) -> None:
        oldest = await self._store.page(RANKINGS, Query(_FEED, sort="created_at", descending=False, limit=_SWEPT))
        for one in oldest.items:
            if one.created_at < before_ms:
                await self._store.remove(RANKINGS, one.id, owner=_FEED)

    async def _rank_again(self, post: Document) -> None:
        """Not worth failing a like over."""
        with contextlib.suppress(Unavailable):
            if await self._store.get(RANKS, post.id, owner=post.owner) is not None:
                await self.rank(post, post.body["published_at"])
