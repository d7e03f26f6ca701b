"""What people are called in the feed, and whom they follow."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from octavo_core.errors import Conflict, NotFound, QuotaReached, Unavailable
from octavo_documents import AlreadyThere, Document, DocumentStore, Query, update
from octavo_stories.domain.feed.model import FOLLOWS, HANDLES, MAX_FOLLOWS, PEOPLE, deed_id, person_id

NO_SUCH = "there is nobody of that name"
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Name:
    """`user` never leaves the service."""

    user: str
    handle: str
    name: str
    about: str


class People:
    """Any number of calls at once. A name is one document with the name as its id, so of two who want it one gets it."""

    def __init__(self, store: DocumentStore) -> None:
        self._store = store

    async def of(self, user: str) -> Name | None:
        found = await self._store.get(PEOPLE, person_id(user), owner=user)
        return None if found is None else _name(found)

    async def required(self, user: str) -> Name:
        """Raises `Conflict` where they have not said how they want to be called."""
        found = await self.of(user)
        if found is None:
            raise Conflict("choose a name for the feed first")
        return found

    async def find(self, handle: str) -> Name:
        """Raises `NotFound`. A name that was claimed by somebody who then took another is nobody's."""
        taken = await self._store.get(HANDLES, handle, owner=None)
        found = None if taken is None else await self.of(taken.owner)
        if found is None or found.handle != handle:
            raise NotFound(NO_SUCH)
        return found

    async def call(self, user: str, *, handle: str, name: str, about: str) -> Name:
        """The name is claimed first, then it is theirs, then an earlier one is free: a crash in between leaves a name that only they can
        take, and the next call frees it. Of two calls at once the later one holds. Raises `Conflict` where it is another's."""
        await self._claim(user, handle)
        body = {"handle": handle, "name": name, "about": about}
        try:
            await self._store.insert(PEOPLE, person_id(user), owner=user, body=body)
        except AlreadyThere:
            await update(self._store, PEOPLE, person_id(user), lambda seen: None if seen.body == body else body, owner=user)
        held = await self._store.page(HANDLES, Query(user, limit=100))
        for one in held.items:
            # Not `handle`: another call may have given them another name since.
            if (now := await self.of(user)) is not None and one.id != now.handle:
                await self._store.remove(HANDLES, one.id, owner=user)
        # Theirs may have gone between the look and the removal, here or in another call.
        if (now := await self.of(user)) is not None:
            await self._claim(user, now.handle)
        return Name(user, handle, name, about)

    async def _claim(self, user: str, handle: str) -> None:
        for _ in range(_TRIES):
            try:
                await self._store.insert(HANDLES, handle, owner=user, body={})
                return
            except AlreadyThere:
                held = await self._store.get(HANDLES, handle, owner=None)
            if held is not None:
                if held.owner != user:
                    raise Conflict("somebody else has that name already")
                return
            # It became free just now.
        raise Unavailable("too many want this name at once", retry_after=1)

    async def follow(self, user: str, handle: str) -> Name:
        """Raises `NotFound`, `Conflict` for oneself, `QuotaReached`. Two at the same moment may both get the last place."""
        found = await self.find(handle)
        if found.user == user:
            raise Conflict("nobody can follow themselves")
        if await self._store.count(FOLLOWS, owner=user) >= MAX_FOLLOWS and not await self.follows(user, found):
            raise QuotaReached(f"you follow {MAX_FOLLOWS} people, and more cannot be; leave one first")
        with contextlib.suppress(AlreadyThere):
            await self._store.insert(FOLLOWS, deed_id(user, person_id(found.user)), owner=user, body={"followed": found.user})
        return found

    async def leave(self, user: str, handle: str) -> Name:
        found = await self.find(handle)
        await self._store.remove(FOLLOWS, deed_id(user, person_id(found.user)), owner=user)
        return found

    async def follows(self, user: str, other: Name) -> bool:
        return await self._store.get(FOLLOWS, deed_id(user, person_id(other.user)), owner=user) is not None

    async def followers(self, name: Name) -> int:
        return await self._store.count(FOLLOWS, owner=None, where={"followed": name.user})

    async def followed(self, user: str) -> list[str]:
        """The users that they follow."""
        found: list[str] = []
        cursor = None
        while len(found) <= MAX_FOLLOWS:
            page = await self._store.page(FOLLOWS, Query(user, limit=100, cursor=cursor))
            found += [one.body["followed"] for one in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        return found


def _name(found: Document) -> Name:
    return Name(found.owner, found.body["handle"], found.body["name"], found.body["about"])
