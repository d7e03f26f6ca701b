"""A story that a generator writes: asked for, written by a durable job, landed in the document once.

The document names the job before there is one; the job holds nothing but the story's id. What may go wrong:

- A crash between the two: the job never comes, and whoever reads the story a while later sees that it failed (`settled`).
- The documents' database is away: the job sits it out, so that the text is not lost.
- The worker dies: another attempt asks the generator with the same key and gets the same text. The document takes it only while it
  waits for this very job.
- All attempts fail, or the worker vanishes for good: the handler, or else the next reader, writes the reason into the document.
- The story is deleted meanwhile: the text is thrown away.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Awaitable

import orjson

from octavo_core.clock import Clock
from octavo_core.errors import Conflict, NotFound, OctavoError, ProviderRefused, Unavailable
from octavo_core.generators import GeneratorClient
from octavo_core.ids import generate_uuid
from octavo_documents import OUTAGE_S, AlreadyThere, Document, DocumentStore, through_outages, update
from octavo_jobs.context import JobContext
from octavo_jobs.errands import Errands, is_last_attempt
from octavo_jobs.lifecycle import Job, Policy, State
from octavo_stories.domain.story import STORIES, Wish, asked_for, has_landed, is_same_wish, not_written, request_for, waits_for, written

QUEUE = "stories.write"
NEVER_CAME_MS = 30_000
"""How long a job may be named without being there, before it counts as one that never came."""
_KEYED = uuid.UUID("0f6cb1f4-5a3c-4f0b-9a5e-0c7a3a6c9d11")


class Writings:
    def __init__(
        self, store: DocumentStore, errands: Errands, generators: GeneratorClient, clock: Clock, *, within_s: float, attempts: int
    ) -> None:
        self._store = store
        self._errands = errands
        self._generators = generators
        self._clock = clock
        self._within_s = within_s
        timeout_ms = round((within_s + 2 * OUTAGE_S) * 1000)
        self._policy = Policy(max_attempts=attempts, timeout_ms=timeout_ms, retry_base_ms=2_000, retry_max_ms=30_000)

    async def ask(self, owner: str, wish: Wish, *, key: str | None) -> Document:
        """The story in state `writing`. The same key again is the same story; with other words it is a `Conflict`."""
        story = generate_uuid() if key is None else _keyed(owner, key)
        job = generate_uuid()
        try:
            made = await self._store.insert(STORIES, story, owner=owner, body=asked_for(wish, job=job, at=self._clock.now_ms()))
        except AlreadyThere:
            if key is None or (earlier := await self.earlier(owner, wish, key)) is None:
                raise
            return earlier
        try:
            await self._errands.send(QUEUE, job, owner=owner, request={"story": story}, policy=self._policy)
        except OctavoError:
            # Nothing was promised yet: the caller hears of it, and the story was never there.
            with contextlib.suppress(OctavoError):
                await self._store.remove(STORIES, story, owner=owner)
            raise
        return made

    async def earlier(self, owner: str, wish: Wish, key: str) -> Document | None:
        """The story that was asked for with this key. Raises `Conflict` where it was asked for in other words."""
        found = await self._store.get(STORIES, _keyed(owner, key), owner=owner)
        if found is not None and not is_same_wish(found.body, wish):
            raise Conflict("this Idempotency-Key was used with another body")
        return found

    async def settled(self, story: Document) -> Document:
        """With the end written down of a job that ended, or never came, without writing it itself."""
        body = story.body
        if body["state"] != "writing":
            return story
        try:
            job = await self._errands.find(body["job"])
            if job is None and self._clock.now_ms() - body["asked_at"] < NEVER_CAME_MS:
                return story
            if job is not None and not job.state.ended:
                return story
            return await self._fail(story.id, story.owner, body["job"], _reason(job))
        except Unavailable:
            return story

    async def stop(self, story: Document) -> None:
        if story.body["state"] == "writing":
            await self._errands.cancel(story.body["job"])

    async def __call__(self, job: Job, context: JobContext) -> str:
        """The job's handler."""
        story = orjson.loads(job.request)["story"]
        try:
            return await self._write(story, job, context)
        except OctavoError as error:
            if is_last_attempt(job, error):
                # Without the document's database it is for the next reader to say.
                with contextlib.suppress(OctavoError):
                    await self._fail(story, job.owner, job.id, error.message)
            raise

    async def _write(self, story: str, job: Job, context: JobContext) -> str:
        found = await through_outages(lambda: self._store.get(STORIES, story, owner=job.owner))
        if found is None:
            raise NotFound("the story is gone")
        if not waits_for(found.body, job.id):
            return _outcome(story, landed=has_landed(found.body, job.id))
        context.progress("writing")
        generator = found.body["generator"]
        result = await self._generators.generate(
            generator, request_for(found.body), user=job.owner, key=job.id, correlation_id=job.correlation_id, within_s=self._within_s
        )
        text, language = result.get("text"), result.get("language")
        if not isinstance(text, str) or not text.strip():
            raise ProviderRefused(f"{generator} sent no story; is it a generator of stories?", provider=generator)
        told = text.replace("\0", "").strip()
        spoken = language if isinstance(language, str) else None

        def land() -> Awaitable[Document]:
            return update(self._store, STORIES, story, lambda seen: written(seen.body, job.id, told, spoken), owner=job.owner)

        after = await through_outages(land)
        return _outcome(story, landed=has_landed(after.body, job.id))

    async def _fail(self, story: str, owner: str, job: str, reason: str) -> Document:
        return await update(self._store, STORIES, story, lambda seen: not_written(seen.body, job, reason), owner=owner)


def _keyed(owner: str, key: str) -> str:
    return str(uuid.uuid5(_KEYED, f"{owner}\n{key}"))


def _outcome(story: str, *, landed: bool) -> str:
    return orjson.dumps({"story_id": story, "landed": landed}).decode()


def _reason(job: Job | None) -> str:
    if job is None:
        return "the request was interrupted; ask again"
    if job.state is State.CANCELLED:
        return "it was cancelled"
    if job.error is None:
        return "it could not be written"
    return str(orjson.loads(job.error).get("message", "it could not be written"))
