"""A picture that a generator makes for a character: asked for, made by a durable job, landed in the document once.

The document names the job before there is one; the job holds nothing but the character's id. What may go wrong:

- A crash between the two: the job never comes, and whoever reads the character a while later sees that it failed (`settled`).
- The documents' database is away: the job sits it out, so that the picture is not lost.
- The worker dies: another attempt asks the generator with the same key and gets the same picture; it is stored under the job's id,
  so twice is once. The document takes it only while it waits for this very job.
- All attempts fail, or the worker vanishes for good: the handler, or else the next reader, writes the reason into the document.
- The character is deleted, or another picture is asked for meanwhile: what the job brings is thrown away.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
from typing import Any

import orjson

from octavo_characters.domain.character import CHARACTERS, asked_to_draw, drawing_of, drawn, has_landed, not_drawn, picture_of, prompt_for
from octavo_core.clock import Clock
from octavo_core.errors import Conflict, InvalidInput, NotFound, OctavoError, ProviderRefused, Unavailable
from octavo_core.generators import GeneratorClient
from octavo_core.ids import generate_uuid
from octavo_documents import OUTAGE_S, Body, Document, DocumentStore, through_outages, update
from octavo_documents.pictures import KeptPicture, Pictures
from octavo_jobs.context import JobContext
from octavo_jobs.errands import Errands, is_last_attempt
from octavo_jobs.lifecycle import Job, Policy, State

QUEUE = "characters.picture"
NEVER_CAME_MS = 30_000
"""How long a job may be named without being there, before it counts as one that never came."""


class Drawings:
    queue = QUEUE

    def __init__(
        self,
        store: DocumentStore,
        pictures: Pictures,
        errands: Errands,
        generators: GeneratorClient,
        clock: Clock,
        *,
        generator: str,
        within_s: float,
        attempts: int,
    ) -> None:
        self._store = store
        self._pictures = pictures
        self._errands = errands
        self._generators = generators
        self._clock = clock
        self._generator = generator
        self._within_s = within_s
        timeout_ms = round((within_s + 2 * OUTAGE_S) * 1000)
        self._policy = Policy(max_attempts=attempts, timeout_ms=timeout_ms, retry_base_ms=2_000, retry_max_ms=30_000)

    async def ask(
        self, character: Document, *, wish: str | None, generator: str | None, size: str | None, key: str | None
    ) -> tuple[Document, str]:
        """The character, and the job. Raises `Conflict` while a picture is under way, unless `key` is the one that it was asked with:
        then it is the same wish again."""
        drawing = character.body["drawing"]
        if drawing is not None and key is not None and drawing["key"] == key:
            return character, str(drawing["job"])
        job, now = generate_uuid(), self._clock.now_ms()

        def change(seen: Document) -> Body:
            under_way = seen.body["drawing"]
            if under_way is not None and under_way["state"] == "drawing":
                raise Conflict("a picture of this character is being made already")
            return asked_to_draw(
                seen.body,
                job=job,
                key=key,
                generator=generator or self._generator,
                prompt=prompt_for(seen.body, wish),
                size=size,
                at=now,
            )

        changed = await update(self._store, CHARACTERS, character.id, change, owner=character.owner)
        try:
            await self._errands.send(QUEUE, job, owner=character.owner, request={"character": character.id}, policy=self._policy)
        except OctavoError as error:
            with contextlib.suppress(OctavoError):
                await self._fail(character.id, character.owner, job, error.message)
            raise
        return changed, job

    async def settled(self, character: Document) -> Document:
        """With the end written down of a job that ended, or never came, without writing it itself."""
        drawing = character.body["drawing"]
        if drawing is None or drawing["state"] != "drawing":
            return character
        try:
            job = await self._errands.find(drawing["job"])
            if job is None and self._clock.now_ms() - drawing["at"] < NEVER_CAME_MS:
                return character
            if job is not None and not job.state.ended:
                return character
            return await self._fail(character.id, character.owner, drawing["job"], _reason(job))
        except Unavailable:
            return character

    async def __call__(self, job: Job, context: JobContext) -> str:
        """The job's handler."""
        try:
            return await self._draw(job, context)
        except OctavoError as error:
            if is_last_attempt(job, error):
                # Without the document's database it is for the next reader to say.
                with contextlib.suppress(OctavoError):
                    await self._fail(orjson.loads(job.request)["character"], job.owner, job.id, error.message)
            raise

    async def _draw(self, job: Job, context: JobContext) -> str:
        character = orjson.loads(job.request)["character"]
        found = await through_outages(lambda: self._store.get(CHARACTERS, character, owner=job.owner))
        if found is None:
            raise NotFound("the character is gone")
        drawing = drawing_of(found.body, job.id)
        if drawing is None:
            return _outcome(character, landed=has_landed(found.body, job.id))
        context.progress("drawing")
        wish = {"prompt": drawing["prompt"], "response_format": "b64_json", "num_images": 1}
        if drawing["size"] is not None:
            wish["size"] = drawing["size"]
        result = await self._generators.generate(
            drawing["generator"], wish, user=job.owner, key=job.id, correlation_id=job.correlation_id, within_s=self._within_s
        )
        context.progress("storing")
        return _outcome(character, landed=await self._land(character, job, _picture_in(result, drawing["generator"])))

    async def _land(self, character: str, job: Job, data: bytes) -> bool:
        kept = await through_outages(lambda: self._pictures.keep(job.owner, data, name=job.id))
        replaced: list[KeptPicture | None] = []

        def change(seen: Document) -> Body | None:
            body = drawn(seen.body, job.id, kept)
            replaced[:] = [] if body is None else [picture_of(seen.body, "image")]
            return body

        try:
            after = await through_outages(lambda: update(self._store, CHARACTERS, character, change, owner=job.owner))
        except NotFound:
            await self._pictures.forget(kept)
            raise
        if not has_landed(after.body, job.id):
            await self._pictures.forget(kept)
            return False
        for earlier in replaced:
            if earlier is not None and earlier != kept:
                # Not worth failing over: the picture that nobody names goes with the person's others.
                with contextlib.suppress(OctavoError):
                    await self._pictures.forget(earlier)
        return True

    async def _fail(self, character: str, owner: str, job: str, reason: str) -> Document:
        return await update(self._store, CHARACTERS, character, lambda seen: not_drawn(seen.body, job, reason), owner=owner)


def _picture_in(result: dict[str, Any], generator: str) -> bytes:
    images = result.get("images")
    encoded = images[0].get("b64_json") if isinstance(images, list) and images and isinstance(images[0], dict) else None
    if not isinstance(encoded, str):
        raise ProviderRefused(f"{generator} sent no picture; is it a generator of images?", provider=generator)
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput(f"{generator} sent a picture that is not base64") from None


def _outcome(character: str, *, landed: bool) -> str:
    return orjson.dumps({"character_id": character, "landed": landed}).decode()


def _reason(job: Job | None) -> str:
    if job is None:
        return "the request was interrupted; ask again"
    if job.state is State.CANCELLED:
        return "it was cancelled"
    if job.error is None:
        return "it could not be made"
    return str(orjson.loads(job.error).get("message", "it could not be made"))
