"""Keeping pictures: the bytes in the storage, the row in the database, and never one without the other for long.

A picture is announced in the database, written to the storage, and added to the index, in this order. Whoever is killed in between
leaves an announced row: the job's next attempt goes on with it, and if there is none, a sweep removes what it names. Deleting is the
same way back: the row is marked, the bytes are removed, the row goes; a sweep ends what was begun.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog

from octavo_core.clock import to_iso
from octavo_core.errors import NotFound, Unavailable
from octavo_generation.images import records
from octavo_generation.images.paths import image_id, media_type_of, path_of
from octavo_generation.images.pictures import check_picture
from octavo_generation.images.records import Claimed, KeptImage
from octavo_generation.images.storage import ImageStorage
from octavo_generation.providers.port import DrawnImage, Picture
from octavo_generation.store import GenerationStore

log = structlog.get_logger(__name__)

KEEPING_S = 600.0
"""The longest that `keep` takes."""
_ARRIVING_MS = 3_600_000
"""After this an announced picture counts as never finished; much longer than `keep` takes."""
_CLAIM_MS = 600_000
"""How long one process has for a deletion before another takes it up."""
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose pictures they are and what made them. `accepted_at`: when the job was accepted, in ms since the epoch. `details`: see
    `KeptImage`."""

    job: str
    accepted_at: int
    generator: str
    owner: str
    provider: str
    model: str
    prompt: str
    details: Mapping[str, Any] | None = None


class ImageLibrary:
    """Any number of calls and of processes at once. Raises `Unavailable` where the storage or the database does not answer."""

    def __init__(self, store: GenerationStore, storage: ImageStorage, *, retention_days: int | None = None) -> None:
        self.storage = storage
        self._store = store
        self._retention_ms = None if retention_days is None else retention_days * _DAY_MS

    async def keep(self, origin: Origin, drawn: Sequence[DrawnImage], *, first: int = 0) -> list[KeptImage]:
        """The job's pictures number `first` and on, in their order; all are there when this returns, and can be opened.

        Idempotent by job and number: what an earlier attempt kept stays as it is and is what comes back, whatever was drawn now. Raises
        `ProviderError` for what is no picture, before any is kept.
        """
        try:
            async with asyncio.timeout(KEEPING_S):
                return await self._keep(origin, drawn, first)
        except TimeoutError:
            raise Unavailable(f"the pictures could not be kept in {KEEPING_S:g} s") from None

    async def get(self, image: str, *, generator: str) -> KeptImage:
        """Raises `NotFound`. `image` has the form of an id."""
        now = self._store.clock.now_ms()
        found = await self._store.transactions.read(lambda connection: records.get_many(connection, [image], now=now))
        if not found or found[0].generator != generator:
            raise NotFound("there is no such image")
        return found[0]

    async def page(self, *, generator: str, owner: str | None, before: str | None, limit: int) -> list[KeptImage]:
        """Newest first; `owner` None is everyone."""
        now = self._store.clock.now_ms()
        return await self._store.transactions.read(
            lambda connection: records.page(connection, generator=generator, owner=owner, before=before, limit=limit, now=now)
        )

    async def open(self, image: KeptImage, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Bytes [start, end). The first block is read before this returns, so that a picture that is not there is known before an answer
        begins. Raises `NotFound`."""
        blocks = self.storage.stream(image.path, start, image.bytes if end is None else end, sealed=image.sealed)
        first = await anext(blocks)

        async def all_blocks() -> AsyncIterator[bytes]:
            yield first
            async for block in blocks:
                yield block

        return all_blocks()

    async def read(self, image: KeptImage) -> bytes:
        """The whole of it."""
        return b"".join([block async for block in await self.open(image)])

    async def delete(self, image: KeptImage) -> None:
        """From the moment that this returns nobody can open it. Where the storage does not answer, its bytes go with a later sweep."""
        now = self._store.clock.now_ms()
        claim = await self._store.transactions.write(
            lambda connection: records.mark_deleted(connection, image.id, now=now, until=now + _CLAIM_MS), rows=1
        )
        if claim is None:
            raise NotFound("there is no such image")
        try:
            await self._remove([claim])
        except Unavailable as error:
            log.warning("a deleted picture is still in the storage; a sweep will remove it", image=image.id, reason=error.message)

    async def erase(self, owner: str, *, generator: str, at_once: int = 100) -> None:
        """All pictures of an owner. Idempotent; raises when something is left."""
        while page := await self.page(generator=generator, owner=owner, before=None, limit=at_once):
            for image in page:
                with contextlib.suppress(NotFound):  # somebody else was faster
                    await self.delete(image)

    async def sweep(self, limit: int = 100, *, generator: str | None = None) -> int:
        """Removes at most `limit` pictures whose retention is over, and ends deletions and arrivals that were cut off; how many. Any
        number of processes may do this at once, and do each picture once. It is needed without retention too.

        `generator`: only that one's. It must be given where generators with other storages share the database, for the bytes are
        looked for in this library's storage only.
        """
        removed, more = 0, True
        while more and removed < limit:
            claimed, more = await self._claim(min(limit - removed, 100), generator)
            await self._remove(claimed)
            removed += len(claimed)
        return removed

    async def _claim(self, limit: int, generator: str | None) -> tuple[list[Claimed], bool]:
        now = self._store.clock.now_ms()
        return await self._store.transactions.write(
            lambda connection: records.claim_expired(connection, now=now, until=now + _CLAIM_MS, limit=limit, generator=generator)
        )

    async def _keep(self, origin: Origin, drawn: Sequence[DrawnImage], first: int) -> list[KeptImage]:
        images = [await self._described(origin, one, first + number) for number, one in enumerate(drawn)]
        now = self._store.clock.now_ms()
        announced = [image for image, _ in images]
        states = await self._store.transactions.write(
            lambda connection: records.announce(connection, announced, until=now + _ARRIVING_MS), rows=len(announced)
        )
        if any(deleted_at not in (None, records.ARRIVING) for _, deleted_at in states.values()):
            raise Unavailable("a picture of this job is just being deleted", retry_after=_CLAIM_MS / 1000)
        arrived = await asyncio.gather(*(self._arrive(image, data, *states[image.id]) for image, data in images))
        kept = await self._store.transactions.write(lambda connection: records.add_many(connection, arrived), rows=len(arrived))
        if len(kept) != len(announced):
            raise Unavailable("a picture was deleted while it was kept")
        return kept

    async def _described(self, origin: Origin, one: DrawnImage, number: int) -> tuple[KeptImage, bytes]:
        checked = await asyncio.to_thread(check_picture, one.picture, provider=origin.provider)
        now = self._store.clock.now_ms()
        image = image_id(origin.job, origin.accepted_at, number)
        described = KeptImage(
            id=image,
            generator=origin.generator,
            owner=origin.owner,
            job=origin.job,
            created_at=now,
            expires_at=None if self._retention_ms is None else now + self._retention_ms,
            path=path_of(image, checked.media_type),
            media_type=checked.media_type,
            bytes=len(checked.data),
            width=checked.width,
            height=checked.height,
            sha256=checked.sha256,
            provider=origin.provider,
            model=origin.model,
            prompt=_storable(origin.prompt),
            revised_prompt=None if one.revised_prompt is None else _storable(one.revised_prompt),
            seed=one.seed,
            sealed=self.storage.seals,
            details=origin.details,
        )
        return described, checked.data

    async def _arrive(self, image: KeptImage, data: bytes, path: str, deleted_at: int | None) -> KeptImage:
        """Its bytes are in the storage afterwards; the description of what is there."""
        if deleted_at is None:
            # An earlier attempt kept it; the row has all that there is to say.
            return image
        if path != image.path:
            # The attempt before drew another type; its path was announced, and a second one would be a second picture.
            image, data = await self._converted(image, data, path)
        if await self.storage.put(path, data, media_type=image.media_type, metadata=_metadata(image)):
            return image
        return await self._adopted(image)

    async def _converted(self, image: KeptImage, data: bytes, path: str) -> tuple[KeptImage, bytes]:
        wanted = media_type_of(path)
        checked = await asyncio.to_thread(check_picture, Picture(data, image.media_type), provider=image.provider, media_type=wanted)
        converted = replace(image, path=path, media_type=wanted, bytes=len(checked.data), sha256=checked.sha256)
        return converted, checked.data

    async def _adopted(self, image: KeptImage) -> KeptImage:
        """Another attempt's picture lies there already, and stays: the row must say what it is."""
        stored = await self.storage.get(image.path)
        checked = await asyncio.to_thread(check_picture, Picture(stored.data, image.media_type), provider=image.provider)
        said = stored.metadata
        return replace(
            image,
            bytes=len(checked.data),
            width=checked.width,
            height=checked.height,
            sha256=checked.sha256,
            provider=said.get("provider", image.provider),
            model=said.get("model", image.model),
            revised_prompt=said.get("revisedprompt") if said else image.revised_prompt,
            seed=_number(said.get("seed")) if said else image.seed,
            sealed=stored.sealed,
        )

    async def _remove(self, claimed: Sequence[Claimed]) -> None:
        """Those whose bytes could be removed lose their row, even when others could not."""
        outcomes = await asyncio.gather(*(self.storage.delete(claim.path) for claim in claimed), return_exceptions=True)
        done = [claim for claim, outcome in zip(claimed, outcomes, strict=True) if outcome is None]
        if done:
            await self._store.transactions.write(lambda connection: records.remove(connection, done), rows=len(done))
        for outcome in outcomes:
            if outcome is not None:
                raise outcome


def _metadata(image: KeptImage) -> dict[str, str]:
    """What goes with the bytes: enough to know the picture by without the database. Not its owner."""
    said = {
        "id": image.id,
        "generator": image.generator,
        "job": image.job,
        "created": to_iso(image.created_at),
        "provider": image.provider,
        "model": image.model,
        "size": f"{image.width}x{image.height}",
        "mediatype": image.media_type,
        "sha256": image.sha256,
        "prompt": image.prompt,
    }
    if image.revised_prompt is not None:
        said["revisedprompt"] = image.revised_prompt
    if image.seed is not None:
        said["seed"] = str(image.seed)
    return said


def _storable(text: str) -> str:
    """PostgreSQL refuses U+0000, and neither a database nor JSON takes half of a surrogate pair."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _number(text: str | None) -> int | None:
    try:
        return None if text is None else int(text)
    except ValueError:
        return None
