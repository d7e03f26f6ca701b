"""A request passed on to the generator as it is, and the answer passed back as it comes: streamed both ways, and given up on the
one side when the other is gone. Headers that concern one connection only stay behind (RFC 9110, section 7.6.1)."""

from __future__ import annotations

from collections.abc import Iterable

import aiohttp
import structlog
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send
from structlog.contextvars import get_contextvars

from octavo_activator import metrics
from octavo_activator.bodies import has_body, stream_body, unless_gone
from octavo_activator.gate import Gate
from octavo_activator.generators import MARK, Generators, NotReached

log = structlog.get_logger(__name__)

Headers = Iterable[tuple[bytes, bytes]]

_HOP_BY_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te", b"trailer",
     b"transfer-encoding", b"upgrade"}
)  # fmt: skip
_OURS = frozenset({b"x-correlation-id", b"expect", b"date", MARK.encode()})
"""Told by us: the edge gives every request its correlation id, our server the date and `100 Continue`."""


async def relay(
    gate: Gate, generators: Generators, scope: Scope, receive: Receive, send: Send, *, body: bytes | None = None, keeps_cors: bool = True
) -> None:
    """`body` where it has been read already. Raises `NotReached` when nothing was sent, `Unavailable` before an answer began. An
    answer that breaks off is left without its end: the server then closes the connection, so that it cannot pass for a whole one."""
    streamed = body is None and has_body(scope)
    headers = [
        *((name.decode("latin-1"), value.decode("latin-1")) for name, value in passed_on(scope["headers"])),
        ("x-correlation-id", str(get_contextvars().get("correlation_id"))),
    ]
    query = scope["query_string"].decode("latin-1")
    path = scope["raw_path"].decode("latin-1") + (f"?{query}" if query else "")
    outcome = "unavailable"
    try:
        async with generators.request(
            gate, scope["method"], path, headers=headers, body=stream_body(receive) if streamed else body
        ) as answer:
            outcome = "broken"
            # Only now: until here the body may have been on its way over the same channel.
            if await unless_gone(receive, _pass_back(answer, send, keeps_cors=keeps_cors)):
                outcome = "answered"
    except NotReached:
        outcome = "not_reached"
        raise
    except ClientDisconnect:
        outcome = "caller_gone"
        raise
    finally:
        metrics.PROXIED.labels(outcome).inc()


async def _pass_back(answer: aiohttp.ClientResponse, send: Send, *, keeps_cors: bool) -> bool:
    """Whether it came to its end."""
    headers = [
        (name.lower(), value)
        for name, value in passed_on((name.lower(), value) for name, value in answer.raw_headers)
        if keeps_cors or not name.startswith(b"access-control-")
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    try:
        async for part in answer.content.iter_any():
            await send({"type": "http.response.body", "body": part, "more_body": True})
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        log.warning("an answer broke off on its way back", error=type(error).__name__)
        return False
    await send({"type": "http.response.body", "body": b"", "more_body": False})
    return True


def passed_on(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Without what concerns the one connection, and without what the connection's own header names. Names in lower case."""
    given = list(headers)
    named = {token.strip().lower() for name, value in given if name == b"connection" for token in value.split(b",")}
    return [(name, value) for name, value in given if name not in _HOP_BY_HOP and name not in named and name not in _OURS]
