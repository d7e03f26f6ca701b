"""An HTTP/1.1 client that leaves the CPU to the stack that is measured.

The client runs on the same cores as the stacks, so each microsecond that it burns lowers every figure and pulls their ratio towards one.
aiohttp's client costs several times as much for a request (README.md has the figures); this one sends prepared bytes over kept-alive
connections and lets httptools parse. It does what the benchmarks need and no more: loopback, no TLS, no redirects, bodies in memory.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import httptools

CONNECT_DEADLINE_S = 10.0
IDLE_LIMIT_S = 2.0
"""Servers close a connection that idles (Node.js and uvicorn after 5 s), perhaps in the moment in which it is taken again."""


class WireError(Exception):
    """A connection ended, or never began, while something was expected of it."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes


def request_bytes(method: str, host: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
    """A whole request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", f"host: {host}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body or method == "POST":
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Connection(asyncio.Protocol):
    """One kept-alive connection, one request at a time."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Reply] | None = None
        self._body: list[bytes] = []
        self.open = False
        self.used_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self.open = True

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        self._fail(WireError("the server closed the connection before it answered"))

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(WireError(f"not HTTP: {error}"))
            self.close()

    def on_message_begin(self) -> None:
        self._body = []

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        if not self._parser.should_keep_alive():
            self.open = False
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(Reply(self._parser.get_status_code(), b"".join(self._body)))

    def send(self, request: bytes) -> asyncio.Future[Reply]:
        if self._transport is None or not self.open:
            raise WireError("the connection is closed")
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._waiting

    def close(self) -> None:
        self.open = False
        if self._transport is not None:
            self._transport.close()

    def _fail(self, error: WireError) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)


class Pool:
    """Kept-alive connections to one server; the last used is used next, and there are as many as were ever needed at once."""

    def __init__(self, port: int) -> None:
        self.host = f"127.0.0.1:{port}"
        self._port = port
        self._idle: list[Connection] = []
        self._all: set[Connection] = set()

    async def request(self, request: bytes) -> Reply:
        connection = await self._acquire()
        reply = await connection.send(request)
        if connection.open:
            connection.used_at = time.monotonic()
            self._idle.append(connection)
        else:
            self._all.discard(connection)
            connection.close()
        return reply

    async def _acquire(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.open and time.monotonic() - connection.used_at < IDLE_LIMIT_S:
                return connection
            self._all.discard(connection)
            connection.close()
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_DEADLINE_S):
            _, connection = await loop.create_connection(Connection, "127.0.0.1", self._port)
        self._all.add(connection)
        return connection

    def close(self) -> None:
        for connection in self._all:
            connection.close()


class Stream(asyncio.Protocol):
    """One response without an end: what arrives of its body goes to `on_data` at once, out of the transport's own callback."""

    def __init__(self, on_data: Callable[[bytes], None]) -> None:
        self._on_data = on_data
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        loop = asyncio.get_running_loop()
        self.begun: asyncio.Future[int] = loop.create_future()
        self.ended: asyncio.Future[None] = loop.create_future()

    @classmethod
    async def open(cls, port: int, request: bytes, on_data: Callable[[bytes], None]) -> "Stream":
        """Connects, sends, and waits for the response's head; WireError where its status is not 200."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_DEADLINE_S):
            transport, stream = await loop.create_connection(lambda: cls(on_data), "127.0.0.1", port)
            transport.write(request)
            status = await stream.begun
        if status != 200:
            stream.close()
            raise WireError(f"the stream was answered with HTTP {status}")
        return stream

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.begun.done():
            self.begun.set_exception(WireError("the server closed the connection before it answered"))
        if not self.ended.done():
            self.ended.set_result(None)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.close()

    def on_headers_complete(self) -> None:
        if not self.begun.done():
            self.begun.set_result(self._parser.get_status_code())

    def on_body(self, body: bytes) -> None:
        self._on_data(body)

    def on_message_complete(self) -> None:
        self.close()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
