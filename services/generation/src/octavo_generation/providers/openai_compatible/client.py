"""The wire of an OpenAI-compatible server: one POST, one connection pool, one deadline, no retries.

aiohttp and not httpx: with 100 calls in flight httpx's pool reaches a tenth of the requests per second.
"""

from __future__ import annotations

from typing import Any

import aiohttp
import orjson

from octavo_core.errors import ProviderError, ProviderRefused, ProviderTimeout, ProviderUnavailable
from octavo_generation.providers.openai_compatible.mapping import error_message, retry_after_of

MAX_ANSWER_BYTES = 8 * 1_048_576


class OpenAICompatibleClient:
    def __init__(self, *, provider: str, base_url: str, api_key: str | None, timeout_s: float, max_connections: int) -> None:
        self._provider = provider
        self._url = base_url.rstrip("/") + "/chat/completions"
        self._headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {api_key}"} if api_key else {})
        self._secret = (api_key or "").encode()
        self._timeout = aiohttp.ClientTimeout(total=timeout_s, connect=min(10.0, timeout_s))
        self._max_connections = max_connections
        self._session: aiohttp.ClientSession | None = None

    async def complete(self, body: dict[str, Any]) -> dict[str, Any]:
        """The parsed answer of a 200. Raises a `ProviderError` for everything else."""
        try:
            async with self._opened().post(self._url, data=orjson.dumps(body), headers=self._headers) as answer:
                raw = await answer.content.read(MAX_ANSWER_BYTES + 1)
                while len(raw) <= MAX_ANSWER_BYTES and (more := await answer.content.read(MAX_ANSWER_BYTES + 1 - len(raw))):
                    raw += more
                if answer.status != 200:
                    raise self._error(answer.status, raw, answer.headers.get("retry-after"))
        except TimeoutError:
            raise ProviderTimeout(f"{self._provider} did not answer in {self._timeout.total:g} s", provider=self._provider) from None
        except aiohttp.ClientError as error:
            raise ProviderUnavailable(f"{self._provider} cannot be reached ({type(error).__name__})", provider=self._provider) from None
        try:
            parsed = orjson.loads(raw)
        except orjson.JSONDecodeError:
            parsed = None
        if not isinstance(parsed, dict):
            raise ProviderError(f"{self._provider} answered with something that is not a JSON object", provider=self._provider)
        return parsed

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        # Made at the first call: a session belongs to the event loop it is made on.
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=self._timeout,
                # Longer than a coffee: a job that comes alone after a pause should not wait for a new connection.
                connector=aiohttp.TCPConnector(limit=self._max_connections, keepalive_timeout=120),
            )
        return self._session

    def _error(self, status: int, raw: bytes, retry_after: str | None) -> ProviderError:
        # Some servers repeat the key that they refuse; ours must not reach a log, a row or a caller.
        told = raw.replace(self._secret, b"[redacted]") if self._secret else raw
        message = f"{self._provider} answered {status}: {error_message(told)}"
        if status == 429 or status >= 500:
            return ProviderUnavailable(message, provider=self._provider, retry_after=retry_after_of(retry_after))
        if status == 408:
            return ProviderTimeout(message, provider=self._provider)
        return ProviderRefused(message, provider=self._provider)
