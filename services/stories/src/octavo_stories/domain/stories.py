"""What people do with their stories. Every call is scoped to an owner: another's story is as good as absent."""

from __future__ import annotations

import asyncio
import contextlib

import orjson

from octavo_core.clock import Clock
from octavo_core.errors import Conflict, NotFound, PreconditionFailed, QuotaReached, Unavailable
from octavo_core.ids import generate_uuid
from octavo_documents import AlreadyThere, Body, Document, DocumentStore, Page, Query
from octavo_jobs.context import JobContext
from octavo_jobs.errands import Errands
from octavo_jobs.lifecycle import Job, Policy
from octavo_stories.domain.story import EDITABLE, MAX_VERSIONS, SHARES, STORIES, VERSIONS, Wish, edited, version_id, version_of
from octavo_stories.domain.writing import QUEUE, Writings

CASCADE = "stories.cascade"
_CASCADE_POLICY = Policy(max_attempts=6, timeout_ms=60_000, retry_base_ms=1_000, retry_max_ms=10_000)
_TRIES = 10


class Stories:
    def __init__(self, store: DocumentStore, errands: Errands, writings: Writings, clock: Clock, *, max_stories: int) -> None:
        self._store = store
        self._errands = errands
        self._writings = writings
        self._clock = clock
        self._max_stories = max_stories

    async def create(self, owner: str, body: Body) -> Document:
        """Raises `QuotaReached`. Two at the same moment may both get the last place."""
        await self.check_room(owner)
        return await self._store.insert(STORIES, generate_uuid(), owner=owner, body=body)

    async def write(self, owner: str, wish: Wish, *, key: str | None) -> Document:
        """The story in state `writing`, or what became of it where the key was used before. Raises `QuotaReached`, `Conflict`."""
        if key is not None and (earlier := await self._writings.earlier(owner, wish, key)) is not None:
            return earlier
        await self.check_room(owner)
        return await self._writings.ask(owner, wish, key=key)

    async def check_room(self, owner: str) -> None:
        if await self._store.count(STORIES, owner=owner) >= self._max_stories:
            raise QuotaReached(f"you have {self._max_stories} stories, and more are not kept; delete one first")

    async def read(self, story: str, *, owner: str | None) -> Document:
        found = await self._store.get(STORIES, story, owner=owner)
        if found is None:
            raise NotFound("there is no such story")
        return await self._writings.settled(found)

    async def page(self, query: Query) -> Page:
        page = await self._store.page(STORIES, query)
        return Page(await asyncio.gather(*map(self._writings.settled, page.items)), page.next_cursor)

    async def edit(self, story: str, changes: Body, *, owner: str, version: int | None) -> Document:
        """The version before is kept ahead of the change: a crash in between leaves it kept, and nothing changed."""
        for _ in range(_TRIES):
            seen = await self.read(story, owner=owner)
            _check_version(seen, version)
            if seen.body["state"] == "writing":
                raise Conflict("the story is being written; wait for its end before you change it")
            body = edited(seen.body, changes)
            if body is None:
                return seen
            await self._keep_version(seen)
            changed = await self._store.replace(STORIES, seen, body)
            if changed is not None:
                await self._store.remove(VERSIONS, version_id(story, body["revision"] - MAX_VERSIONS - 1), owner=owner)
                return changed
        raise Unavailable("too many change this story at once", retry_after=1)

    async def versions(self, story: str, *, owner: str | None, limit: int, cursor: str | None) -> Page:
        """Earlier ones, the latest first. What was kept for a change that never came is the present one, and left out."""
        seen = await self.read(story, owner=owner)
        page = await self._store.page(
            VERSIONS, Query(seen.owner, where={"story": story}, sort="revision", descending=True, limit=limit, cursor=cursor)
        )
        return Page([one for one in page.items if one.body["revision"] < seen.body["revision"]], page.next_cursor)

    async def version(self, story: str, revision: int, *, owner: str | None) -> Document:
        found = await self._store.get(VERSIONS, version_id(story, revision), owner=owner)
        if found is None:
            raise NotFound(f"version {revision} of the story is not kept; the last {MAX_VERSIONS} are")
        return found

    async def restore(self, story: str, revision: int, *, owner: str, version: int | None) -> Document:
        """As the next revision: what was there is not lost."""
        await self.read(story, owner=owner)
        found = await self.version(story, revision, owner=owner)
        return await self.edit(story, {name: found.body[name] for name in EDITABLE}, owner=owner, version=version)

    async def delete(self, story: str, *, owner: str, version: int | None) -> None:
        """The document at once; its versions and links by a job, which is durable before the document goes and waits until it is
        gone. Links answer 404 from that moment on."""
        seen = await self.read(story, owner=owner)
        _check_version(seen, version)
        await self._writings.stop(seen)
        await self._errands.send(CASCADE, generate_uuid(), owner=owner, request={"story": story}, policy=_CASCADE_POLICY)
        if not await self._store.remove(STORIES, story, owner=owner, version=version):
            raise NotFound("there is no such story") if version is None else PreconditionFailed("it was changed just now")

    async def cascade(self, job: Job, context: JobContext) -> str:
        """The handler of what a deleted story leaves. Idempotent. Raises `Unavailable` while the story is still there: whoever
        deletes it has not come so far yet, or has failed."""
        story = orjson.loads(job.request)["story"]
        if await self._store.get(STORIES, story, owner=job.owner) is not None:
            if job.failures + 1 < job.policy.max_attempts:
                raise Unavailable("the story is still there", retry_after=1)
            return orjson.dumps({"removed": 0}).decode()
        gone = sum([await self._store.remove_where(kept, owner=job.owner, where={"story": story}) for kept in (SHARES, VERSIONS)])
        return orjson.dumps({"removed": gone}).decode()

    async def erase(self, owner: str) -> None:
        """Everything of a person whose account is gone. Idempotent; raises `Unavailable` when it must be asked for again."""
        await self._errands.forget_all_of(owner, (QUEUE, CASCADE))
        await self._store.remove_all_of([SHARES, VERSIONS, STORIES], owner)

    async def _keep_version(self, seen: Document) -> None:
        with contextlib.suppress(AlreadyThere):
            await self._store.insert(
                VERSIONS,
                version_id(seen.id, seen.body["revision"]),
                owner=seen.owner,
                body=version_of(seen.id, seen.body, self._clock.now_ms()),
            )


def _check_version(seen: Document, version: int | None) -> None:
    if version is not None and seen.version != version:
        raise PreconditionFailed(f"it is version {seen.version} by now; read it again before you change it")
