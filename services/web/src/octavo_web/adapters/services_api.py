"""The other services as this one calls them: JSON with a deadline, or a body that is passed on while it comes.

One loop; any number of calls at once; close it at the end. Nothing is tried again here: whoever looks at the page does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
from multidict import CIMultiDictProxy
from structlog.contextvars import get_contextvars
from yarl import URL

from octavo_core.errors import (
    Conflict,
    Fault,
    Forbidden,
    InvalidInput,
    Moderated,
    NotFound,
    OctavoError,
    PreconditionFailed,
    PreconditionMissing,
    Throttled,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnsupportedMedia,
)

MAX_ANSWER_BYTES = 16 * 1_048_576
_CONNECT_S = 5.0
_SILENCE_S = 75.0
"""A stream that says nothing for so long is over; services send a sign of life every 15 seconds."""
_REFUSALS: dict[int, type[OctavoError]] = {
    400: InvalidInput,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: PreconditionFailed,
    413: TooLarge,
    415: UnsupportedMedia,
    422: InvalidInput,
    428: PreconditionMissing,
    429: Throttled,
    451: Moderated,
}


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: dict[str, Any]
    headers: CIMultiDictProxy[str]


@dataclass(frozen=True, slots=True)
class File:
    """Something that is no JSON: a picture, a book. `name`: its Content-Disposition as the service said it, empty where it said none."""

    data: bytes
    media_type: str
    name: str = ""


class ServicesApi:
    def __init__(self, bases: Mapping[str, str], *, timeout_s: float) -> None:
        """`bases`: by the beginning of a path, where the service is that answers it."""
        self._bases = dict(sorted(bases.items(), key=lambda item: -len(item[0])))
        self._timeout = aiohttp.ClientTimeout(total=timeout_s, connect=_CONNECT_S)
        self._streaming = aiohttp.ClientTimeout(total=None, connect=_CONNECT_S, sock_read=_SILENCE_S)
        self._session: aiohttp.ClientSession | None = None

    async def call(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        body: Mapping[str, Any] | None = None,
        file: bytes | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """`file` is sent as it is, in place of `body`: the services tell by its content what it is. Raises `Unavailable` where the
        service is not reached or answers with no JSON object, and for a refusal the error that it meant, with its faults."""
        sent = self._headers(token, headers)
        data = file
        if file is not None:
            sent["content-type"] = "application/octet-stream"
        elif body is not None:
            sent["content-type"] = "application/json"
            data = orjson.dumps(dict(body))
        try:
            async with self._open().request(
                method, self._url(path), params=query, data=data, headers=sent, timeout=self._timeout, allow_redirects=False
            ) as answer:
                raw = await _bounded(answer)
                status, received = answer.status, answer.headers
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(f"{_service(path)} does not answer ({type(error).__name__})") from None
        found = _object(raw)
        if status >= 400 and "generation_id" not in found:
            raise refusal(status, found, received.get("retry-after"))
        return Answer(status, found, received)

    async def file(self, path: str, *, token: str | None = None, query: Mapping[str, str] | None = None) -> File:
        """Raises as `call`, and `Unavailable` for more than `MAX_ANSWER_BYTES`."""
        sent = self._headers(token, {"accept": "*/*"})
        try:
            async with self._open().request(
                "GET", self._url(path), params=query, headers=sent, timeout=self._timeout, allow_redirects=False
            ) as answer:
                raw = await _bounded(answer)
                status, received = answer.status, answer.headers
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(f"{_service(path)} does not answer ({type(error).__name__})") from None
        if status != 200:
            raise refusal(status, _object(raw), received.get("retry-after"))
        return File(raw, received.get("content-type", "application/octet-stream"), received.get("content-disposition", ""))

    @asynccontextmanager
    async def passing(
        self, method: str, path: str, *, query: str, headers: Mapping[str, str], body: AsyncIterator[bytes] | bytes | None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The service's answer, whatever it is, as soon as it begins; its body is read by the caller. Raises `Unavailable`."""
        try:
            answer = await self._open().request(
                method,
                URL(f"{self._url(path)}{'?' if query else ''}{query}", encoded=True),
                data=body,
                headers=headers,
                timeout=self._streaming,
                allow_redirects=False,
            )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(f"{_service(path)} does not answer ({type(error).__name__})") from None
        try:
            yield answer
        finally:
            # Not `release`: what the caller did not read must not be read to its end for the sake of the connection.
            answer.close()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            # No cookies of one person may ride with another's request; bodies pass as they are packed.
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), connector=aiohttp.TCPConnector(limit=512))
        return self._session

    def _url(self, path: str) -> str:
        base = next((base for prefix, base in self._bases.items() if path.startswith(prefix)), None)
        if base is None:
            raise NotFound("there is nothing at this address")
        return f"{base}{path}"

    @staticmethod
    def _headers(token: str | None, more: Mapping[str, str] | None) -> dict[str, str]:
        sent = {"accept": "application/json", **(more or {})}
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        correlation = get_contextvars().get("correlation_id")
        if correlation:
            sent.setdefault("x-correlation-id", str(correlation))
        return sent


def refusal(status: int, problem: Mapping[str, Any], retry_after: str | None = None) -> OctavoError:
    """The error that a service's answer stands for, with what it says and nothing more."""
    said = str(problem.get("message") or problem.get("detail") or f"HTTP {status}")[:500]
    faults = tuple(
        Fault(str(one.get("path", "")), str(one.get("message", ""))[:300], str(one["allowed"])[:500] if one.get("allowed") else None)
        for one in problem.get("errors") or ()
        if isinstance(one, dict)
    )
    after = float(retry_after) if retry_after is not None and retry_after.isdigit() else None
    return _REFUSALS.get(status, Unavailable)(said, faults=faults, retry_after=after)


async def _bounded(answer: aiohttp.ClientResponse) -> bytes:
    raw = bytearray()
    async for chunk in answer.content.iter_chunked(65_536):
        raw += chunk
        if len(raw) > MAX_ANSWER_BYTES:
            raise Unavailable(f"a service sent more than {MAX_ANSWER_BYTES} bytes")
    return bytes(raw)


def _object(raw: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        found = None
    return found if isinstance(found, dict) else {}


def _service(path: str) -> str:
    """Its name for people: the last word of where it is."""
    parts = path.split("/")
    return parts[2] if len(parts) > 2 and parts[1] == "api" else f"the generator {parts[2]}" if len(parts) > 3 else "the platform"
