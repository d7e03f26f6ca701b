"""A vendor's API for tests: routes and answers are data. It keeps what was asked, and can hold, cut and stream its answers.

It lives on the test's own event loop, so what a client does to its connection is seen at once and nothing needs a lock.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web


@dataclass(frozen=True)
class Reply:
    """One answer. `body` is sent as JSON, or as it is (a file) where it is bytes. With `events` it is a stream of them, each one write."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    events: Sequence[str | bytes] | None = None
    held: bool = False
    """Waits before it answers (a stream: before its last event) until `released` is set, or the server ends."""
    cut: bool = False
    """The connection breaks where the answer would end (a body is announced a byte longer than it is)."""


@dataclass(frozen=True)
class Seen:
    """A request as it came. `body` is parsed where it is JSON; header names are in small letters."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return orjson.loads(self.raw)


Answer = Reply | Callable[[Seen], Reply]
DEADLINE_S = 10.0


@dataclass
class VendorWire:
    url: str
    replies: dict[tuple[str, str], list[Answer]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a held answer waits."""
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a client has gone before its answer was whole."""
    connections: set[Any] = field(default_factory=set)
    """The clients' addresses: as many as there were connections."""
    in_flight: int = 0
    most_in_flight: int = 0
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)
    runner: web.AppRunner | None = None

    def on(self, method: str, path: str, *replies: Answer) -> None:
        """The replies in their order; the last one is given again and again. `path` is matched whole, without the query."""
        self.replies[method, path] = list(replies)

    def at(self, path: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.path == path]

    async def until_in_flight(self, number: int) -> None:
        """Waits until so many requests are being answered at once."""
        async with asyncio.timeout(DEADLINE_S), self.arrived:
            await self.arrived.wait_for(lambda: self.in_flight >= number)

    async def until_asked(self, path: str, times: int = 1) -> None:
        async with asyncio.timeout(DEADLINE_S), self.arrived:
            await self.arrived.wait_for(lambda: len(self.at(path)) >= times)

    def reply_to(self, seen: Seen) -> Reply:
        waiting = self.replies.get((seen.method, seen.path))
        if waiting is None:
            return Reply(404, {"error": {"message": f"no route {seen.method} {seen.path}"}})
        reply = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return reply if isinstance(reply, Reply) else reply(seen)

    async def stop(self) -> None:
        """From now on connections are refused."""
        self.released.set()
        if self.runner is not None:
            runner, self.runner = self.runner, None
            await runner.cleanup()


@contextlib.asynccontextmanager
async def vendor_wire() -> AsyncIterator[VendorWire]:
    vendor = VendorWire("")

    async def answer(request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        seen = Seen(request.method, request.path, dict(request.query), headers, await request.read())
        vendor.seen.append(seen)
        assert request.transport is not None
        vendor.connections.add(request.transport.get_extra_info("peername"))
        vendor.in_flight += 1
        vendor.most_in_flight = max(vendor.most_in_flight, vendor.in_flight)
        async with vendor.arrived:
            vendor.arrived.notify_all()
        try:
            return await _answer(vendor, request, vendor.reply_to(seen))
        except (asyncio.CancelledError, ConnectionResetError):
            vendor.left.set()
            raise
        finally:
            vendor.in_flight -= 1

    app = web.Application(client_max_size=256 * 1_048_576)
    app.router.add_route("*", "/{path:.*}", answer)
    # Without it a handler runs on when its client has gone, and nobody would see that it has.
    vendor.runner = runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    vendor.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield vendor
    finally:
        await vendor.stop()


async def _answer(vendor: VendorWire, request: web.Request, reply: Reply) -> web.StreamResponse:
    if reply.events is None:
        is_file = isinstance(reply.body, bytes)
        data = reply.body if is_file else orjson.dumps(reply.body)
        kind = "application/octet-stream" if is_file else "application/json"
        pieces, headers = [data], {"content-type": kind, "content-length": str(len(data) + reply.cut)}
    else:
        pieces, headers = (
            [event if isinstance(event, bytes) else event.encode() for event in reply.events],
            {"content-type": "text/event-stream"},
        )
    response = web.StreamResponse(status=reply.status, headers={**headers, **reply.headers})
    if reply.held and reply.events is None:
        await _hold(vendor)
    await response.prepare(request)
    for number, piece in enumerate(pieces, start=1):
        if reply.held and reply.events is not None and number == len(pieces):
            await _hold(vendor)
        await response.write(piece)
    if reply.cut:
        assert request.transport is not None
        request.transport.close()
    else:
        await response.write_eof()
    return response


async def _hold(vendor: VendorWire) -> None:
    vendor.begun.set()
    await vendor.released.wait()


def sse(*data: Any, names: Sequence[str] | None = None) -> list[str]:
    """Events as servers send them; with `names` each is named. A str is sent as it is, everything else as JSON."""
    texts = [item if isinstance(item, str) else orjson.dumps(item).decode() for item in data]
    lines = [f"data: {text}\n\n" for text in texts]
    return lines if names is None else [f"event: {name}\n{line}" for name, line in zip(names, lines, strict=True)]
