"""What everybody reads: published posts, in the orders of the feed. Nobody is asked who they are."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from octavo_core.errors import NotFound
from octavo_documents import Document, DocumentStore, Page, Query, Scalar, cursor_behind
from octavo_stories.domain.feed.model import POSTS, SAVES
from octavo_stories.domain.feed.people import Name, People
from octavo_stories.domain.feed.posts import NO_SUCH
from octavo_stories.domain.feed.regard import Counts, Regard

Order = Literal["newest", "ranked"]
_AT_ONCE = 16
_READ, _LEAST = 100, 5
"""About so many posts are read for one page of those whom somebody follows, and at least so many of each."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A published post as it is shown: by whom, and what was counted just now."""

    post: Document
    author: Name
    counts: Counts


@dataclass(frozen=True, slots=True)
class ShownPage:
    items: Sequence[Shown]
    next_cursor: str | None


class Reading:
    """A page may hold fewer than were asked for, where posts went since it was ordered; the end is where there is no cursor."""

    def __init__(self, store: DocumentStore, people: People, regard: Regard) -> None:
        self._store = store
        self._people = people
        self._regard = regard

    async def find(self, post: str) -> Document:
        """Raises `NotFound` for what is not published."""
        found = await self._store.get(POSTS, post, owner=None)
        if found is None or found.body["state"] != "published":
            raise NotFound(NO_SUCH)
        return found

    async def one(self, post: str) -> Shown:
        shown = await self._shown([await self.find(post)])
        if not shown:
            raise NotFound(NO_SUCH)
        return shown[0]

    async def newest(
        self, *, author: str | None = None, language: str | None = None, search: str | None = None, limit: int, cursor: str | None
    ) -> ShownPage:
        """By the moment of publication. `author` is a name; raises `NotFound` where there is none."""
        owner = None if author is None else (await self._people.find(author)).user
        where: dict[str, Scalar] = {"state": "published", **({} if language is None else {"language": language})}
        page = await self._store.page(POSTS, _newest(owner, limit, cursor, where=where, search=search))
        return ShownPage(await self._shown(page.items), page.next_cursor)

    async def ranked(self, *, limit: int, cursor: str | None) -> ShownPage:
        """See `ranking`."""
        ids, next_cursor = await self._regard.ranked(limit=limit, cursor=cursor)
        return ShownPage(await self._found(ids), next_cursor)

    async def following(self, user: str, *, limit: int, cursor: str | None) -> ShownPage:
        """The newest of those whom the person follows: the first of each, merged. A post of somebody who is followed from now on may
        lie before the cursor, and is found from the top again."""
        people, turn = await self._people.followed(user), asyncio.Semaphore(_AT_ONCE)
        each = min(limit, max(_LEAST, _READ // max(1, len(people))))

        async def of(owner: str) -> Page:
            async with turn:
                return await self._store.page(POSTS, _newest(owner, each, cursor))

        pages = await asyncio.gather(*map(of, people))
        # Behind the last one that was read of somebody who has more, something of theirs might come between: so far and no further.
        horizon = max((_place(page.items[-1]) for page in pages if page.next_cursor is not None), default=None)
        read = sorted((post for page in pages for post in page.items), key=_place, reverse=True)
        found = [post for post in read if horizon is None or _place(post) >= horizon]
        posts = found[:limit]
        more = horizon is not None or len(found) > limit
        return ShownPage(await self._shown(posts), cursor_behind(POSTS, _newest(None, limit, None), posts[-1]) if more and posts else None)

    async def saved(self, user: str, *, limit: int, cursor: str | None) -> ShownPage:
        """What the person saved last comes first."""
        page = await self._store.page(SAVES, Query(user, limit=limit, cursor=cursor))
        return ShownPage(await self._found([one.body["post"] for one in page.items]), page.next_cursor)

    async def _found(self, ids: Sequence[str]) -> list[Shown]:
        posts = await asyncio.gather(*(self._store.get(POSTS, post, owner=None) for post in ids))
        return await self._shown([post for post in posts if post is not None and post.body["state"] == "published"])

    async def _shown(self, posts: Sequence[Document]) -> list[Shown]:
        owners = list(dict.fromkeys(post.owner for post in posts))
        counts, names = await asyncio.gather(
            self._regard.counts([post.id for post in posts]), asyncio.gather(*(self._people.of(owner) for owner in owners))
        )
        named = {name.user: name for name in names if name is not None}
        # Somebody whose account goes just now has no name any more.
        return [Shown(post, named[post.owner], counts[post.id]) for post in posts if post.owner in named]


def _place(post: Document) -> tuple[int, str]:
    """In the order of the newest."""
    return post.body["published_at"], post.id


def _newest(
    owner: str | None, limit: int, cursor: str | None, *, where: dict[str, Scalar] | None = None, search: str | None = None
) -> Query:
    return Query(
        owner, where=where or {"state": "published"}, search=search, sort="published_at", descending=True, limit=limit, cursor=cursor
    )
