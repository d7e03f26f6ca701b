"""What the generators of images have drawn for a person and keep."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from octavo_core.errors import NotFound, OctavoError
from octavo_web.adapters.generators_api import GeneratorsApi
from octavo_web.pages.sessions import Visitor

IN_GRID = 24


class OwnImages:
    def __init__(self, generators: GeneratorsApi) -> None:
        self._generators = generators

    async def names(self) -> list[str]:
        """Of the generators that may have some and can be asked now."""
        return [one.name for one in await self._generators.listed() if one.task == "image" and one.can_be_looked_at]

    async def page(self, generator: str, visitor: Visitor, cursor: str = "") -> tuple[list[dict[str, Any]], str]:
        """Nothing of one that keeps none: it hands its pictures out and has no list of them."""
        try:
            return await self._generators.images(generator, user=visitor.narrowed, token=visitor.access, limit=IN_GRID, cursor=cursor)
        except NotFound:
            return [], ""

    async def newest(self, names: Sequence[str], visitor: Visitor, *, limit: int) -> list[dict[str, Any]]:
        """One that does not answer is left out; where none does, that is said. Raises what they raise then."""
        pages = await asyncio.gather(*(self.page(name, visitor) for name in names), return_exceptions=True)
        found: list[dict[str, Any]] = []
        for name, page in zip(names, pages, strict=True):
            if isinstance(page, BaseException):
                if not isinstance(page, OctavoError) or all(isinstance(one, BaseException) for one in pages):
                    raise page
            else:
                found += [view_of(name, item) for item in page[0]]
        return sorted(found, key=lambda one: str(one["at"]), reverse=True)[:limit]


def view_of(generator: str, image: Mapping[str, Any]) -> dict[str, Any]:
    """As templates show it. Only a picture of the generator's own is shown: what else an answer names stays a text."""
    identity = str(image.get("image_id") or "")
    return {
        "id": identity,
        "generator": generator,
        "path": f"/library/images/{generator}/{identity}",
        "file": f"/generators/{generator}/api/v1/images/{identity}/download",
        "prompt": str(image.get("prompt") or ""),
        "revised": str(image.get("revised_prompt") or ""),
        "width": image.get("width"),
        "height": image.get("height"),
        "seed": image.get("seed"),
        "model": str(image.get("model") or ""),
        "provider": str(image.get("provider") or ""),
        "details": {str(name): str(value) for name, value in (image.get("details") or {}).items() if value is not None},
        "at": str(image.get("created_at") or ""),
        "expires": str(image.get("expires_at") or ""),
        "again": f"/studio/{generator}?{urlencode({'image': identity})}",
    }
