"""What an author does with their posts. Every call is scoped to its owner: another's post is as good as absent.

The document's version grows with its author's own changes alone, since nothing that others do is written into it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from octavo_core.clock import Clock
from octavo_core.errors import Conflict, Fault, InvalidInput, NotFound, PreconditionFailed, QuotaReached, Unavailable
from octavo_core.ids import generate_uuid
from octavo_core.pictures import PictureLimits, check_picture
from octavo_documents import AlreadyThere, Body, Document, DocumentStore, Page, Query, update
from octavo_jobs.context import JobContext
from octavo_jobs.errands import Errands
from octavo_jobs.lifecycle import Job, Policy
from octavo_stories.domain.feed.model import (
    COMMENTS,
    LIKES,
    MAX_PICTURES,
    PICTURE_BYTES,
    PICTURES,
    POSTS,
    RANKS,
    REPORTS,
    SAVES,
    edited,
    keyed_id,
    new_post,
    picture_id,
    published,
    text_of_story,
    with_picture,
    withdrawn,
)
from octavo_stories.domain.feed.people import People
from octavo_stories.domain.feed.rates import Rates
from octavo_stories.domain.feed.regard import Regard
from octavo_stories.domain.feed.telling import Telling
from octavo_stories.domain.story import STORIES

CASCADE = "feed.cascade"
LIMITS = PictureLimits(max_side=1_280, max_copy_bytes=PICTURE_BYTES)
NO_SUCH = "there is no such post"
_CASCADE_POLICY = Policy(max_attempts=6, timeout_ms=60_000, retry_base_ms=1_000, retry_max_ms=10_000)


class Posts:
    def __init__(
        self,
        store: DocumentStore,
        errands: Errands,
        people: People,
        regard: Regard,
        telling: Telling,
        rates: Rates,
        clock: Clock,
        *,
        max_posts: int,
    ) -> None:
        self._store = store
        self._errands = errands
        self._people = people
        self._regard = regard
        self._telling = telling
        self._rates = rates
        self._clock = clock
        self._max_posts = max_posts

    async def create(self, owner: str, said: Mapping[str, Any], *, story: str | None, key: str | None) -> Document:
        """A draft. The same key again is the same post, as it is by now. What is left out (`text`, `title`, `language`) is the story's.
        Raises `QuotaReached`, and `InvalidInput` for a story that is not there or has no text."""
        post = generate_uuid() if key is None else keyed_id(owner, key)
        if key is not None and (earlier := await self._store.get(POSTS, post, owner=owner)) is not None:
            return earlier
        self._rates.take("post", owner)
        if await self._store.count(POSTS, owner=owner) >= self._max_posts:
            raise QuotaReached(f"you have {self._max_posts} posts, and more are not kept; delete one first")
        body = new_post(await self._with_story(owner, said, story), story=story)
        try:
            return await self._store.insert(POSTS, post, owner=owner, body=body)
        except AlreadyThere:
            return await self.read(post, owner=owner)

    async def read(self, post: str, *, owner: str) -> Document:
        found = await self._store.get(POSTS, post, owner=owner)
        if found is None:
            raise NotFound(NO_SUCH)
        return found

    async def page(self, query: Query) -> Page:
        return await self._store.page(POSTS, query)

    async def edit(self, post: str, changes: Body, *, owner: str, version: int | None) -> Document:
        return await self._update(post, lambda seen: edited(seen.body, changes), owner=owner, version=version)

    async def publish(self, post: str, *, owner: str) -> Document:
        """Again is harmless. Its rank, and the job that tells followers, are there before it is: a crash in between leaves a rank of a
        draft, which no ranking shows, and a job that gives up. Raises `Conflict` for what a moderator took down, for an empty post, and
        for an author without a name."""
        seen = await self.read(post, owner=owner)
        if seen.body["state"] == "removed":
            raise Conflict("this post was taken down and cannot be published again")
        if not seen.body["title"].strip() or not (seen.body["text"].strip() or seen.body["pictures"]):
            raise Conflict("a post needs a title, and a text or a picture")
        await self._people.required(owner)
        now = self._clock.now_ms()
        await self._regard.rank(seen, seen.body["published_at"] or now)
        await self._telling.begin(seen)
        after = await self._update(
            post, lambda one: None if one.body["state"] == "removed" else published(one.body, now), owner=owner, version=None
        )
        if after.body["state"] == "removed":
            raise Conflict("this post was taken down and cannot be published again")
        return after

    async def withdraw(self, post: str, *, owner: str) -> Document:
        """It is a draft again, with all that others did to it; nobody else sees any of it."""
        after = await self._update(post, lambda seen: withdrawn(seen.body), owner=owner, version=None)
        await self._store.remove(RANKS, post, owner=owner)
        return after

    async def delete(self, post: str, *, owner: str, version: int | None) -> None:
        """The post at once; what others did to it by a job, which is durable before the post goes and waits until it is gone."""
        seen = await self.read(post, owner=owner)
        if version is not None and seen.version != version:
            raise PreconditionFailed(f"it is version {seen.version} by now; read it again before you change it")
        await self._errands.send(CASCADE, generate_uuid(), owner=owner, request={"post": post}, policy=_CASCADE_POLICY)
        if not await self._store.remove(POSTS, post, owner=owner, version=version):
            raise NotFound(NO_SUCH) if version is None else PreconditionFailed("it was changed just now")

    async def set_picture(self, post: str, place: str, data: bytes, *, alt: str, owner: str) -> Document:
        """Checked and encoded anew. The picture is kept before the post names it: a crash in between leaves one that nobody is shown, and
        that the next one in this place replaces."""
        seen = await self.read(post, owner=owner)
        if seen.body["state"] == "removed":
            raise Conflict("this post was taken down and cannot be changed")
        checked = await check_picture(data, LIMITS, path="picture")
        encoded = base64.b64encode(checked.data).decode("ascii")
        body = {"post": post, "place": place, "media_type": checked.media_type, "data": encoded}
        name = picture_id(post, place)
        try:
            await self._store.insert(PICTURES, name, owner=owner, body=body)
        except AlreadyThere:
            await update(self._store, PICTURES, name, lambda _: body, owner=owner)
        tag = hashlib.sha256(checked.data).hexdigest()[:16]
        told = {"alt": alt, "width": checked.width, "height": checked.height, "tag": tag}
        return await self._update(post, lambda one: with_picture(one.body, place, told), owner=owner, version=None)

    async def remove_picture(self, post: str, place: str, *, owner: str) -> Document:
        after = await self._update(post, lambda seen: with_picture(seen.body, place, None), owner=owner, version=None)
        await self._store.remove(PICTURES, picture_id(post, place), owner=owner)
        return after

    async def picture(self, post: Document, place: str) -> tuple[str, str, bytes]:
        """Its media type, tag and bytes. Raises `NotFound`."""
        told = post.body["pictures"].get(place)
        found = None if told is None else await self._store.get(PICTURES, picture_id(post.id, place), owner=post.owner)
        if told is None or found is None:
            raise NotFound("there is no such picture")
        return found.body["media_type"], told["tag"], base64.b64decode(found.body["data"])

    async def cascade(self, job: Job, context: JobContext) -> str:
        """The handler of what a deleted post leaves. Idempotent. Raises `Unavailable` while the post is still there: whoever deletes it
        has not come so far yet, or has failed."""
        post = orjson.loads(job.request)["post"]
        if await self._store.get(POSTS, post, owner=job.owner) is not None:
            if job.failures + 1 < job.policy.max_attempts:
                raise Unavailable("the post is still there", retry_after=1)
            return orjson.dumps({"removed": 0}).decode()
        return orjson.dumps({"removed": await self.clear(post, owner=job.owner)}).decode()

    async def clear(self, post: str, *, owner: str) -> int:
        """Whatever anybody did to the post. Idempotent."""
        await self._store.remove(RANKS, post, owner=owner)
        kept = (LIKES, SAVES, COMMENTS, REPORTS, PICTURES)
        return sum([await self._store.remove_where(one, owner=None, where={"post": post}) for one in kept])

    async def erase(self, owner: str) -> None:
        """All posts of a person with what others did to them. Idempotent: what is left after a crash is found again by the posts, and by
        the jobs of deleted ones, which go last."""
        while (page := await self._store.page(POSTS, Query(owner, limit=100))).items:
            for post in page.items:
                await self.clear(post.id, owner=owner)
                await self._store.remove(POSTS, post.id, owner=owner)
                # Until then it could be liked.
                await self.clear(post.id, owner=owner)
        # What a post that is gone already has left, where its job has not come to run: it is stopped, and its work done here.
        for job in await self._errands.not_done(owner, CASCADE):
            await self.clear(orjson.loads(job.request)["post"], owner=owner)
        await self._store.remove_all_of([RANKS, PICTURES], owner)
        await self._errands.forget_all_of(owner, (CASCADE,))

    async def _with_story(self, owner: str, said: Mapping[str, Any], story: str | None) -> dict[str, Any]:
        whole = dict(said)
        if story is not None:
            found = await self._store.get(STORIES, story, owner=owner)
            if found is None or found.body["state"] != "ready":
                raise InvalidInput("story_id: there is no such story", faults=(Fault("story_id", "there is no such story"),))
            whole["text"] = whole["text"] or text_of_story(found.body["content"])
            whole["title"] = whole["title"] or found.body["title"]
            whole["language"] = whole["language"] or found.body["language"]
        if not whole["title"]:
            raise InvalidInput("title: must not be empty", faults=(Fault("title", "must not be empty"),))
        whole["text"] = whole["text"] or ""
        return whole

    async def _update(self, post: str, change: Callable[[Document], Body | None], *, owner: str, version: int | None) -> Document:
        try:
            return await update(self._store, POSTS, post, change, owner=owner, version=version)
        except NotFound:
            raise NotFound(NO_SUCH) from None


def checked_place(place: str) -> str:
    """Raises `NotFound` for what is no place of a picture."""
    if len(place) != 1 or not place.isascii() or not place.isdigit() or not 1 <= int(place) <= MAX_PICTURES:
        raise NotFound("there is no such picture")
    return place
