"""The only file that talks to generators: deliveries, streams of events, and requests passed on as they are.

Every call tries the generator's pods first. A connection that could not be made is `NotReached`: nothing was sent, and the caller
may do something else. What we send is marked, so that a request that a stale Service leads back to us goes round only once.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import aiohttp
import orjson
from yarl import URL

from octavo_activator.gate import Gate
from octavo_activator.held import HeldJob, HeldState
from octavo_core.errors import Unavailable
from octavo_core.http.preferences import MAX_WAIT_S
from octavo_core.identity import Forwarded, forwarding_token

MARK = "x-octavo-activator"
CONNECT_S = 5.0
ANSWER_S = MAX_WAIT_S + 30.0
"""Above the longest wait that a caller may ask for, and the pause between two signs of life of a stream."""
DELIVERY_S = 20.0
PROBE_S = 2.0
MAX_ANSWER_BYTES = 64 * 1_048_576
_BRIEF_CONNECTIONS = 256
_TIMEOUT = aiohttp.ClientTimeout(total=None, connect=CONNECT_S * 2, sock_connect=CONNECT_S, sock_read=ANSWER_S)
_PATHS = {False: "/api/v1/generate", True: "/api/v1/generate/batch"}


class NotReached(Unavailable):
    """No connection to any address of the generator; nothing was sent."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


class Generators:
    """Open and close it inside a running loop. Connections are not shared between those that are answered at once and those that
    may last as long as their callers have patience: the many who wait for one generator must not hold up deliveries to another."""

    def __init__(self) -> None:
        self._brief: aiohttp.ClientSession | None = None
        self._lasting: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        self._brief = _session(limit=_BRIEF_CONNECTIONS)
        # As many as there are callers, which the server bounds.
        self._lasting = _session(limit=0)

    async def close(self) -> None:
        for session in (self._brief, self._lasting):
            if session is not None:
                await session.close()

    async def deliver(self, gate: Gate, job: HeldJob, *, prefix: str = "", wait_s: int = 0) -> Answer:
        """Hand the job over, or ask again for what was handed over: it is the same job by its id. With `wait_s` the answer comes
        when the job has ended, or after so long. Raises `NotReached`, or `Unavailable` when it is not known whether it arrived."""
        forwarded = Forwarded(
            job.id,
            job.principal,
            item=job.item,
            cancelled=job.state is HeldState.CANCELLED,
            failure=_sentence(job.error) if job.state is HeldState.FAILED else None,
            accepted_at=job.accepted_at,
        )
        headers = {
            "authorization": f"Bearer {forwarding_token(gate.route.forwarding_key, forwarded, now_s=int(time.time()))}",
            "content-type": "application/json",
            "prefer": f"wait={wait_s}" if wait_s else "respond-async",
            "x-correlation-id": job.correlation_id,
        }
        if job.idempotency_key is not None:
            # The generator numbers the items of a batch itself.
            headers["idempotency-key"] = job.idempotency_key if job.item is None else job.idempotency_key.rpartition("#")[0]
        path = prefix + _PATHS[job.item is not None]
        timeout = aiohttp.ClientTimeout(total=wait_s + DELIVERY_S, sock_connect=CONNECT_S)
        async with self.request(gate, "POST", path, headers=headers, body=job.body, timeout=timeout, brief=wait_s == 0) as answer:
            body = await _read(answer)
            return Answer(answer.status, {name.lower(): value for name, value in answer.headers.items()}, body)

    async def is_ready(self, pod: str) -> bool:
        assert self._brief is not None
        try:
            timeout = aiohttp.ClientTimeout(total=PROBE_S)
            async with self._brief.get(f"http://{pod}/health/ready", timeout=timeout, allow_redirects=False) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return False

    @contextlib.asynccontextmanager
    async def request(
        self,
        gate: Gate,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | list[tuple[str, str]],
        body: bytes | AsyncIterator[bytes] | None = None,
        timeout: aiohttp.ClientTimeout | None = None,
        brief: bool = False,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer's head; its body is read by the caller. `path` is already quoted, with its query. Raises `NotReached`, or
        `Unavailable` when the connection broke before an answer came."""
        session = self._brief if brief else self._lasting
        assert session is not None
        answer: aiohttp.ClientResponse | None = None
        refused = "it has no address yet"
        for base in gate.addresses():
            try:
                answer = await session.request(
                    method,
                    URL(base + path, encoded=True),
                    headers=headers,
                    data=body,
                    allow_redirects=False,
                    timeout=timeout or _TIMEOUT,
                )
                break
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
                refused = f"{base.partition('://')[2]} does not answer ({type(error).__name__})"
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                raise Unavailable(f"the generator broke off ({type(error).__name__})", retry_after=2) from None
        if answer is None:
            raise NotReached(f"the generator cannot be reached: {refused}", retry_after=2)
        try:
            yield answer
        finally:
            # Not released for reuse unless it was read to its end.
            answer.close() if not answer.content.at_eof() else answer.release()


def _session(*, limit: int) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=limit, ttl_dns_cache=5),
        timeout=_TIMEOUT,
        # Passed on as it is: packed, and with the headers that were sent.
        auto_decompress=False,
        skip_auto_headers=("User-Agent", "Accept-Encoding", "Content-Type", "Accept"),
        headers={MARK: "1"},
        cookie_jar=aiohttp.DummyCookieJar(),
    )


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    parts, size = [], 0
    try:
        async for part in answer.content.iter_any():
            size += len(part)
            if size > MAX_ANSWER_BYTES:
                raise Unavailable("the generator's answer is too large")
            parts.append(part)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Unavailable(f"the generator's answer broke off ({type(error).__name__})") from None
    return b"".join(parts)


def _sentence(error: str | None) -> str:
    said = orjson.loads(error) if error else {}
    return str(said.get("message", "given up"))
