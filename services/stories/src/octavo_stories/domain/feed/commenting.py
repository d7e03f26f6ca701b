"""What people say under posts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from octavo_core.errors import NotFound
from octavo_core.ids import generate_uuid
from octavo_documents import Document, DocumentStore, Query
from octavo_stories.domain.feed.model import COMMENTS, POSTS
from octavo_stories.domain.feed.people import Name, People
from octavo_stories.domain.feed.rates import Rates

NO_SUCH = "there is no such comment"


@dataclass(frozen=True, slots=True)
class Said:
    comment: Document
    author: Name


class Commenting:
    def __init__(self, store: DocumentStore, people: People, rates: Rates) -> None:
        self._store = store
        self._people = people
        self._rates = rates

    async def say(self, post: Document, user: str, text: str) -> Said:
        """Raises `Throttled`, and `Conflict` for a person without a name."""
        author = await self._people.required(user)
        self._rates.take("comment", user)
        made = await self._store.insert(COMMENTS, generate_uuid(), owner=user, body={"post": post.id, "text": text})
        if await self._store.get(POSTS, post.id, owner=post.owner) is None:
            # Else it would stay behind what a deleted post's job has removed.
            await self._store.remove(COMMENTS, made.id, owner=user)
            raise NotFound("there is no such post")
        return Said(made, author)

    async def page(self, post: Document, *, limit: int, cursor: str | None) -> tuple[Sequence[Said], str | None]:
        """The oldest first, as a talk is read."""
        page = await self._store.page(
            COMMENTS, Query(None, where={"post": post.id}, sort="created_at", descending=False, limit=limit, cursor=cursor)
        )
        owners = list(dict.fromkeys(one.owner for one in page.items))
        named = dict(zip(owners, await asyncio.gather(*map(self._people.of, owners)), strict=True))
        said = [(one, named[one.owner]) for one in page.items]
        return [Said(one, name) for one, name in said if name is not None], page.next_cursor

    async def remove(self, comment: str, user: str) -> None:
        """By whoever said it, or whose post it stands under. For anybody else there is none: `NotFound`."""
        found = await self._store.get(COMMENTS, comment, owner=None)
        if found is None or (found.owner != user and await self._store.get(POSTS, found.body["post"], owner=user) is None):
            raise NotFound(NO_SUCH)
        await self._store.remove(COMMENTS, comment, owner=found.owner)
