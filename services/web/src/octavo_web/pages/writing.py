"""A story that a generator writes about one's own characters: the wish, and then the reader, where it appears."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from octavo_core.errors import InvalidInput, OctavoError
from octavo_core.http.problems import status_of
from octavo_web.adapters.characters_api import CharactersApi
from octavo_web.adapters.generators_api import GeneratorsApi
from octavo_web.adapters.stories_api import StoriesApi
from octavo_web.pages.forms import COMES_BACK, Sent, read_form
from octavo_web.pages.rendering import Pages
from octavo_web.pages.sessions import Person, Visitor
from octavo_web.pages.wording import AUDIENCES, STORY_LANGUAGES

_OFFERED = 100
"""Characters to choose from: the whole page of the service, those changed last."""
_IN_STORY = 8
_WITH = "with-"
"""Before a character's id: the name of its box."""


class WritingPages:
    def __init__(self, pages: Pages, stories: StoriesApi, characters: CharactersApi, generators: GeneratorsApi) -> None:
        self._pages = pages
        self._stories = stories
        self._characters = characters
        self._generators = generators

    def router(self) -> APIRouter:
        """To be included ahead of what takes a story's id in the same place."""
        router = APIRouter(prefix="/library/stories/write", include_in_schema=False)
        router.add_api_route("", self.show, methods=["GET"])
        router.add_api_route("", self.write, methods=["POST"])
        return router

    async def show(self, request: Request, visitor: Person) -> Response:
        """`with`, any number of times: characters that are chosen already."""
        return await self._form(request, visitor, Sent({}), request.query_params.getlist("with")[:_IN_STORY])

    async def write(self, request: Request, visitor: Person) -> Response:
        """The form carries a key, so that a second click is not a second story."""
        sent = await read_form(request)
        chosen = [name.removeprefix(_WITH) for name in sent.texts if name.startswith(_WITH)]
        wish: dict[str, Any] = {"prompt": sent.line("prompt"), "character_ids": chosen}
        wish |= {name: sent.line(name) for name in ("title", "audience", "language", "generator") if sent.line(name)}
        try:
            sent.need("prompt")
            if len(chosen) > _IN_STORY:
                raise InvalidInput("choose eight characters at most")
            story = await self._stories.write(wish, key=sent.key, token=visitor.access)
        except COMES_BACK as error:
            return await self._form(request, visitor, sent, chosen, error=error)
        return RedirectResponse(f"/library/stories/{story}", 303)

    async def _form(
        self, request: Request, visitor: Visitor, sent: Sent, chosen: Sequence[str], *, error: OctavoError | None = None
    ) -> Response:
        characters, away = await self._known(visitor)
        return self._pages.render(
            request,
            "story_write.html",
            status=200 if error is None else status_of(error),
            values=sent.texts,
            chosen=frozenset(chosen),
            characters=characters,
            away=None if away is None else self._pages.say(request, away),
            writers=await self._writers(),
            faults={} if error is None else self._pages.faults(request, error),
            key=sent.key,
            audiences=AUDIENCES,
            languages_of_stories=STORY_LANGUAGES,
            at_most=_IN_STORY,
        )

    async def _known(self, visitor: Visitor) -> tuple[Sequence[dict[str, Any]], str | None]:
        """And why they are not known. A story can be wished for without them."""
        try:
            return (await self._characters.page(token=visitor.access, limit=_OFFERED, sort="updated_at")).items, None
        except OctavoError as error:
            return (), error.message

    async def _writers(self) -> list[str]:
        """Generators that write stories."""
        try:
            return [one.name for one in await self._generators.listed() if one.task == "story" and one.reason is None]
        except OctavoError:
            return []
