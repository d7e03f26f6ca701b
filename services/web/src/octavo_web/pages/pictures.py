"""The library's images: what the generators of images have drawn, with all that it takes to draw them again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from octavo_core.errors import InvalidInput, OctavoError
from octavo_core.http.problems import status_of
from octavo_web.adapters.characters_api import CharactersApi
from octavo_web.adapters.generators_api import GeneratorsApi
from octavo_web.pages.forms import COMES_BACK, read_form
from octavo_web.pages.own_images import IN_GRID, OwnImages, view_of
from octavo_web.pages.rendering import Pages
from octavo_web.pages.sessions import Person, Visitor
from octavo_web.pages.wording import label_of

_OFFERED = 100


class ImagePages:
    def __init__(self, pages: Pages, generators: GeneratorsApi, characters: CharactersApi) -> None:
        self._pages = pages
        self._generators = generators
        self._own = OwnImages(generators)
        self._characters = characters

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/library/images", include_in_schema=False)
        router.add_api_route("", self.all, methods=["GET"])
        router.add_api_route("/{generator}/{image}", self.one, methods=["GET"])
        router.add_api_route("/{generator}/{image}/character", self.use, methods=["POST"])
        return router

    async def all(self, request: Request, visitor: Person) -> Response:
        """Of one generator in pages; of all of them the newest."""
        names = await self._own.names()
        asked = request.query_params.get("generator", "")
        chosen = asked if asked in names else names[0] if len(names) == 1 else ""
        following = ""
        if chosen:
            items, cursor = await self._own.page(chosen, visitor, request.query_params.get("cursor", ""))
            images = [view_of(chosen, item) for item in items]
            following = urlencode({"generator": chosen, "cursor": cursor}) if cursor else ""
        else:
            images = await self._own.newest(names, visitor, limit=IN_GRID)
        return self._pages.render(request, "images.html", images=images, following=following, generators=names, chosen=chosen)

    async def one(self, request: Request, visitor: Person, generator: str, image: str) -> Response:
        return await self._page(request, visitor, generator, image)

    async def use(self, request: Request, visitor: Person, generator: str, image: str) -> Response:
        """As a character's picture: a copy, which stays when the image goes."""
        sent = await read_form(request)
        character = sent.line("character")
        try:
            if not character:
                raise InvalidInput("choose a character")
            file = await self._generators.image_file(generator, image, token=visitor.access)
            await self._characters.set_picture(character, "image", file.data, token=visitor.access)
        except COMES_BACK as error:
            return await self._page(request, visitor, generator, image, error=error)
        return RedirectResponse(f"/library/characters/{character}", 303)

    async def _page(self, request: Request, visitor: Visitor, generator: str, image: str, *, error: OctavoError | None = None) -> Response:
        found = await self._generators.image(generator, image, token=visitor.access)
        return self._pages.render(
            request,
            "image.html",
            status=200 if error is None else status_of(error),
            image=view_of(generator, found),
            characters=await self._known(visitor),
            label_of=label_of,
            faults={} if error is None else self._pages.faults(request, error),
        )

    async def _known(self, visitor: Visitor) -> Sequence[dict[str, Any]]:
        """Characters that it could stand for; none where they do not answer: the image is of use without them."""
        try:
            return (await self._characters.page(token=visitor.access, limit=_OFFERED)).items
        except OctavoError:
            return ()
