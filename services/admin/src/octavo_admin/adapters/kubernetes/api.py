"""The Kubernetes API, read only: GET and nothing else, bounded, with the pod's own token."""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from octavo_core.errors import Misconfigured, NotFound, Unavailable

Object = dict[str, Any]

TIMEOUT_S = 8.0
REREAD_S = 60.0
MAX_BYTES = 32 * 1_048_576
MAX_OBJECTS = 5_000
_PAGE = 250


@dataclass(frozen=True, slots=True)
class Reach:
    """Where the API is and who we are to it. The token is read again every minute: it is renewed where it lies."""

    url: str
    token_file: Path
    ca_file: Path | None

    @classmethod
    def in_cluster(cls, url: str | None, token_file: Path, ca_file: Path, environment: Mapping[str, str] = os.environ) -> Reach:
        """Raises `Misconfigured` outside of a cluster, where no address is given."""
        if url is None:
            host, port = environment.get("KUBERNETES_SERVICE_HOST"), environment.get("KUBERNETES_SERVICE_PORT", "443")
            if not host:
                raise Misconfigured("OCTAVO_KUBERNETES_URL must say where the Kubernetes API is, for this is no pod")
            url = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
        return cls(url.rstrip("/"), token_file, ca_file if url.startswith("https://") else None)


class KubeApi:
    """One loop; connects with the first call. Errors: `NotFound`; `Unavailable`, which names a right that is missing."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._session: aiohttp.ClientSession | None = None
        self._token = ""
        self._read_at = -REREAD_S

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Object:
        async with self._send(path, query, aiohttp.ClientTimeout(total=TIMEOUT_S, connect=3.0)) as answer:
            found = orjson.loads(await _bounded(answer))
        if not isinstance(found, dict):
            raise Unavailable("the Kubernetes API answers with something else than an object")
        return found

    async def items(self, path: str, selector: str = "") -> list[Object]:
        """In pages, at most `MAX_OBJECTS`."""
        query = {"limit": str(_PAGE), **({"labelSelector": selector} if selector else {})}
        items: list[Object] = []
        while True:
            page = await self.get(path, query)
            items += page.get("items") or []
            after = (page.get("metadata") or {}).get("continue")
            if not after or len(items) >= MAX_OBJECTS:
                return items[:MAX_OBJECTS]
            query["continue"] = after

    async def text(self, path: str, query: Mapping[str, str]) -> str:
        async with self._send(path, query, aiohttp.ClientTimeout(total=TIMEOUT_S, connect=3.0)) as answer:
            return (await _bounded(answer)).decode("utf-8", "replace")

    @asynccontextmanager
    async def lines(self, path: str, query: Mapping[str, str]) -> AsyncIterator[AsyncIterator[str]]:
        """A stream of lines without an end of its own. Entered when the server has begun to answer."""
        async with self._send(path, query, aiohttp.ClientTimeout(total=None, connect=3.0)) as answer:
            yield _lines(answer)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    @asynccontextmanager
    async def _send(
        self, path: str, query: Mapping[str, str] | None, timeout: aiohttp.ClientTimeout
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = {"authorization": f"Bearer {await self._current_token()}", "accept": "application/json"}
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=_tls(self._reach.ca_file), limit=128),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                read_bufsize=1_048_576,
            )
        try:
            async with self._session.get(
                self._reach.url + path, params=query, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                if answer.status != 200:
                    raise _refusal(answer.status, await _bounded(answer))
                yield answer
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Unavailable(f"the Kubernetes API does not answer ({type(error).__name__})", retry_after=2) from None

    async def _current_token(self) -> str:
        if time.monotonic() - self._read_at >= REREAD_S:
            try:
                self._token = (await asyncio.to_thread(self._reach.token_file.read_text, "ascii")).strip()
            except (OSError, UnicodeDecodeError) as error:
                raise Misconfigured(f"{self._reach.token_file} cannot be read ({type(error).__name__})") from None
            self._read_at = time.monotonic()
        return self._token


async def _lines(answer: aiohttp.ClientResponse) -> AsyncIterator[str]:
    try:
        while raw := await answer.content.readline():
            yield raw.decode("utf-8", "replace").rstrip("\n")
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise Unavailable(f"the Kubernetes API ended a stream ({type(error).__name__})") from None


async def _bounded(answer: aiohttp.ClientResponse) -> bytes:
    raw = bytearray()
    async for chunk in answer.content.iter_chunked(65_536):
        raw += chunk
        if len(raw) > MAX_BYTES:
            raise Unavailable(f"the Kubernetes API answers with more than {MAX_BYTES} bytes")
    return bytes(raw)


def _refusal(status: int, body: bytes) -> Exception:
    try:
        said = str(orjson.loads(body).get("message", status))[:300]
    except (orjson.JSONDecodeError, AttributeError):
        said = str(status)
    if status in (401, 403):
        # Of the service's own rights, and not of those of the admin who asks.
        return Unavailable(f"the Kubernetes API refuses the admin service: {said}")
    return NotFound(said) if status == 404 else Unavailable(f"the Kubernetes API answers {status}: {said}", retry_after=2)


def _tls(ca_file: Path | None) -> ssl.SSLContext | bool:
    if ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(f"{ca_file} cannot be read ({type(error).__name__})") from None
