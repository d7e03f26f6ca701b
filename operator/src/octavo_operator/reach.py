"""How one generator's API is asked for its work, from inside the cluster or from outside, and how its answer is read.

An API that is not ready is behind no Service. Its pods are asked themselves what they miss: they know it long before they give up and
say it with their last words.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import aiohttp
import orjson

from octavo_core.errors import OctavoError
from octavo_operator import names
from octavo_operator.resource import Backlog, BacklogUnknown, Key
from octavo_operator.words import one_line

Answer = Backlog | BacklogUnknown

BACKLOG_PATH: Final = "/api/v1/backlog"
READY_PATH: Final = "/health/ready"
READY_TIMEOUT_S: Final = 5.0
"""A pod that is not ready asks what it stands on before it answers, and waits for that up to three seconds."""
_MAX_BODY: Final = 65_536
_MAX_WORDS: Final = 500


@dataclass(frozen=True, slots=True)
class Target:
    """One generator to ask. `pods` are (name, IP) of API pods: of those that are ready, any one of which is asked; where none is, of
    those that run and have had the time to become ready, which are asked what they miss."""

    key: Key
    ready: bool = True
    pods: tuple[tuple[str, str], ...] = ()


class Ask(Protocol):
    """One question to one generator. Answers within its timeout and never raises, whatever the generator does."""

    async def __call__(self, target: Target) -> Answer: ...


class ByService:
    """Asks from inside the cluster: a pod of the API by its own address, or the Service where none is known."""

    def __init__(self, session: aiohttp.ClientSession, *, timeout_s: float = 2.0) -> None:
        self._session = session
        self._timeout_s = timeout_s

    @staticmethod
    def open_session() -> aiohttp.ClientSession:
        """A session made for this: connections outlive the pause between two questions, which halves what a question costs."""
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=20, ttl_dns_cache=30)
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)

    async def __call__(self, target: Target) -> Answer:
        if not target.ready:
            return await _first_said(target, lambda pod: self._get(f"{_origin(pod[1])}{READY_PATH}", read_readiness, READY_TIMEOUT_S))
        if target.pods:
            # Each replica knows its own open requests only, so each is asked now and then. No name to resolve, no proxy in between.
            return await self._get(f"{_origin(random.choice(target.pods)[1])}{BACKLOG_PATH}", read_backlog, self._timeout_s)
        service = f"{names.api(target.key.name)}.{target.key.namespace}.svc"
        return await self._get(f"http://{service}{BACKLOG_PATH}", read_backlog, self._timeout_s)

    async def _get(self, url: str, read: Callable[[int, bytes], Answer], timeout_s: float) -> Answer:
        try:
            async with self._session.get(url, timeout=aiohttp.ClientTimeout(total=timeout_s), allow_redirects=False) as answer:
                return read(answer.status, await _bounded(answer))
        except TimeoutError:
            return BacklogUnknown(f"the API did not answer within {timeout_s:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return BacklogUnknown(f"the API is not reached ({type(error).__name__})")


class RawReader(Protocol):
    """Reads a path at the API server: status and body, whatever the status is. Raises an `OctavoError` only where nothing answered."""

    async def get_answer(self, path: str, timeout_s: float) -> tuple[int, bytes]: ...


class ByProxy:
    """Asks from outside the cluster, through the API server's proxy of Services and pods."""

    def __init__(self, cluster: RawReader, *, timeout_s: float = 2.0) -> None:
        self._cluster = cluster
        self._timeout_s = timeout_s

    async def __call__(self, target: Target) -> Answer:
        base = f"/api/v1/namespaces/{target.key.namespace}"
        if target.ready:
            service = f"{names.api(target.key.name)}:{names.HTTP_PORT_NAME}"
            return await self._get(f"{base}/services/{service}/proxy{BACKLOG_PATH}", read_backlog, self._timeout_s)
        return await _first_said(
            target,
            lambda pod: self._get(f"{base}/pods/{pod[0]}:{names.API_PORT}/proxy{READY_PATH}", read_readiness, READY_TIMEOUT_S),
        )

    async def _get(self, path: str, read: Callable[[int, bytes], Answer], timeout_s: float) -> Answer:
        try:
            async with asyncio.timeout(timeout_s + 1):
                status, body = await self._cluster.get_answer(path, timeout_s)
        except TimeoutError:
            return BacklogUnknown(f"the API did not answer within {timeout_s:g} s")
        except OctavoError as error:
            return BacklogUnknown(one_line(error.message, _MAX_WORDS))
        return read(status, body[:_MAX_BODY])


async def _first_said(target: Target, ask: Callable[[tuple[str, str]], Awaitable[Answer]]) -> Answer:
    """What the first pod says that says anything; they all wait for the same."""
    answer: Answer = BacklogUnknown("no pod of the API is ready")
    for pod in target.pods[:2]:
        found = await ask(pod)
        if isinstance(found, BacklogUnknown) and found.said:
            return found
    return answer


async def _bounded(answer: aiohttp.ClientResponse) -> bytes:
    """The body, cut off where no backlog would be as long."""
    body = b""
    async for part in answer.content.iter_any():
        body += part
        if len(body) > _MAX_BODY:
            break
    return body


def _origin(address: str) -> str:
    return f"http://{f'[{address}]' if ':' in address else address}:{names.API_PORT}"


# ---- the answer


def read_backlog(status: int, body: bytes) -> Answer:
    """The answer to `GET /api/v1/backlog`; a problem body becomes `BacklogUnknown` with its own words."""
    document = _object(body)
    if status != 200:
        words = document.get("message") or document.get("detail") or document.get("title")
        if not isinstance(words, str) or not words:
            return BacklogUnknown(f"the API answered {status}")
        # The API server's own refusals, when it stands in between, are of kind Status.
        return BacklogUnknown(one_line(words, _MAX_WORDS), said=document.get("kind") != "Status")
    try:
        accepted, trouble = document.get("lastAcceptedAt"), document.get("modelTrouble")
        return Backlog(
            queued=_count(document, "queued"),
            running=_count(document, "running"),
            delayed=_count(document, "delayed"),
            oldest_seconds=_seconds(document.get("oldestSeconds", 0)),
            active_requests=_count({"activeRequests": 0, **document}, "activeRequests"),
            last_accepted_at=accepted[:64] if isinstance(accepted, str) else None,
            model_trouble=one_line(trouble, _MAX_WORDS) if isinstance(trouble, str) and trouble else None,
        )
    except (KeyError, TypeError, ValueError):
        return BacklogUnknown("the API's answer is no backlog; is another program behind its Service?")


def read_readiness(status: int, body: bytes) -> Answer:
    """The answer to `GET /health/ready` of a pod that is not ready: what it misses, a store's own words first."""
    dependencies = _object(body).get("dependencies")
    if status == 200 or not isinstance(dependencies, dict):
        return BacklogUnknown("no pod of the API is ready")
    said = {
        str(name): found["message"]
        for name, found in dependencies.items()
        if isinstance(found, dict) and found.get("status") != "healthy" and isinstance(found.get("message"), str)
    }
    first = next((said[name] for name in ("database", "redis", *sorted(said)) if name in said), None)
    return BacklogUnknown("no pod of the API is ready") if first is None else BacklogUnknown(one_line(first, _MAX_WORDS), said=True)


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _count(document: Mapping[str, Any], name: str) -> int:
    value = document[name]
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(name)
    return value


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("oldestSeconds")
    return max(0.0, float(value))
