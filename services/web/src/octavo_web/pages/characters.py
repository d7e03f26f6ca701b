"""The library's characters: who they are, how they look in a photograph and in a picture that was drawn, and which of the two is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from octavo_core.errors import InvalidInput, OctavoError, PreconditionFailed
from octavo_core.http.problems import status_of
from octavo_core.ids import generate_uuid
from octavo_web.adapters.characters_api import CharactersApi, PictureKind
from octavo_web.adapters.generators_api import GeneratorsApi
from octavo_web.pages.forms import COMES_BACK, Sent, read_form
from octavo_web.pages.rendering import NO_STORE, Pages, as_one, is_fragment
from octavo_web.pages.sessions import Person, Visitor

_IN_LIST = 24
_SEARCH_CHARS = 200


class CharacterPages:
    def __init__(self, pages: Pages, characters: CharactersApi, generators: GeneratorsApi) -> None:
        self._pages = pages
        self._characters = characters
        self._generators = generators

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/library/characters", include_in_schema=False)
        router.add_api_route("", self.all, methods=["GET"])
        router.add_api_route("", self.create, methods=["POST"])
        router.add_api_route("/new", self.show_new, methods=["GET"])
        router.add_api_route("/{character}", self.one, methods=["GET"])
        router.add_api_route("/{character}/edit", self.show_edit, methods=["GET"])
        router.add_api_route("/{character}/edit", self.edit, methods=["POST"])
        router.add_api_route("/{character}/delete", self.show_delete, methods=["GET"])
        router.add_api_route("/{character}/delete", self.delete, methods=["POST"])
        router.add_api_route("/{character}/picture", self.set_picture, methods=["POST"])
        router.add_api_route("/{character}/picture/remove", self.remove_picture, methods=["POST"])
        router.add_api_route("/{character}/picture/draw", self.draw, methods=["POST"])
        router.add_api_route("/{character}/shown", self.show, methods=["POST"])
        return router

    async def all(self, request: Request, visitor: Person) -> Response:
        search = request.query_params.get("search", "").strip()[:_SEARCH_CHARS]
        cursor = request.query_params.get("cursor", "")
        page = await self._characters.page(token=visitor.access, search=search, cursor=cursor, limit=_IN_LIST)
        return self._pages.render(request, "characters.html", characters=page.items, following=page.next_cursor, search=search)

    async def show_new(self, request: Request, _visitor: Person) -> Response:
        return self._form(request, None, {})

    async def create(self, request: Request, visitor: Person) -> Response:
        sent = await read_form(request)
        try:
            sent.need("name")
            made = await self._characters.create(sent.line("name"), sent.line("description"), token=visitor.access)
        except COMES_BACK as error:
            return self._form(request, None, sent.texts, error=error)
        return RedirectResponse(f"/library/characters/{made}", 303)

    async def one(self, request: Request, visitor: Person, character: str) -> Response:
        """For a script on the page, which looks again while a picture is being drawn, the pictures alone, and nothing until there is one:
        what is shown stays as it is, with the place that a keyboard has in it."""
        if is_fragment(request):
            found = await self._characters.read(character, token=visitor.access)
            if (found.get("drawing") or {}).get("state") == "drawing":
                return Response(status_code=204, headers=NO_STORE)
            return self._pages.render(request, "_likeness_alone.html", character=found)
        return await self._page(request, visitor, character)

    async def show_edit(self, request: Request, visitor: Person, character: str) -> Response:
        found = await self._characters.read(character, token=visitor.access)
        return self._form(request, character, {name: str(found[name]) for name in ("name", "description", "version")})

    async def edit(self, request: Request, visitor: Person, character: str) -> Response:
        sent = await read_form(request)
        try:
            sent.need("name")
            await self._characters.replace(
                character, sent.line("name"), sent.line("description"), version=sent.line("version"), token=visitor.access
            )
        except PreconditionFailed as error:
            # Saving again is then meant for what is there now, which the page shows beside what was typed.
            now = await self._characters.read(character, token=visitor.access)
            return self._form(request, character, {**sent.texts, "version": str(now["version"])}, error=error, now=now)
        except COMES_BACK as error:
            return self._form(request, character, sent.texts, error=error)
        return RedirectResponse(f"/library/characters/{character}", 303)

    async def show_delete(self, request: Request, visitor: Person, character: str) -> Response:
        found = await self._characters.read(character, token=visitor.access)
        return self._pages.render(request, "character_delete.html", character=found)

    async def delete(self, _request: Request, visitor: Person, character: str) -> Response:
        await self._characters.delete(character, token=visitor.access)
        return RedirectResponse("/library/characters", 303)

    async def set_picture(self, request: Request, visitor: Person, character: str) -> Response:
        sent = await read_form(request, files=1)
        try:
            if sent.file is None:
                raise InvalidInput("choose a picture")
            await self._characters.set_picture(character, _kind(sent), sent.file, token=visitor.access)
        except COMES_BACK as error:
            return await self._page(request, visitor, character, error=error, of_file=True)
        return _back(character)

    async def remove_picture(self, request: Request, visitor: Person, character: str) -> Response:
        sent = await read_form(request)
        await self._characters.remove_picture(character, _kind(sent), token=visitor.access)
        return _back(character)

    async def draw(self, request: Request, visitor: Person, character: str) -> Response:
        """The form carries a key, so that a second click is not a second picture."""
        sent = await read_form(request)
        wish = {name: sent.line(name) for name in ("prompt", "generator") if sent.line(name)}
        try:
            await self._characters.draw(character, wish, key=sent.key, token=visitor.access)
        except COMES_BACK as error:
            return await self._page(request, visitor, character, values=sent.texts, error=error)
        return _back(character)

    async def show(self, request: Request, visitor: Person, character: str) -> Response:
        sent = await read_form(request)
        await self._characters.show(character, _kind(sent), token=visitor.access)
        return _back(character)

    async def _page(
        self,
        request: Request,
        visitor: Visitor,
        character: str,
        *,
        values: Mapping[str, str] | None = None,
        error: OctavoError | None = None,
        of_file: bool = False,
    ) -> Response:
        faults = {} if error is None else self._pages.faults(request, error)
        found = await self._characters.read(character, token=visitor.access)
        return self._pages.render(
            request,
            "character.html",
            status=200 if error is None else status_of(error),
            character=found,
            artists=await self._artists(),
            values=values or {},
            faults=as_one(faults) if of_file else faults,
            key=generate_uuid(),
        )

    async def _artists(self) -> list[str]:
        """Generators that draw. None where the platform does not say: the page is of use without them."""
        try:
            return [one.name for one in await self._generators.listed() if one.task == "image" and one.reason is None]
        except OctavoError:
            return []

    def _form(
        self,
        request: Request,
        character: str | None,
        values: Mapping[str, str],
        *,
        error: OctavoError | None = None,
        now: Mapping[str, Any] | None = None,
    ) -> Response:
        """`now`: what the character is by now, where somebody was faster."""
        return self._pages.render(
            request,
            "character_form.html",
            status=200 if error is None else status_of(error),
            id=character,
            values=values,
            faults={} if error is None or now is not None else self._pages.faults(request, error),
            now=now,
        )


def _kind(sent: Sent) -> PictureKind:
    return "image" if sent.line("kind") == "image" else "image_real"


def _back(character: str) -> Response:
    return RedirectResponse(f"/library/characters/{character}", 303)
