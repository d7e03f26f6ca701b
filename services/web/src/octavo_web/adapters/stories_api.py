"""Stories as the library needs them, and those that are open to anybody who has a link. Raises what `ServicesApi` raises."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from octavo_core.errors import NotFound
from octavo_web.adapters.services_api import File, ServicesApi

_BASE = "/api/stories"
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SHARE = re.compile(r"[0-9a-f]{64}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")

Format = Literal["md", "pdf", "epub"]
FORMATS: tuple[Format, ...] = ("md", "pdf", "epub")


@dataclass(frozen=True, slots=True)
class StoryPage:
    items: tuple[dict[str, Any], ...]
    next_cursor: str | None


class StoriesApi:
    def __init__(self, services: ServicesApi) -> None:
        self._services = services

    async def page(self, query: Mapping[str, str], *, token: str) -> StoryPage:
        """`query` as the service takes it: search, sort, order, state, cursor, limit."""
        return _page((await self._services.call("GET", _BASE, token=token, query=query)).body)

    async def read(self, story: str, *, token: str) -> dict[str, Any]:
        return (await self._services.call("GET", _path(story), token=token)).body

    async def create(self, story: Mapping[str, Any], *, token: str) -> str:
        """Its id."""
        return str((await self._services.call("POST", _BASE, token=token, body=story)).body.get("id", ""))

    async def write(self, wish: Mapping[str, Any], *, key: str, token: str) -> str:
        """The id of a story that is being written. The same key is the same story."""
        answer = await self._services.call("POST", f"{_BASE}/write", token=token, body=wish, headers={"idempotency-key": key})
        return str(answer.body.get("id", ""))

    async def replace(self, story: str, body: Mapping[str, Any], *, version: str, token: str) -> dict[str, Any]:
        """The story as it is then; what `body` leaves out it has no more. Raises `PreconditionFailed` where it is another version by
        now."""
        answer = await self._services.call("PUT", _path(story), token=token, body=body, headers={"if-match": f'"{version}"'})
        return answer.body

    async def delete(self, story: str, *, token: str) -> None:
        await self._services.call("DELETE", _path(story), token=token)

    async def versions(self, story: str, *, cursor: str = "", limit: int, token: str) -> StoryPage:
        query = {"limit": str(limit)} | ({"cursor": cursor} if cursor else {})
        return _page((await self._services.call("GET", f"{_path(story)}/versions", token=token, query=query)).body)

    async def version(self, story: str, revision: int, *, token: str) -> dict[str, Any]:
        return (await self._services.call("GET", f"{_path(story)}/versions/{revision}", token=token)).body

    async def restore(self, story: str, revision: int, *, version: str, token: str) -> None:
        """Raises `PreconditionFailed` where it is another version by now."""
        path = f"{_path(story)}/versions/{revision}/restore"
        await self._services.call("POST", path, token=token, headers={"if-match": f'"{version}"'})

    async def export(self, story: str, form: Format, *, token: str) -> File:
        return await self._services.file(f"{_path(story)}/export", token=token, query={"format": form})

    async def shares(self, story: str, *, token: str) -> list[dict[str, Any]]:
        items = (await self._services.call("GET", f"{_path(story)}/shares", token=token)).body.get("items", ())
        return [one for one in items if isinstance(one, dict)]

    async def share(self, story: str, expires_in_s: int | None, *, token: str) -> str:
        """The token that opens it; it is told this once."""
        body = {} if expires_in_s is None else {"expires_in_seconds": expires_in_s}
        return str((await self._services.call("POST", f"{_path(story)}/shares", token=token, body=body)).body.get("token", ""))

    async def revoke(self, story: str, share: str, *, token: str) -> None:
        if not _SHARE.fullmatch(share):
            raise NotFound("there is no such link")
        await self._services.call("DELETE", f"{_path(story)}/shares/{share}", token=token)

    async def shared(self, link: str) -> dict[str, Any]:
        """What anybody with the link may read. Raises `NotFound`."""
        if not _TOKEN.fullmatch(link):
            raise NotFound("there is no such link, or it has ended")
        return (await self._services.call("GET", f"{_BASE}/shared/{link}")).body


def _path(story: str) -> str:
    if not _ID.fullmatch(story):
        raise NotFound("there is no such story")
    return f"{_BASE}/{story}"


def _page(body: Mapping[str, Any]) -> StoryPage:
    following = body.get("next_cursor")
    return StoryPage(
        tuple(one for one in body.get("items", ()) if isinstance(one, dict)), following if isinstance(following, str) else None
    )
