"""The wire that all HTTP providers share: one connection pool, one deadline, no retries, errors in our words, no key in any of them.

aiohttp and not httpx: with 100 calls in flight httpx's pool reaches a tenth of the requests per second.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import math
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp
import orjson

from octavo_core.errors import Moderated, ProviderError, ProviderRefused, ProviderTimeout, ProviderUnavailable

MAX_ANSWER_BYTES = 64 * 1_048_576
"""Four large pictures in base64 fit; what is larger is not read to its end."""
WHOLE_BYTES = 262_144
"""An answer that says it is no longer is read at once."""


class IsContentRefusal(Protocol):
    """Whether an error answer says that the content is not allowed: each vendor words it its own way."""

    def __call__(self, status: int, body: bytes) -> bool: ...


class IsFinal(Protocol):
    """Whether an error of a kind that usually passes (429, 5xx) will not: no credit is left, say."""

    def __call__(self, status: int, body: bytes) -> bool: ...


def never(status: int, body: bytes) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Answer:
    body: bytes
    headers: Mapping[str, str]
    media_type: str


class Wire:
    """Of one provider. `headers` go with every request; `secrets` are struck out of every error."""

    def __init__(
        self,
        *,
        provider: str,
        base_url: str,
        headers: Mapping[str, str],
        secrets: tuple[str, ...],
        timeout_s: float,
        max_connections: int,
        is_content_refusal: IsContentRefusal = never,
        is_final: IsFinal = never,
    ) -> None:
        self.provider = provider
        self.base_url = base_url.rstrip("/")
        self._headers = dict(headers)
        self._secrets = tuple(secret for secret in secrets if secret)
        self._timeout_s = timeout_s
        self._timeout = aiohttp.ClientTimeout(total=timeout_s, connect=min(10.0, timeout_s))
        self._max_connections = max_connections
        self._is_content_refusal = is_content_refusal
        self._is_final = is_final
        self._session: aiohttp.ClientSession | None = None

    async def post_json(self, path: str, body: Any, *, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The parsed JSON object of a 2xx. `path` begins with `/`, or is a whole URL."""
        answer = await self.request("POST", path, data=orjson.dumps(body), headers={"content-type": "application/json", **(headers or {})})
        return self.parse(answer.body)

    async def get_json(self, path: str, *, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        return self.parse((await self.request("GET", path, headers=headers)).body)

    async def request(
        self, method: str, path: str, *, data: Any = None, headers: Mapping[str, str] | None = None, authorised: bool = True
    ) -> Answer:
        """The answer of a 2xx. `authorised=False` leaves out the provider's own headers: for signed URLs of other hosts, which must
        not see the key. Raises a `ProviderError`, or `Moderated`, for everything else."""
        async with self._speaking():
            own = self._headers if authorised else {}
            sent = {**own, **(headers or {})}
            # A redirect would take the key along: aiohttp drops `authorization` at another host, and no other header.
            async with self._opened().request(method, self._url(path), data=data, headers=sent, allow_redirects=not authorised) as answer:
                raw = await self._read(answer)
                if not 200 <= answer.status < 300:
                    raise self.error(answer.status, raw, answer.headers)
                return Answer(raw, answer.headers, answer.content_type)

    async def stream_events(
        self, path: str, body: Any, *, headers: Mapping[str, str] | None = None
    ) -> AsyncGenerator[tuple[str, str], None]:
        """(event, data) of a stream of server-sent events, as they come; `event` is `message` where it has no name."""
        sent = {"content-type": "application/json", "accept": "text/event-stream", **self._headers, **(headers or {})}
        asked = self._opened().post(self._url(path), data=orjson.dumps(body), headers=sent, allow_redirects=False)
        async with self._speaking(), asked as answer:
            if answer.status != 200:
                raise self.error(answer.status, await self._read(answer), answer.headers)
            if answer.content_type == "application/json":
                # Some servers cannot stream and answer whole.
                yield "whole", (await self._read(answer)).decode("utf-8", "replace")
                return
            async for event in _events(answer.content, self):
                yield event

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def parse(self, raw: bytes | str) -> dict[str, Any]:
        try:
            parsed = orjson.loads(raw)
        except orjson.JSONDecodeError:
            parsed = None
        if not isinstance(parsed, dict):
            raise ProviderError(f"{self.provider} answered with something that is not a JSON object", provider=self.provider)
        return parsed

    def broken(self, what: str) -> ProviderError:
        """For an answer that lacks what every answer has."""
        return ProviderError(f"{self.provider} answered {self.redacted(what)}", provider=self.provider)

    def redacted(self, text: str) -> str:
        """Without our secrets: for the server's own words that go into an error."""
        for secret in self._secrets:
            text = text.replace(secret, "[redacted]")
        return text

    def error(self, status: int, raw: bytes, headers: Mapping[str, str] | None = None) -> ProviderError | Moderated:
        # Some servers repeat the key that they refuse; ours must not reach a log, a row or a caller. Struck out of the sentence and not
        # of the body: JSON may write a key's letters as escapes.
        told = self.redacted(_sentence(raw))[:300]
        if self._is_content_refusal(status, raw):
            return Moderated(f"{self.provider} refused this for its content: {told}")
        message = f"{self.provider} answered {status}: {told}"
        if (status == 429 or status >= 500) and not self._is_final(status, raw):
            return ProviderUnavailable(message, provider=self.provider, retry_after=retry_after_in(headers or {}))
        if status == 408:
            return ProviderTimeout(message, provider=self.provider)
        return ProviderRefused(message, provider=self.provider)

    def _url(self, path: str) -> str:
        return path if path.startswith(("http://", "https://")) else self.base_url + path

    async def _read(self, answer: aiohttp.ClientResponse) -> bytes:
        if (answer.content_length or MAX_ANSWER_BYTES) <= WHOLE_BYTES and "content-encoding" not in answer.headers:
            return await answer.read()
        chunks, size = [], 0
        async for chunk in answer.content.iter_chunked(262_144):
            size += len(chunk)
            if size > MAX_ANSWER_BYTES:
                raise ProviderError(f"{self.provider} answered with more than {MAX_ANSWER_BYTES} bytes", provider=self.provider)
            chunks.append(chunk)
        return b"".join(chunks)

    @contextlib.asynccontextmanager
    async def _speaking(self) -> AsyncIterator[None]:
        try:
            yield
        except TimeoutError:
            raise ProviderTimeout(f"{self.provider} did not answer in {self._timeout_s:g} s", provider=self.provider) from None
        except aiohttp.ClientError as error:
            raise ProviderUnavailable(f"{self.provider} cannot be reached ({type(error).__name__})", provider=self.provider) from None

    def _opened(self) -> aiohttp.ClientSession:
        # Made at the first call: a session belongs to the event loop it is made on.
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=self._timeout,
                # Longer than a coffee: a job that comes alone after a pause should not wait for a new connection.
                connector=aiohttp.TCPConnector(limit=self._max_connections, keepalive_timeout=120),
            )
        return self._session


async def finish(events: AsyncIterator[tuple[str, str]]) -> None:
    """Reads what follows the last event of a stream, at most a second long: a connection that is read to its end serves the next
    call, too. Raises nothing: the answer is whole already."""
    with contextlib.suppress(TimeoutError, ProviderError):
        async with asyncio.timeout(1.0):
            async for _ in events:
                pass


async def _events(content: aiohttp.StreamReader, wire: Wire) -> AsyncIterator[tuple[str, str]]:
    """The HTML Living Standard's event stream, section 9.2, as far as APIs use it."""
    decoder, buffer, seen = codecs.getincrementaldecoder("utf-8")("replace"), "", 0
    name, data = "message", list[str]()
    async for chunk in content.iter_any():
        seen += len(chunk)
        if seen > MAX_ANSWER_BYTES:
            raise wire.broken(f"with more than {MAX_ANSWER_BYTES} bytes")
        *lines, buffer = (buffer + decoder.decode(chunk)).split("\n")
        for line in (line.rstrip("\r") for line in lines):
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if not line:
                if data:
                    yield name, "\n".join(data)
                name, data = "message", []
            elif field == "data":
                data.append(value)
            elif field == "event":
                name = value


def _sentence(raw: bytes) -> str:
    """What the server says went wrong."""
    with contextlib.suppress(orjson.JSONDecodeError, AttributeError):
        parsed = orjson.loads(raw)
        error = parsed.get("error")
        message = error.get("message") if isinstance(error, dict) else error
        for found in (message, parsed.get("message"), parsed.get("detail")):
            if isinstance(found, str):
                return found
    return raw[:100_000].decode("utf-8", "replace")


def retry_after_of(header: str | None, *, unit: float = 1.0) -> float | None:
    """Seconds, from a number of `unit` seconds; the header's other form, a date, is left to the back-off."""
    if header is None:
        return None
    with contextlib.suppress(ValueError):
        seconds = float(header) * unit
        return None if math.isnan(seconds) else min(max(seconds, 0.0), 3_600.0)
    return None


_PARTS = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0}


def retry_after_in(headers: Mapping[str, str]) -> float | None:
    """Seconds until it is worth asking again, by the most exact header there is: `retry-after-ms` (OpenAI's and Azure's), `retry-after`,
    or when the limit that is used up (`x-ratelimit-remaining-KIND: 0`) is whole again (`x-ratelimit-reset-KIND: 6m0s`)."""
    milliseconds = retry_after_of(headers.get("retry-after-ms"), unit=0.001)
    if milliseconds is not None:
        return milliseconds
    seconds = retry_after_of(headers.get("retry-after"))
    if seconds is not None:
        return seconds
    used_up = [kind for kind in ("requests", "tokens") if headers.get(f"x-ratelimit-remaining-{kind}") == "0"]
    resets = [_duration(headers.get(f"x-ratelimit-reset-{kind}", "")) for kind in used_up]
    return max((reset for reset in resets if reset is not None), default=None)


def _duration(text: str) -> float | None:
    """`6m0s`, `120ms` or plain seconds."""
    parts = _PARTS.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return min(sum(float(number) * _SECONDS[unit] for number, unit in parts), 3_600.0)
    return retry_after_of(text)
