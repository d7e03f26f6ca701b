"""From something that one has, to a post that everybody reads: written in place, from a generation, or from a story."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from octavo_core.errors import (
    Conflict,
    Fault,
    Forbidden,
    InvalidInput,
    NotFound,
    OctavoError,
    Throttled,
    TooLarge,
    Unavailable,
    UnsupportedMedia,
)
from octavo_core.http.problems import status_of
from octavo_core.ids import generate_uuid
from octavo_web.adapters.feed_api import FeedApi
from octavo_web.adapters.generators_api import GeneratorsApi
from octavo_web.domain.manuscript import content_of, plain_text
from octavo_web.pages.cards import GATEWAY, Card, card_of
from octavo_web.pages.forms import Sent, read_form
from octavo_web.pages.own_images import OwnImages
from octavo_web.pages.posts import handle_from
from octavo_web.pages.rendering import Pages
from octavo_web.pages.sessions import Person, Visitor

_KEY = re.compile(r"[0-9a-f-]{36}")
_COMES_BACK = (InvalidInput, Conflict, NotFound, Forbidden, TooLarge, Throttled, UnsupportedMedia, Unavailable)
_KEPT = re.compile(r"([a-z0-9-]{1,63})/([0-9a-f-]{36})")
_OFFERED = 8
_OFFERED_S = 4.0
_TAGS = 10
_TITLE_CHARS = 120


class PublishingPages:
    def __init__(self, pages: Pages, feed: FeedApi, generators: GeneratorsApi) -> None:
        self._pages = pages
        self._feed = feed
        self._generators = generators
        self._images = OwnImages(generators)

    def router(self) -> APIRouter:
        """To be included ahead of what takes a name in the same place."""
        router = APIRouter(prefix="/feed", include_in_schema=False)
        router.add_api_route("/new", self.show, methods=["GET"])
        router.add_api_route("/new", self.publish, methods=["POST"])
        return router

    async def show(
        self,
        request: Request,
        visitor: Person,
        generator: Annotated[str, Query(max_length=63)] = "",
        job: Annotated[str, Query(max_length=40)] = "",
        story: Annotated[str, Query(max_length=40)] = "",
    ) -> Response:
        values: dict[str, str] = {}
        if generator and job:
            card = await self._card(generator, job, visitor)
            values = {"title": title_from(card.asked), "text": card.text or "", "generator": generator, "job": job, "alt": card.asked[:500]}
        elif story:
            found = await self._feed.story(story, token=visitor.access)
            title, language = str(found.get("title") or ""), str(found.get("language") or "")
            values = {"title": title, "text": plain_text(content_of(found)), "story": story, "language": language}
        return await self._form(request, visitor, values)

    async def publish(self, request: Request, visitor: Person) -> Response:
        """The draft is begun with the form's key, so that a second click, or another try after something was away, goes on with the same
        one. What is refused, or cannot be done just now, comes back with the form, as it was typed."""
        sent = await read_form(request, files=1)
        try:
            post = await self._published(sent, visitor)
        except _COMES_BACK as error:
            return await self._form(request, visitor, sent.texts, error=error)
        return RedirectResponse(f"/feed/posts/{post}?said=published", 303)

    async def _published(self, sent: Sent, visitor: Visitor) -> str:
        token = visitor.access
        if not sent.line("title"):
            raise InvalidInput("title: must not be empty", faults=(Fault("title", "must not be empty"),))
        if sent.line("handle"):
            await self._feed.call_me(sent.line("handle"), sent.line("name") or visitor.name or sent.line("handle"), token=token)
        picture = sent.file
        if picture is None and sent.line("generator") and sent.line("job") and sent.line("with_picture") == "1":
            picture = await self._picture(await self._card(sent.line("generator"), sent.line("job"), visitor), token)
        elif picture is None and (kept := _KEPT.fullmatch(sent.line("image"))):
            picture = (await self._generators.image_file(kept[1], kept[2], token=token)).data
        key = sent.line("key")
        text = sent.text("text").replace("\r\n", "\n")
        body: dict[str, Any] = {"title": sent.line("title"), "text": text, "tags": tags_from(sent.line("tags"))}
        if sent.line("language"):
            body["language"] = sent.line("language")
        story = {"story_id": sent.line("story")} if sent.line("story") else {}
        post = await self._feed.begin({**body, **story}, token=token, key=key if _KEY.fullmatch(key) else generate_uuid())
        # What an earlier try with this form began is made what the form says by now.
        await self._feed.edit(post, body, token=token)
        if picture is not None:
            await self._feed.set_picture(post, picture, sent.line("alt")[:500], token=token)
        await self._feed.act(post, "publish", token=token)
        return post

    async def _picture(self, card: Card, token: str) -> bytes | None:
        source = card.pictures[0].source if card.pictures else None
        return None if source is None else await self._feed.generated_picture(source.removeprefix(GATEWAY), token=token)

    async def _offered(self, visitor: Visitor) -> Sequence[dict[str, Any]]:
        """Of one's own images the newest; none where no generator answers: a post needs no picture."""
        try:
            async with asyncio.timeout(_OFFERED_S):
                return await self._images.newest(await self._images.names(), visitor, limit=_OFFERED)
        except (OctavoError, TimeoutError):
            return ()

    async def _card(self, generator: str, job: str, visitor: Visitor) -> Card:
        return card_of(generator, await self._generators.view(generator, job, token=visitor.access))

    async def _form(self, request: Request, visitor: Visitor, values: dict[str, str], *, error: OctavoError | None = None) -> Response:
        picture, handle = None, ""
        try:
            if values.get("generator") and values.get("job"):
                card = await self._card(values["generator"], values["job"], visitor)
                picture = card.pictures[0].source if card.pictures else None
            handle = str((await self._feed.me(token=visitor.access)).get("handle") or "")
        except Unavailable:
            if error is None:
                raise
        return self._pages.render(
            request,
            "feed_new.html",
            status=200 if error is None else status_of(error),
            values={"handle": handle_from(visitor.name), "name": visitor.name, **values},
            handle=handle,
            picture=picture,
            images=() if picture else await self._offered(visitor),
            faults={} if error is None else self._pages.faults(request, error),
            key=values["key"] if _KEY.fullmatch(values.get("key", "")) else generate_uuid(),
        )


def title_from(asked: str) -> str:
    line = asked.strip().partition("\n")[0].strip()
    return line if len(line) <= _TITLE_CHARS else line[: _TITLE_CHARS - 1].rsplit(" ", 1)[0] + "…"


def tags_from(line: str) -> list[str]:
    found = [part.strip().lstrip("#").lower() for part in re.split(r"[,\s]+", line)]
    return [tag for tag in dict.fromkeys(found) if tag][:_TAGS]
