"""Characters as the library needs them. With a person's token, so that each sees their own. Raises what `ServicesApi` raises."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from octavo_core.errors import NotFound
from octavo_web.adapters.services_api import ServicesApi

_BASE = "/api/characters"
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

PictureKind = Literal["image", "image_real"]
_PATHS: Mapping[PictureKind, str] = {"image": "picture", "image_real": "picture/real"}


@dataclass(frozen=True, slots=True)
class CharacterPage:
    items: tuple[dict[str, Any], ...]
    next_cursor: str | None


class CharactersApi:
    def __init__(self, services: ServicesApi) -> None:
        self._services = services

    async def page(self, *, token: str, search: str = "", cursor: str = "", limit: int, sort: str = "name") -> CharacterPage:
        """By name A to Z, or by a time with the newest first."""
        query = {"limit": str(limit), "sort": sort, "order": "asc" if sort == "name" else "desc"}
        query |= {"search": search} if search else {}
        query |= {"cursor": cursor} if cursor else {}
        body = (await self._services.call("GET", _BASE, token=token, query=query)).body
        following = body.get("next_cursor")
        return CharacterPage(
            tuple(one for one in body.get("items", ()) if isinstance(one, dict)), following if isinstance(following, str) else None
        )

    async def read(self, character: str, *, token: str) -> dict[str, Any]:
        return (await self._services.call("GET", _path(character), token=token)).body

    async def create(self, name: str, description: str, *, token: str) -> str:
        """Its id."""
        body = {"name": name, "description": description}
        return str((await self._services.call("POST", _BASE, token=token, body=body)).body.get("id", ""))

    async def replace(self, character: str, name: str, description: str, *, version: str, token: str) -> None:
        """Raises `PreconditionFailed` where it is another version by now."""
        body = {"name": name, "description": description}
        await self._services.call("PUT", _path(character), token=token, body=body, headers={"if-match": f'"{version}"'})

    async def show(self, character: str, kind: PictureKind, *, token: str) -> None:
        """Which of its two pictures stands for it."""
        await self._services.call("PATCH", _path(character), token=token, body={"shown": kind}, headers={"if-match": "*"})

    async def delete(self, character: str, *, token: str) -> None:
        await self._services.call("DELETE", _path(character), token=token)

    async def set_picture(self, character: str, kind: PictureKind, data: bytes, *, token: str) -> None:
        await self._services.call("PUT", f"{_path(character)}/{_PATHS[kind]}", token=token, file=data)

    async def remove_picture(self, character: str, kind: PictureKind, *, token: str) -> None:
        await self._services.call("DELETE", f"{_path(character)}/{_PATHS[kind]}", token=token)

    async def draw(self, character: str, wish: Mapping[str, str], *, key: str, token: str) -> None:
        """`wish`: prompt, generator and size, each or none. The same key again is the same wish."""
        path = f"{_path(character)}/picture/generate"
        await self._services.call("POST", path, token=token, body=dict(wish), headers={"idempotency-key": key})


def _path(character: str) -> str:
    if not _ID.fullmatch(character):
        raise NotFound("there is no such character")
    return f"{_BASE}/{character}"
