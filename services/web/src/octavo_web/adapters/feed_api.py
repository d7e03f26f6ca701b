"""The feed as the pages need it: what everybody reads, what a reader does, what an author publishes."""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp
import orjson

from octavo_core.errors import InvalidInput, NotFound, TooLarge, Unavailable
from octavo_web.adapters.services_api import Answer, ServicesApi, refusal

asking: ContextVar[Mapping[str, str]] = ContextVar("asking", default={})  # noqa: B039 - never changed
"""Headers that name the address and browser of the person whose request this is: the feed counts its readers, not this service."""

_BASE = "/api/feed"
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HANDLE = re.compile(r"[a-z0-9_]{3,30}")
_IMAGE_PATH = re.compile(r"/generators/[a-z0-9-]{1,63}/api/v1/images/[A-Za-z0-9_-]{1,64}(/download)?")
_MAX_PICTURE_BYTES = 10 * 1_048_576
_MAX_REFUSAL_BYTES = 65_536
_PICTURES = ("image/png", "image/jpeg", "image/webp", "image/gif")


@dataclass(frozen=True, slots=True)
class Listing:
    """A part of a list, as the feed's API answers it."""

    items: list[dict[str, Any]]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Marks:
    """What the person who looks did: to which posts, and whom they follow."""

    liked: frozenset[str] = frozenset()
    saved: frozenset[str] = frozenset()
    following: frozenset[str] = frozenset()


NO_MARKS = Marks()


class FeedApi:
    """Raises what `ServicesApi.call` raises, and `NotFound` for what cannot be an id or a name."""

    def __init__(self, services: ServicesApi) -> None:
        self._services = services

    async def posts(self, *, order: str = "newest", author: str | None = None, cursor: str | None = None, limit: int) -> Listing:
        query = {"order": order, "limit": str(limit), **({} if author is None else {"author": _handle(author)})}
        return await self._list("/posts", query, cursor, token=None)

    async def kept(self, which: str, *, token: str, cursor: str | None, limit: int) -> Listing:
        """`following` or `saved`."""
        return await self._list(f"/{which}", {"limit": str(limit)}, cursor, token=token)

    async def post(self, post: str) -> dict[str, Any]:
        return (await self._call("GET", f"{_BASE}/posts/{_id(post)}")).body

    async def comments(self, post: str, *, cursor: str | None, limit: int) -> Listing:
        return await self._list(f"/posts/{_id(post)}/comments", {"limit": str(limit)}, cursor, token=None)

    async def person(self, handle: str) -> dict[str, Any]:
        return (await self._call("GET", f"{_BASE}/people/{_handle(handle)}")).body

    async def marks(self, posts: Sequence[str], people: Sequence[str], *, token: str) -> Marks:
        query = {"posts": ",".join(posts), "people": ",".join(people)}
        body = (await self._call("GET", f"{_BASE}/marks", token=token, query=query)).body
        return Marks(*(frozenset(map(str, body.get(name) or ())) for name in ("liked", "saved", "following")))

    async def mark(self, post: str, deed: str, *, on: bool, token: str) -> None:
        """`deed`: like or save."""
        await self._call("PUT" if on else "DELETE", f"{_BASE}/posts/{_id(post)}/{deed}", token=token)

    async def follow(self, handle: str, *, on: bool, token: str) -> None:
        await self._call("PUT" if on else "DELETE", f"{_BASE}/people/{_handle(handle)}/follow", token=token)

    async def say(self, post: str, text: str, *, token: str) -> None:
        await self._call("POST", f"{_BASE}/posts/{_id(post)}/comments", token=token, body={"text": text})

    async def unsay(self, comment: str, *, token: str) -> None:
        await self._call("DELETE", f"{_BASE}/comments/{_id(comment)}", token=token)

    async def report(self, post: str, comment: str | None, reason: str, *, token: str) -> None:
        body = {"reason": reason, **({} if comment is None else {"comment_id": _id(comment)})}
        await self._call("POST", f"{_BASE}/posts/{_id(post)}/reports", token=token, body=body)

    async def reports(self, *, token: str, cursor: str | None, limit: int) -> Listing:
        """Those that nobody has decided, the oldest first. Raises `Forbidden` for who is no admin."""
        return await self._list("/moderation", {"limit": str(limit)}, cursor, token=token)

    async def decide(self, report: str, decision: str, why: str, *, token: str) -> None:
        await self._call("POST", f"{_BASE}/moderation/{_id(report)}", token=token, body={"decision": decision, "why": why})

    async def me(self, *, token: str) -> dict[str, Any]:
        """`handle` is None until one is chosen."""
        return (await self._call("GET", f"{_BASE}/me", token=token)).body

    async def call_me(self, handle: str, name: str, *, token: str) -> None:
        await self._call("PUT", f"{_BASE}/me", token=token, body={"handle": handle, "name": name})

    async def mine(self, *, token: str, cursor: str | None, limit: int) -> Listing:
        return await self._list("/mine", {"limit": str(limit)}, cursor, token=token)

    async def begin(self, body: Mapping[str, Any], *, token: str, key: str) -> str:
        """The id of the draft. The same key again is the same draft."""
        made = await self._call("POST", f"{_BASE}/mine", token=token, body=body, headers={"idempotency-key": key})
        return _id(str(made.body.get("id")))

    async def edit(self, post: str, body: Mapping[str, Any], *, token: str) -> None:
        await self._call("PATCH", f"{_BASE}/mine/{_id(post)}", token=token, body=body, headers={"if-match": "*"})

    async def set_picture(self, post: str, data: bytes, alt: str, *, token: str) -> None:
        told = {"content-type": "application/octet-stream", "accept": "application/json"}
        headers = {**asking.get(), "authorization": f"Bearer {token}", **told}
        path, query = f"{_BASE}/mine/{_id(post)}/pictures/1", urlencode({"alt": alt})
        async with self._services.passing("PUT", path, query=query, headers=headers, body=data) as answer:
            if answer.status >= 400:
                raise refusal(answer.status, await _said(answer), answer.headers.get("retry-after"))

    async def act(self, post: str, what: str, *, token: str) -> None:
        """`what`: publish, withdraw or delete."""
        path = f"{_BASE}/mine/{_id(post)}"
        if what == "delete":
            await self._call("DELETE", path, token=token)
        else:
            await self._call("POST", f"{path}/{what}", token=token)

    async def story(self, story: str, *, token: str) -> dict[str, Any]:
        return (await self._call("GET", f"/api/stories/{_id(story)}", token=token)).body

    async def generated_picture(self, source: str, *, token: str) -> bytes:
        """The bytes of a picture that a generator made: below `/generators/`, or a data: URL. Raises `InvalidInput` for anything else: no
        other address is fetched for anybody."""
        if source.startswith("data:image/"):
            try:
                return binascii.a2b_base64(source.partition(",")[2])
            except binascii.Error:
                raise InvalidInput("the picture cannot be read") from None
        if not _IMAGE_PATH.fullmatch(source):
            raise InvalidInput("the picture cannot be read")
        headers = {"authorization": f"Bearer {token}", "accept": "image/*", "accept-encoding": "identity"}
        async with self._services.passing("GET", source, query="", headers=headers, body=None) as answer:
            if answer.status >= 400:
                raise refusal(answer.status, await _said(answer), answer.headers.get("retry-after"))
            if answer.content_type not in _PICTURES:
                raise InvalidInput("the picture cannot be read")
            found = bytearray()
            try:
                async for chunk in answer.content.iter_chunked(65_536):
                    found += chunk
                    if len(found) > _MAX_PICTURE_BYTES:
                        raise TooLarge(f"the picture is larger than {_MAX_PICTURE_BYTES} bytes")
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                raise Unavailable(f"the picture broke off ({type(error).__name__})") from None
            return bytes(found)

    async def _call(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        told = {**asking.get(), **(headers or {})}
        return await self._services.call(method, path, token=token, body=body, query=query, headers=told)

    async def _list(self, path: str, query: Mapping[str, str], cursor: str | None, *, token: str | None) -> Listing:
        asked = {**query, **({} if cursor is None else {"cursor": cursor})}
        body = (await self._call("GET", f"{_BASE}{path}", token=token, query=asked)).body
        following = body.get("next_cursor")
        return Listing([one for one in body.get("items") or () if isinstance(one, dict)], None if following is None else str(following))


async def _said(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    try:
        found = orjson.loads(await answer.content.read(_MAX_REFUSAL_BYTES))
    except (aiohttp.ClientError, TimeoutError, OSError, orjson.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _id(found: str) -> str:
    if not _ID.fullmatch(found):
        raise NotFound("there is nothing at this address")
    return found


def _handle(handle: str) -> str:
    if not _HANDLE.fullmatch(handle):
        raise NotFound("there is nothing at this address")
    return handle
