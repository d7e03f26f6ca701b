"""Calls to other parts of the platform: bounded in time and in size, without redirects, with the correlation id of the request that they
are made for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson
from structlog.contextvars import get_contextvars

from octavo_core.errors import Unavailable

TIMEOUT_S = 8.0
MAX_BYTES = 16 * 1_048_576


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    media_type: str

    def json(self) -> Any:
        """None for what is no JSON."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None

    def said(self) -> str:
        """What a problem body says, for an error of ours."""
        problem = self.json()
        said = problem.get("message") if isinstance(problem, dict) else None
        return str(said or f"answered {self.status}")[:300]


class Calls:
    """One loop; connects with the first call. Close it at the end."""

    def __init__(self, *, timeout_s: float = TIMEOUT_S, max_bytes: int = MAX_BYTES) -> None:
        self._timeout = aiohttp.ClientTimeout(total=timeout_s, connect=3.0)
        self._max_bytes = max_bytes
        self._session: aiohttp.ClientSession | None = None

    async def ask(
        self,
        method: str,
        url: str,
        *,
        token: str | None = None,
        query: Mapping[str, str] | list[tuple[str, str]] | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Whatever it answers. Raises `Unavailable` for an answer that does not come, or is too large. No error repeats more of the URL
        than its host."""
        sent = {**_correlation(), **(headers or {})}
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        body = None if json is None else orjson.dumps(json)
        if body is not None:
            sent["content-type"] = "application/json"
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)
        host = urlsplit(url).netloc.rpartition("@")[2]
        try:
            async with self._session.request(method, url, params=query, data=body, headers=sent, allow_redirects=False) as answer:
                raw = bytearray()
                async for chunk in answer.content.iter_chunked(65_536):
                    raw += chunk
                    if len(raw) > self._max_bytes:
                        raise Unavailable(f"{host} answers with more than {self._max_bytes} bytes")
                return Answer(answer.status, bytes(raw), answer.headers.get("content-type", "application/octet-stream"))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Unavailable(f"{host} does not answer ({type(error).__name__})", retry_after=2) from None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None


def _correlation() -> dict[str, str]:
    found = get_contextvars().get("correlation_id")
    return {} if found is None else {"x-correlation-id": str(found)}
