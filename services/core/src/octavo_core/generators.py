"""A generator's API as other services call it: one generation, from request to result, over HTTP.

The generation is a durable job at the generator, and `key` makes it one job however often it is asked for: a caller that died and
begins again with the same key finds the same generation, under way or ended.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from typing import Any

import aiohttp
import orjson

from octavo_core.errors import (
    InvalidInput,
    Moderated,
    OctavoError,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
    Throttled,
)
from octavo_core.identity.acting import ActingTokens

NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_CALL_S = 20.0
_MAX_ANSWER_BYTES = 48 * 1_048_576
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 2.0
_AWAY = frozenset({500, 502, 503, 504})


class GeneratorClient:
    """`base_url` is the platform's (`http://host:8080`): generators are below `/generators/NAME`. `elsewhere` has the same for generators
    that have an address of their own, as in a cluster, by name. One loop; close it at the end."""

    def __init__(self, base_url: str, tokens: ActingTokens, elsewhere: Mapping[str, str] | None = None) -> None:
        self._base_url = base_url
        self._elsewhere = elsewhere or {}
        self._tokens = tokens
        self._session: aiohttp.ClientSession | None = None

    async def generate(
        self, generator: str, body: Mapping[str, Any], *, user: str, key: str, correlation_id: str, within_s: float
    ) -> dict[str, Any]:
        """The `result` of the generation, with the rights of `user`.

        Raises `ProviderUnavailable` (not reached, 5xx), `ProviderTimeout` (no end within `within_s`; the generation goes on and may be
        asked for again by its key), `Throttled`: worth another attempt. `Moderated`, `InvalidInput` and `ProviderRefused` (no such
        generator, no right, the generation failed or was cancelled) are not.
        """
        if not NAME.fullmatch(generator):
            raise InvalidInput("generator: is not the name of a generator")
        deadline, pause = time.monotonic() + within_s, _FIRST_PAUSE_S
        base = self._elsewhere.get(generator, self._base_url).rstrip("/")
        url = f"{base}/generators/{generator}/api/v1/generate"
        headers = {"prefer": "respond-async", "idempotency-key": key, "x-correlation-id": correlation_id}
        view = await self._ask(generator, user, "POST", url, headers, orjson.dumps(dict(body)))
        while view.get("status") in ("queued", "running"):
            if time.monotonic() + pause > deadline:
                raise ProviderTimeout(f"{generator} did not end within {within_s:g} s", provider=generator)
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE_S)
            view = await self._ask(generator, user, "GET", f"{url}/{view['generation_id']}", {"x-correlation-id": correlation_id}, None)
        result = view.get("result")
        if view.get("status") != "succeeded" or not isinstance(result, dict):
            raise _ended_badly(generator, view)
        return result

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _ask(
        self, generator: str, user: str, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> dict[str, Any]:
        token = await self._tokens.on_behalf_of(user)
        sent = {**headers, **({} if token is None else {"authorization": f"Bearer {token}"})}
        if body is not None:
            sent["content-type"] = "application/json"
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_CALL_S, connect=5.0))
        try:
            async with self._session.request(method, url, data=body, headers=sent, allow_redirects=False) as answer:
                raw = await _bounded(answer, generator)
                status, retry_after = answer.status, answer.headers.get("retry-after")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ProviderUnavailable(f"{generator} cannot be reached ({type(error).__name__})", provider=generator) from None
        try:
            view = orjson.loads(raw)
        except orjson.JSONDecodeError:
            view = None
        if not isinstance(view, dict):
            raise ProviderUnavailable(f"{generator} answered {status} with something else than a result", provider=generator)
        if "generation_id" not in view:
            raise _refusal(generator, status, view, retry_after)
        return view


async def _bounded(answer: aiohttp.ClientResponse, generator: str) -> bytes:
    raw = bytearray()
    async for chunk in answer.content.iter_chunked(65_536):
        raw += chunk
        if len(raw) > _MAX_ANSWER_BYTES:
            raise ProviderRefused(f"{generator} sent more than {_MAX_ANSWER_BYTES} bytes", provider=generator)
    return bytes(raw)


def _refusal(generator: str, status: int, problem: Mapping[str, Any], retry_after: str | None) -> OctavoError:
    said = str(problem.get("message") or problem.get("error") or status)[:300]
    after = float(retry_after) if retry_after is not None and retry_after.isdigit() else None
    if status == 429:
        return Throttled(f"{generator}: {said}", retry_after=after)
    if status == 451:
        return Moderated(said)
    if status in _AWAY:
        return ProviderUnavailable(f"{generator}: {said}", provider=generator, retry_after=after)
    if status in (400, 413, 422):
        return InvalidInput(f"{generator}: {said}")
    if status == 404:
        return ProviderRefused(f"there is no generator named {generator}", provider=generator)
    return ProviderRefused(f"{generator}: {said}", provider=generator)


def _ended_badly(generator: str, view: Mapping[str, Any]) -> OctavoError:
    error = view.get("error")
    code, said = (error.get("error"), error.get("message")) if isinstance(error, dict) else (None, None)
    message = str(said or f"the generation ended as {view.get('status')}")[:300]
    return Moderated(message) if code == "moderated" else ProviderRefused(f"{generator}: {message}", provider=generator)
