"""The only file that talks to the API server: plain HTTP and JSON, every request bounded, every write fenced.

Reads and writes are tried again by this file alone (a lost connection, 429, 5xx), a few times and with growing pauses; `Retry-After` is
honoured for all requests together, since it speaks of the server. What still fails comes out as an `ApiError`, and the queue tries the
whole generator again later.

Every write is conditional, so that one that was delayed on its way does no harm: an apply names the resourceVersion that it was computed
from, a first apply demands that nothing stands there (a resourceVersion that no object has: the server then creates or answers 409),
a delete names the uid. And before every try the fence is asked: without a valid Lease nothing is sent, and nothing waits for an answer
beyond the Lease's end. Bodies are never logged: they may be Secrets.
"""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

import aiohttp
import orjson
from yarl import URL

from octavo_core.errors import Misconfigured, OctavoError
from octavo_operator.connection import Connection, Credentials, Proof
from octavo_operator.kinds import LEASE, WHOLE_KINDS, Kind, kind_of_manifest
from octavo_operator.metrics import API_REQUESTS, WRITES
from octavo_operator.names import MANAGER
from octavo_operator.resource import Manifest

Object = dict[str, Any]

ABSENT: Final = "1"
"""Given as the resourceVersion of an apply: only where nothing stands. No object ever has it."""

_JSON = "application/json"
_METADATA_ONLY = "application/json;as=PartialObjectMetadata{};g=meta.k8s.io;v=v1,application/json"
_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"
_TRIES = 4
_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 4.0
_LONGEST_RETRY_AFTER_S = 30.0
_READ_TIMEOUT_S = 30.0
_WRITE_TIMEOUT_S = 10.0
_CONNECT_TIMEOUT_S = 5.0
_MAX_LINE_BYTES = 16 * 2**20


class ApiError(OctavoError):
    """The API server refused, with its status code, its one-word reason and its message; 0 when there was no answer at all."""

    code = "api_server_error"

    def __init__(self, status: int, reason: str, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message, retry_after=retry_after)
        self.status = status
        self.reason = reason

    @property
    def conflict(self) -> bool:
        """Something else stands there than was assumed. (AlreadyExists is a 409 too.)"""
        return self.status == 409

    @property
    def gone(self) -> bool:
        """A list or watch is to begin anew: its resourceVersion is no longer known."""
        return self.status == 410

    @property
    def passing(self) -> bool:
        """Whether the same request may succeed later though nothing is mended."""
        return self.status in (0, 408, 429) or self.status >= 500


class Fence(Protocol):
    """Leave to write."""

    def remaining(self) -> float:
        """Seconds for which writing is allowed. Raises `NotLeading` when it is not."""
        ...


class NotLeading(OctavoError):
    """Another replica leads, or may: nothing is written."""

    code = "not_leading"
    retryable = True


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list, and the version at which the whole list was taken."""

    items: list[Object]
    resource_version: str


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """`object` of a BOOKMARK carries a resourceVersion only."""

    type: Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
    object: Object


@dataclass(frozen=True, slots=True)
class Limits:
    """How much this process asks of an API server at most."""

    requests_per_second: float = 500.0
    burst: float = 500.0
    at_once: int = 64


class Cluster:
    """One API server. Use as an async context manager; every method may be called concurrently."""

    def __init__(self, connection: Connection, limits: Limits | None = None) -> None:
        self._connection = connection
        self._limits = limits or Limits()
        self._credentials = Credentials(connection)
        self._base = URL(connection.server)
        self._session: aiohttp.ClientSession | None = None
        self._tls: ssl.SSLContext | None = None
        self._tls_proof: tuple[str | None, str | None] = (None, None)
        self._at_once = asyncio.Semaphore(self._limits.at_once)
        self._allowance = self._limits.burst
        self._refilled_at = 0.0
        self._pause_until = 0.0

    async def __aenter__(self) -> Cluster:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=60, enable_cleanup_closed=True),
            auto_decompress=True,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )
        if self._base.scheme == "https":
            self._tls = self._connection.tls()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    @property
    def connection(self) -> Connection:
        return self._connection

    # ---- reading

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Object | None:
        """None where it is not."""
        try:
            return await self._call("GET", kind.path(namespace, name), kind=kind)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def get_metadata(self, kind: Kind, namespace: str | None, name: str) -> Object | None:
        """The object without spec, data and status; None where it is not."""
        try:
            return await self._call("GET", kind.path(namespace, name), kind=kind, accept=_METADATA_ONLY.format(""))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def pages(
        self,
        kind: Kind,
        *,
        namespace: str | None = None,
        labels: str = "",
        fields: str = "",
        metadata_only: bool = False,
        page_size: int = 100,
    ) -> AsyncIterator[Page]:
        """All that there is, page by page, as of one moment. `ApiError.gone` in the middle: begin anew.

        Pages are small because their memory does not come back to the system: 500 pods as Python objects are 20 MB.
        """
        query = {"limit": str(page_size), **_selectors(labels, fields)}
        accept = _METADATA_ONLY.format("List") if metadata_only else _JSON
        while True:
            body = await self._call("GET", kind.path(namespace), kind=kind, verb="list", query=query, accept=accept)
            metadata = body["metadata"]
            yield Page(body.get("items") or [], metadata["resourceVersion"])
            if not metadata.get("continue"):
                return
            query["continue"] = metadata["continue"]

    async def watch(
        self,
        kind: Kind,
        *,
        since: str,
        timeout_s: float,
        silence_s: float,
        namespace: str | None = None,
        labels: str = "",
        fields: str = "",
        metadata_only: bool = False,
    ) -> AsyncIterator[list[WatchEvent]]:
        """What changes after the version `since`, in the batches in which it arrives.

        Ends after `timeout_s`, when the server closes the stream, or when nothing (bookmarks count) came for `silence_s`. Raises
        `ApiError`, never tries again itself.
        """
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": since,
            "timeoutSeconds": str(round(timeout_s)),
            **_selectors(labels, fields),
        }
        accept = _METADATA_ONLY.format("") if metadata_only else _JSON
        timeout = aiohttp.ClientTimeout(total=timeout_s + 30, sock_connect=_CONNECT_TIMEOUT_S, sock_read=silence_s)
        API_REQUESTS.labels(kind.name, "watch").inc()
        try:
            async with self._send("GET", kind.path(namespace), query, None, {"Accept": accept}, timeout) as answer:
                if answer.status != 200:
                    raise await _refusal(answer)
                rest = b""
                async for chunk in answer.content.iter_any():
                    lines = chunk.split(b"\n")
                    lines[0] = rest + lines[0]
                    rest = lines.pop()
                    if len(rest) > _MAX_LINE_BYTES:
                        raise ApiError(0, "TooLarge", f"one watch event of {kind} is larger than {_MAX_LINE_BYTES} bytes")
                    events = [_event(line) for line in lines if line]
                    if events:
                        yield events
        except TimeoutError:
            return
        except (aiohttp.ClientError, OSError) as error:
            raise _unreachable(error) from None

    async def has_group(self, group: str) -> bool:
        """Whether the cluster serves an API group."""
        try:
            await self._call("GET", f"/apis/{group}")
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        return True

    async def has_kind(self, kind: Kind) -> bool:
        """Whether the cluster serves this very kind and version."""
        try:
            body = await self._call("GET", f"/{'apis' if '/' in kind.api_version else 'api'}/{kind.api_version}")
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        return any(resource["name"] == kind.plural for resource in body.get("resources") or ())

    async def get_answer(self, path: str, timeout_s: float = _READ_TIMEOUT_S) -> tuple[int, bytes]:
        """Status and body of any path, such as a Service behind the API server's proxy. Never tried again; `ApiError` without an answer."""
        timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=_CONNECT_TIMEOUT_S)
        try:
            async with self._send("GET", path, None, None, {"Accept": _JSON}, timeout) as answer:
                return answer.status, await answer.read()
        except TimeoutError:
            raise ApiError(0, "Timeout", f"no answer within {timeout_s:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise _unreachable(error) from None

    # ---- writing

    async def apply(self, namespace: str, manifest: Manifest, *, version: str, fence: Fence) -> Object:
        """Server-side apply with force, over the very version given, or `ABSENT`. Answers with the object as it now stands, of
        kinds that are known by their metadata with that alone.

        Raises `ApiError.conflict` where something else stands there: look again, then decide again.
        """
        kind = kind_of_manifest(manifest)
        metadata = {**manifest["metadata"], "resourceVersion": version}
        name: str = metadata["name"]
        answer = await self._call(
            "PATCH",
            kind.path(namespace, name),
            kind=kind,
            verb="apply",
            query={"fieldManager": MANAGER, "force": "true"},
            body={**manifest, "metadata": metadata},
            content_type=_APPLY,
            # the rest is known, and of Secrets it is not to travel back
            accept=_JSON if kind in WHOLE_KINDS else _METADATA_ONLY.format(""),
            fence=fence,
        )
        WRITES.labels(kind.name, "apply").inc()
        return answer

    async def delete(self, kind: Kind, namespace: str, name: str, uid: str, *, fence: Fence) -> None:
        """Idempotent: what is gone, or is another object by now, is no error."""
        options = {"propagationPolicy": "Background", "preconditions": {"uid": uid}}
        try:
            await self._call("DELETE", kind.path(namespace, name), kind=kind, verb="delete", body=options, fence=fence)
        except ApiError as error:
            if error.status not in (404, 409):
                raise
            return
        WRITES.labels(kind.name, "delete").inc()

    async def write_status(self, kind: Kind, namespace: str, name: str, version: str, status: Mapping[str, Any], *, fence: Fence) -> Object:
        """A merge into the status subresource, over the very version given. Members that are None go."""
        answer = await self._call(
            "PATCH",
            kind.path(namespace, name, "status"),
            kind=kind,
            verb="status",
            query={"fieldManager": MANAGER},
            body={"metadata": {"resourceVersion": version}, "status": status},
            content_type=_MERGE,
            fence=fence,
        )
        WRITES.labels(kind.name, "status").inc()
        return answer

    async def merge(self, kind: Kind, namespace: str, name: str, change: Mapping[str, Any], *, fence: Fence) -> Object:
        """A merge patch of what is no child, such as the count of an Event."""
        answer = await self._call(
            "PATCH",
            kind.path(namespace, name),
            kind=kind,
            verb="patch",
            query={"fieldManager": MANAGER},
            body=change,
            content_type=_MERGE,
            fence=fence,
        )
        WRITES.labels(kind.name, "patch").inc()
        return answer

    async def create(
        self, kind: Kind, namespace: str, body: Mapping[str, Any], *, fence: Fence | None = None, tries: int = _TRIES
    ) -> Object:
        """`ApiError.conflict` where it is there already. Leases and the operator's own key are made before there is a fence."""
        answer = await self._call(
            "POST", kind.path(namespace), kind=kind, verb="create", query={"fieldManager": MANAGER}, body=body, fence=fence, tries=tries
        )
        WRITES.labels(kind.name, "create").inc()
        return answer

    async def replace(self, kind: Kind, namespace: str, body: Mapping[str, Any], *, timeout_s: float, tries: int = 1) -> Object:
        """A PUT over the resourceVersion in the body; `ApiError.conflict` where it has moved. For Leases: not fenced."""
        answer = await self._call(
            "PUT",
            kind.path(namespace, body["metadata"]["name"]),
            kind=kind,
            verb="update",
            query={"fieldManager": MANAGER},
            body=body,
            timeout_s=timeout_s,
            tries=tries,
        )
        WRITES.labels(kind.name, "update").inc()
        return answer

    # ---- one request

    async def _call(
        self,
        method: str,
        path: str,
        *,
        kind: Kind | None = None,
        verb: str | None = None,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        content_type: str = _JSON,
        accept: str = _JSON,
        fence: Fence | None = None,
        timeout_s: float | None = None,
        tries: int = _TRIES,
    ) -> Object:
        payload = None if body is None else orjson.dumps(body)
        headers = {"Accept": accept} if payload is None else {"Accept": accept, "Content-Type": content_type}
        longest = timeout_s or (_READ_TIMEOUT_S if method == "GET" else _WRITE_TIMEOUT_S)
        API_REQUESTS.labels(kind.name if kind else "", verb or method.lower()).inc()
        pause = _FIRST_PAUSE_S
        for attempt in range(1, tries + 1):
            try:
                # Leases do not wait in line: whoever cannot renew in a busy minute loses the lead, and all begins anew.
                return await self._try(method, path, query, payload, headers, longest, fence, urgent=kind is LEASE)
            except ApiError as error:
                if error.retry_after is not None and error.status in (429, 503):
                    now = asyncio.get_running_loop().time()
                    self._pause_until = max(self._pause_until, now + min(error.retry_after, _LONGEST_RETRY_AFTER_S))
                if error.status == 401:
                    self._credentials.refuse()
                if attempt == tries or not (error.passing or error.status == 401):
                    raise
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(pause * 2, _LONGEST_PAUSE_S)
        raise AssertionError("unreachable: the last try returns or raises")

    async def _try(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        payload: bytes | None,
        headers: Mapping[str, str],
        longest: float,
        fence: Fence | None,
        urgent: bool,
    ) -> Object:
        if not urgent:
            await self._turn()
        async with self._at_once:
            # After every wait and right before the bytes go out; connections are not bounded, so that taking one does not wait.
            seconds = longest if fence is None else min(longest, fence.remaining())
            timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=_CONNECT_TIMEOUT_S)
            try:
                async with self._send(method, path, query, payload, headers, timeout) as answer:
                    if answer.status >= 300:
                        raise await _refusal(answer)
                    result: Object = orjson.loads(await answer.read())
                    return result
            except TimeoutError:
                raise ApiError(0, "Timeout", f"the API server did not answer within {seconds:.1f} s") from None
            except (aiohttp.ClientError, OSError) as error:
                raise _unreachable(error) from None
            except orjson.JSONDecodeError:
                raise ApiError(0, "NoJson", "the API server's answer is no JSON; is a proxy in between?") from None

    @asynccontextmanager
    async def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        payload: bytes | None,
        headers: Mapping[str, str],
        timeout: aiohttp.ClientTimeout,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        if self._session is None:
            raise AssertionError("enter the cluster first")
        try:
            proof = await self._credentials.proof()
        except Misconfigured as error:
            raise ApiError(0, "Credentials", error.message) from None
        # gzip costs the server and us more time than it saves inside a cluster
        sent = {**headers, "User-Agent": MANAGER, "Accept-Encoding": "identity"}
        if proof.token is not None:
            sent["Authorization"] = f"Bearer {proof.token}"
        url = self._base.with_path(self._base.path.rstrip("/") + path)
        if query:
            url = url.with_query(query)
        async with self._session.request(
            method,
            url,
            data=payload,
            headers=sent,
            timeout=timeout,
            ssl=self._context(proof) if self._tls is not None else True,
            server_hostname=self._connection.server_name,
            proxy=self._connection.proxy,
            allow_redirects=False,
        ) as answer:
            yield answer

    def _context(self, proof: Proof) -> ssl.SSLContext:
        """The same context as long as the certificate is the same, for the pool keeps connections by it."""
        certificate = (proof.certificate, proof.private_key)
        if self._tls is None or certificate != self._tls_proof:
            self._tls, self._tls_proof = self._connection.tls(*certificate), certificate
        return self._tls

    async def _turn(self) -> None:
        """Waits while the server asked for a pause, and for this process's own share of requests a second."""
        clock = asyncio.get_running_loop().time
        while True:
            now = clock()
            if now < self._pause_until:
                await asyncio.sleep(self._pause_until - now + random.uniform(0, 0.1))
                continue
            rate = self._limits.requests_per_second
            self._allowance = min(self._limits.burst, self._allowance + (now - self._refilled_at) * rate)
            self._refilled_at = now
            if self._allowance >= 1:
                self._allowance -= 1
                return
            await asyncio.sleep((1 - self._allowance) / rate)


def _selectors(labels: str, fields: str) -> dict[str, str]:
    return {name: value for name, value in (("labelSelector", labels), ("fieldSelector", fields)) if value}


def _event(line: bytes) -> WatchEvent:
    try:
        event = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise ApiError(0, "NoJson", "a watch sent something that is no JSON") from None
    if event["type"] == "ERROR":
        status = event["object"]
        raise ApiError(int(status.get("code") or 500), status.get("reason") or "", status.get("message") or "the watch failed")
    return WatchEvent(event["type"], event["object"])


async def _refusal(answer: aiohttp.ClientResponse) -> ApiError:
    """What the server said, in its own words where it had some."""
    reason, message = answer.reason or "", ""
    raw = await answer.read()
    try:
        status = orjson.loads(raw)
        reason, message = status.get("reason") or reason, status.get("message") or ""
    except (orjson.JSONDecodeError, AttributeError):
        message = raw[:200].decode("utf-8", "replace").strip()
    retry_after: float | None = None
    given = answer.headers.get("Retry-After", "")
    if given.isdigit():
        retry_after = float(given)
    return ApiError(answer.status, reason, message or f"HTTP {answer.status}", retry_after=retry_after)


def _unreachable(error: Exception) -> ApiError:
    return ApiError(0, "Unreachable", f"the API server is not reached: {type(error).__name__}: {error}")
