"""What people do with their characters. Every call is scoped to an owner: another's character is as good as absent."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import orjson

from octavo_characters.domain.character import CHARACTERS, PictureKind, new_body, picture_of, pictures_of, with_picture
from octavo_characters.domain.drawing import Drawings
from octavo_core.errors import NotFound, OctavoError, PreconditionFailed, QuotaReached, Unavailable
from octavo_core.ids import generate_uuid
from octavo_documents import Body, Document, DocumentStore, Page, Query, update
from octavo_documents.pictures import KeptPicture, Pictures
from octavo_jobs.context import JobContext
from octavo_jobs.errands import Errands
from octavo_jobs.lifecycle import Job, Policy

CASCADE = "characters.cascade"
_CASCADE_POLICY = Policy(max_attempts=6, timeout_ms=60_000, retry_base_ms=1_000, retry_max_ms=10_000)


class Characters:
    def __init__(self, store: DocumentStore, pictures: Pictures, errands: Errands, drawings: Drawings, *, max_characters: int) -> None:
        self._store = store
        self._pictures = pictures
        self._errands = errands
        self.drawings = drawings
        self._max_characters = max_characters

    async def create(self, owner: str, *, name: str, description: str) -> Document:
        """Raises `QuotaReached`. Two at the same moment may both get the last place."""
        if await self._store.count(CHARACTERS, owner=owner) >= self._max_characters:
            raise QuotaReached(f"you have {self._max_characters} characters, and more are not kept; delete one first")
        return await self._store.insert(CHARACTERS, generate_uuid(), owner=owner, body=new_body(name, description))

    async def read(self, character: str, *, owner: str | None) -> Document:
        found = await self._store.get(CHARACTERS, character, owner=owner)
        if found is None:
            raise NotFound("there is no such character")
        return await self.drawings.settled(found)

    async def page(self, query: Query) -> Page:
        page = await self._store.page(CHARACTERS, query)
        return Page(await asyncio.gather(*map(self.drawings.settled, page.items)), page.next_cursor)

    async def edit(self, character: str, changes: Body, *, owner: str, version: int | None) -> Document:
        return await self._update(character, lambda seen: {**seen.body, **changes}, owner=owner, version=version)

    async def set_picture(self, character: str, kind: PictureKind, data: bytes, *, owner: str, version: int | None) -> Document:
        """Checked and encoded anew; the one that was there goes."""
        await self.read(character, owner=owner)
        kept = await self._pictures.keep(owner, data, name=generate_uuid())
        try:
            return await self._exchange(character, kind, kept, owner=owner, version=version)
        except OctavoError:
            with contextlib.suppress(Unavailable):
                await self._pictures.forget(kept)
            raise

    async def remove_picture(self, character: str, kind: PictureKind, *, owner: str, version: int | None) -> Document:
        return await self._exchange(character, kind, None, owner=owner, version=version)

    async def read_picture(self, character: str, kind: PictureKind, *, owner: str | None) -> tuple[KeptPicture, bytes]:
        found = await self._store.get(CHARACTERS, character, owner=owner)
        kept = None if found is None else picture_of(found.body, kind)
        if kept is None:
            raise NotFound("there is no such picture")
        return kept, await self._pictures.read(kept)

    async def delete(self, character: str, *, owner: str, version: int | None) -> None:
        """The document at once; its pictures by a job, which is durable before the document goes and waits until it is gone."""
        seen = await self.read(character, owner=owner)
        if version is not None and seen.version != version:
            raise PreconditionFailed(f"it is version {seen.version} by now; read it again before you delete it")
        if seen.body["drawing"] is not None and seen.body["drawing"]["state"] == "drawing":
            await self._errands.cancel(seen.body["drawing"]["job"])
        if paths := [kept.path for kept in pictures_of(seen.body)]:
            request = {"character": character, "paths": paths}
            await self._errands.send(CASCADE, generate_uuid(), owner=owner, request=request, policy=_CASCADE_POLICY)
        if not await self._store.remove(CHARACTERS, seen.id, owner=owner, version=version):
            raise NotFound("there is no such character") if version is None else PreconditionFailed("it was changed just now")

    async def erase(self, owner: str) -> None:
        """Everything of a person whose account is gone. Idempotent; raises `Unavailable` when it must be asked for again."""
        await self._errands.forget_all_of(owner, (self.drawings.queue, CASCADE))
        await self._store.remove_all_of([CHARACTERS], owner)
        await self._pictures.forget_all_of(owner)

    async def _exchange(
        self, character: str, kind: PictureKind, picture: KeptPicture | None, *, owner: str, version: int | None
    ) -> Document:
        before: list[KeptPicture | None] = [None]

        def change(seen: Document) -> Body:
            before[0] = picture_of(seen.body, kind)
            return with_picture(seen.body, kind, picture)

        changed = await self._update(character, change, owner=owner, version=version)
        if before[0] is not None and before[0] != picture:
            request = {"character": character, "paths": [before[0].path]}
            # Not worth failing over: the picture that nobody names goes with the person's others.
            with contextlib.suppress(OctavoError):
                await self._errands.send(CASCADE, generate_uuid(), owner=owner, request=request, policy=_CASCADE_POLICY)
        return changed

    async def _update(self, character: str, change: Callable[[Document], Body], *, owner: str, version: int | None) -> Document:
        try:
            return await update(self._store, CHARACTERS, character, change, owner=owner, version=version)
        except NotFound:
            raise NotFound("there is no such character") from None


class Cascade:
    """Removes pictures that no character names any more. Idempotent."""

    def __init__(self, store: DocumentStore, pictures: Pictures) -> None:
        self._store = store
        self._pictures = pictures

    async def __call__(self, job: Job, context: JobContext) -> str:
        """Raises `Unavailable` while the character still names one of them: whoever asked has not come so far yet, or has failed."""
        request = orjson.loads(job.request)
        found = await self._store.get(CHARACTERS, request["character"], owner=job.owner)
        named = set() if found is None else {kept.path for kept in pictures_of(found.body)}
        kept = [path for path in request["paths"] if path in named]
        if kept and job.failures + 1 < job.policy.max_attempts:
            raise Unavailable("the character still names its pictures", retry_after=1)
        for path in request["paths"]:
            if path not in named:
                await self._pictures.forget_path(path)
        return orjson.dumps({"removed": len(request["paths"]) - len(kept)}).decode()
