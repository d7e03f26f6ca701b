"""The library's stories: the list, the reader, what a person keeps or has written, and a story's end."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from octavo_core.errors import Conflict, InvalidInput, OctavoError
from octavo_core.http.problems import status_of
from octavo_web.adapters.generators_api import GeneratorsApi
from octavo_web.adapters.stories_api import FORMATS, StoriesApi
from octavo_web.domain.manuscript import chapters_of, content_of, minutes_of, readable
from octavo_web.pages.cards import card_of
from octavo_web.pages.forms import COMES_BACK, read_form
from octavo_web.pages.rendering import NO_STORE, Pages, is_fragment
from octavo_web.pages.sessions import Person
from octavo_web.pages.wording import AUDIENCE_NAMES, AUDIENCES, ORDERS, STORY_LANGUAGES, STORY_STATES

_IN_LIST = 20
_SEARCH_CHARS = 200
_TITLE_CHARS = 80


class StoryPages:
    def __init__(self, pages: Pages, stories: StoriesApi, generators: GeneratorsApi) -> None:
        self._pages = pages
        self._stories = stories
        self._generators = generators

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/library", include_in_schema=False)
        router.add_api_route("", self.library, methods=["GET"])
        router.add_api_route("/stories", self.all, methods=["GET"])
        router.add_api_route("/stories", self.create, methods=["POST"])
        router.add_api_route("/stories/new", self.show_new, methods=["GET"])
        router.add_api_route("/stories/keep", self.keep, methods=["POST"])
        router.add_api_route("/stories/{story}", self.one, methods=["GET"])
        router.add_api_route("/stories/{story}/delete", self.show_delete, methods=["GET"])
        router.add_api_route("/stories/{story}/delete", self.delete, methods=["POST"])
        return router

    async def library(self, _visitor: Person) -> Response:
        return RedirectResponse("/library/stories", 303, headers={"cache-control": "no-store"})

    async def all(self, request: Request, visitor: Person) -> Response:
        asked = request.query_params
        search = asked.get("search", "").strip()[:_SEARCH_CHARS]
        order = asked.get("order", "")
        order = order if order in ORDERS else next(iter(ORDERS))
        state = asked.get("state", "")
        state = state if state in STORY_STATES else ""
        sort, _, direction = order.rpartition("-")
        query = {"limit": str(_IN_LIST), "sort": sort, "order": direction}
        query |= {name: value for name, value in (("search", search), ("state", state), ("cursor", asked.get("cursor", ""))) if value}
        page = await self._stories.page(query, token=visitor.access)
        again = {"search": search, "order": order, "state": state}
        return self._pages.render(
            request,
            "stories.html",
            stories=page.items,
            following=None if page.next_cursor is None else urlencode({**again, "cursor": page.next_cursor}),
            search=search,
            order=order,
            state=state,
            orders=ORDERS,
            states=STORY_STATES,
            audiences=AUDIENCES,
        )

    async def show_new(self, request: Request, _visitor: Person) -> Response:
        return self._form(request, {})

    async def create(self, request: Request, visitor: Person) -> Response:
        """One that a person has written."""
        sent = await read_form(request)
        try:
            sent.need("title", "text")
            made = await self._stories.create(story_of(sent.texts), token=visitor.access)
        except COMES_BACK as error:
            return self._form(request, sent.texts, error=error)
        return RedirectResponse(f"/library/stories/{made}", 303)

    async def keep(self, request: Request, visitor: Person) -> Response:
        """What a generator has written, as a story of one's own."""
        sent = await read_form(request)
        generator, job = sent.line("generator"), sent.line("job")
        view = await self._generators.view(generator, job, token=visitor.access)
        card = card_of(generator, view)
        if card.text is None or not card.text.strip():
            raise Conflict("there is no text to keep")
        result: Mapping[str, Any] = view.get("result") or {}
        asked: Mapping[str, Any] = view.get("request") or {}
        fields: dict[str, str] = {
            "title": _title(card.asked or card.text),
            "text": card.text,
            "language": next((str(one) for one in (result.get("language"), asked.get("language")) if one in STORY_LANGUAGES), ""),
            "audience": str(asked["audience"]) if asked.get("audience") in AUDIENCES else "",
        }
        story = story_of(fields, is_manuscript=False)
        made = await self._stories.create(story, token=visitor.access)
        return RedirectResponse(f"/library/stories/{made}", 303)

    async def one(self, request: Request, visitor: Person, story: str) -> Response:
        """For a script on the page, which looks again while the story is being written, the page's middle alone, and nothing until it is
        there."""
        found = await self._stories.read(story, token=visitor.access)
        if is_fragment(request) and found.get("state") == "writing":
            return Response(status_code=204, headers=NO_STORE)
        chapters = content_of(found)
        return self._pages.render(
            request,
            "_story_alone.html" if is_fragment(request) else "story.html",
            story=found,
            chapters=readable(chapters),
            minutes=minutes_of(chapters),
            audiences=AUDIENCES,
            formats=FORMATS,
            translator=await self._translator(),
        )

    async def _translator(self) -> str | None:
        """One that could translate it, if there is one; a page about a story waits for none."""
        with contextlib.suppress(OctavoError):
            return next((one.name for one in await self._generators.listed() if one.task == "translation"), None)
        return None

    async def show_delete(self, request: Request, visitor: Person, story: str) -> Response:
        return self._pages.render(request, "story_delete.html", story=await self._stories.read(story, token=visitor.access))

    async def delete(self, _request: Request, visitor: Person, story: str) -> Response:
        await self._stories.delete(story, token=visitor.access)
        return RedirectResponse("/library/stories", 303)

    def _form(self, request: Request, values: Mapping[str, str], *, error: OctavoError | None = None) -> Response:
        return self._pages.render(
            request,
            "story_new.html",
            status=200 if error is None else status_of(error),
            values=values,
            faults={} if error is None else self._pages.faults(request, error),
            audience_names=AUDIENCE_NAMES,
            languages_of_stories=STORY_LANGUAGES,
        )


def story_of(fields: Mapping[str, str], *, is_manuscript: bool = True) -> dict[str, Any]:
    """As the service takes it, from a form's fields; of a manuscript's headings each begins a chapter. What was left empty is left
    out. Raises `InvalidInput` for an audience that there is not."""
    text = fields.get("text", "")
    story: dict[str, Any] = {
        "title": fields.get("title", "").strip(),
        "content": {"chapters": chapters_of(text) if is_manuscript else [{"title": None, "text": text}]},
    }
    audience = fields.get("audience", "").strip()
    if audience and audience not in AUDIENCES:
        raise InvalidInput("there is no such audience")
    return story | {name: value for name, value in (("audience", audience), ("language", fields.get("language", "").strip())) if value}


def _title(text: str) -> str:
    first = " ".join(text.strip().splitlines()[0].split())
    return first if len(first) <= _TITLE_CHARS else first[: _TITLE_CHARS - 1].rsplit(" ", 1)[0].rstrip(",.;:") + "…"
