"""Links by which anybody may read a story: unguessable, revocable, and ending by themselves where they were told to.

The token is 256 bits from the system's source of chance. Kept is only its SHA-256, which is also the link's id: who reads the
database, or the list of links, cannot open one.
"""

from __future__ import annotations

import hashlib
import re
import secrets

from octavo_core.clock import Clock
from octavo_core.errors import NotFound, QuotaReached
from octavo_documents import Document, DocumentStore, Query
from octavo_stories.domain.story import SHARES, STORIES

MAX_SHARES = 20
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_ID = re.compile(r"[0-9a-f]{64}")
_GONE = "there is no such link, or it has ended"


class Sharing:
    def __init__(self, store: DocumentStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def share(self, story: Document, *, expires_in_s: int | None) -> tuple[Document, str]:
        """The link, and its token, which is told this once."""
        if await self._store.count(SHARES, owner=story.owner, where={"story": story.id}) >= MAX_SHARES:
            raise QuotaReached(f"the story has {MAX_SHARES} links; revoke one first")
        token = secrets.token_urlsafe(32)
        expires_at = None if expires_in_s is None else self._clock.now_ms() + expires_in_s * 1000
        made = await self._store.insert(SHARES, _id_of(token), owner=story.owner, body={"story": story.id, "expires_at": expires_at})
        return made, token

    async def shares(self, story: Document) -> list[Document]:
        page = await self._store.page(SHARES, Query(story.owner, where={"story": story.id}, limit=100))
        return list(page.items)

    async def revoke(self, story: Document, share: str) -> None:
        found = await self._store.get(SHARES, share, owner=story.owner) if _ID.fullmatch(share) else None
        if found is None or found.body["story"] != story.id or not await self._store.remove(SHARES, share, owner=story.owner):
            raise NotFound("there is no such link")

    async def open(self, token: str) -> Document:
        """The story, as it is now. One answer for a link that never was, was revoked or has ended, and for a story that is gone or not
        yet written."""
        if not _TOKEN.fullmatch(token):
            raise NotFound(_GONE)
        share = await self._store.get(SHARES, _id_of(token), owner=None)
        if share is None or self.has_ended(share):
            raise NotFound(_GONE)
        story = await self._store.get(STORIES, share.body["story"], owner=share.owner)
        if story is None or story.body["state"] != "ready":
            raise NotFound(_GONE)
        return story

    def has_ended(self, share: Document) -> bool:
        expires_at = share.body["expires_at"]
        return expires_at is not None and expires_at <= self._clock.now_ms()


def _id_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
