"""The outermost layer of every service, one plain ASGI callable: who may ask how often, correlation id, body limit, metrics, headers for
browsers, a log line for what was refused, last catch.

Composed services share one edge: an inner one steps aside when an outer one has already taken the request.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

import structlog
from prometheus_client import Counter, Histogram
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from octavo_core.errors import TooLarge
from octavo_core.http.door import Door, door
from octavo_core.http.problems import build_problem, problem_response
from octavo_core.http.refusals import tell_refusal
from octavo_core.http.security_headers import secured
from octavo_core.ids import correlation_id
from octavo_core.telemetry.tracing import tell_request
from octavo_core.visits import visits_told

if TYPE_CHECKING:
    from octavo_core.identity.principal import Principal

log = structlog.get_logger(__name__)

_TAKEN = "octavo.edge"
_DISCARD_BYTES = 32 * 1_048_576
"""How much of a body that is too large is read and thrown away, so that the caller gets to read the answer."""
_DISCARD_S = 30.0
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

REQUESTS = Counter("octavo_http_requests_total", "HTTP requests answered.", ["service", "method", "route", "status"])
DURATION = Histogram(
    "octavo_http_request_seconds",
    "From the request's first byte to the answer's first byte.",
    ["service", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)


class Edge:
    def __init__(self, app: ASGIApp, *, service: str, max_body_bytes: int) -> None:
        self._app = app
        self._service = service
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or _TAKEN in scope:
            await self._app(scope, receive, send)
            return
        scope[_TAKEN] = True
        doorway = door()
        await doorway.learn_caller(scope, receive, send)
        if scope["type"] == "websocket":
            await self._upgrade(doorway, scope, receive, send)
            return
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        offered = next((value.decode("latin-1") for name, value in headers if name == b"x-correlation-id"), None)
        correlation = correlation_id(offered)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(correlation_id=correlation, service=self._service)
        started, status = time.perf_counter(), 0
        limited = _LimitedBody(receive, self._max_body_bytes)
        visitor = _Visitor(doorway, scope)

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = secured([*message.get("headers", ()), (b"x-correlation-id", correlation.encode())], scope)
                DURATION.labels(self._service, _route(scope)).observe(time.perf_counter() - started)
            await send(message)

        async def send_unless_too_large(message: Message) -> None:
            # What a framework makes of a body that was cut off under its hands (a 400) is not the answer.
            if status != 0 or not limited.exceeded:
                await send_marked(message)

        try:
            refusal = doorway.refusal_of_address(scope)
            if refusal is not None:
                await problem_response(refusal)(scope, receive, send_marked)
                return
            await limited.check_declared(headers)
            with visits_told(visitor.welcome):
                await self._app(scope, limited, send_unless_too_large)
            if limited.exceeded and status == 0:
                raise limited.too_large()
        except TooLarge as error:
            await limited.discard()
            if status == 0:
                await problem_response(error)(scope, receive, send_marked)
        except ClientDisconnect:
            status = 499
        except Exception:
            log.exception("request failed", method=scope["method"], path=scope["path"])
            if status != 0:
                raise
            await build_problem(500, "internal_error", "something went wrong here; the correlation id finds it in the logs")(
                scope, receive, send_marked
            )
        finally:
            REQUESTS.labels(self._service, _method(scope), _route(scope), str(status)).inc()
            if 400 <= status < 499:
                tell_refusal(scope, status=status, method=_method(scope), route=_route(scope), user=visitor.user)
            elif status >= 500 and "/health" not in _route(scope):
                # So that the correlation id that a caller was shown leads somewhere. What went well is counted, not written down, and
                # probes ask every few seconds.
                log.info("a request failed", method=_method(scope), route=_route(scope), status=status)
            tell_request(
                service=self._service,
                method=_method(scope),
                route=_route(scope),
                status=status,
                correlation_id=correlation,
                seconds=time.perf_counter() - started,
            )

    async def _upgrade(self, doorway: Door, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = doorway.refusal_of_address(scope)
        if refusal is None:
            await self._app(scope, receive, send)
            return
        structlog.contextvars.clear_contextvars()
        tell_refusal(scope, status=429, method="GET", route="(websocket)", user=None, said=(refusal.code, refusal.message))
        await send({"type": "websocket.close", "code": 1013, "reason": refusal.message})


class _Visitor:
    """Whose token the request brought, once somebody has checked it."""

    __slots__ = ("_door", "_scope", "user")

    def __init__(self, doorway: Door, scope: Scope) -> None:
        self._door = doorway
        self._scope = scope
        self.user: str | None = None

    def welcome(self, principal: Principal) -> None:
        if self.user is not None:
            # Two layers checked the same token.
            return
        self.user = principal.user
        refusal = self._door.refusal_of_user(self._scope, principal)
        if refusal is not None:
            raise refusal


class _LimitedBody:
    """`receive` with a bound on the sum of what it hands out."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._seen = 0
        self._more = True

    @property
    def exceeded(self) -> bool:
        return self._seen > self._limit

    async def check_declared(self, headers: list[tuple[bytes, bytes]]) -> None:
        for name, value in headers:
            if name == b"content-length" and value.isdigit() and int(value) > self._limit:
                raise self.too_large()

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._seen += len(message.get("body", b""))
            self._more = message.get("more_body", False)
            if self.exceeded:
                raise self.too_large()
        return message

    async def discard(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DISCARD_S):
                while self._more and self._seen < _DISCARD_BYTES:
                    message = await self._receive()
                    if message["type"] != "http.request":
                        return
                    self._seen += len(message.get("body", b""))
                    self._more = message.get("more_body", False)

    def too_large(self) -> TooLarge:
        return TooLarge(f"the body is larger than {self._limit} bytes")


def _method(scope: Scope) -> str:
    """A caller may invent methods; the label has a bound."""
    method: str = scope["method"]
    return method if method in _METHODS else "(other)"


def _route(scope: Scope) -> str:
    """The route's template, never the path itself: ids would make a label without bound."""
    path = scope.get("octavo.route") or getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else "(none)"
