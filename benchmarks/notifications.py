"""How a client hears that its job has ended: server-sent events from Octavo, Socket.IO from the peers.

The two listeners have one shape, `await open()`, then `on_end(job id, outcome)` for each job that ends. The Socket.IO side is written out
here so that hearing of a job costs about the same on both: Engine.IO 4 over a websocket is seven packet types, of which a listener needs
four.

Sources: https://html.spec.whatwg.org/multipage/server-sent-events.html, https://socket.io/docs/v4/engine-io-protocol/,
https://socket.io/docs/v4/socket-io-protocol/.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp
import orjson

from benchmarks.http_wire import Stream, WireError, request_bytes

OPEN_DEADLINE_S = 10.0

OnEnd = Callable[[str, str], None]
"""Called with the job's id and its outcome (`succeeded`, `failed`, `cancelled`), from the event loop."""


class Listener(Protocol):
    """One user's notification connection."""

    async def open(self) -> None:
        """Returns when the server will not miss to tell of a job that is sent from now on."""
        ...

    async def close(self) -> None: ...

    @property
    def alive(self) -> bool:
        """False once the server has dropped the connection: what ended since then was not heard."""
        ...


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    event: str
    data: bytes
    id: str = ""


class SseParser:
    """Server-sent events out of a byte stream that is cut anywhere."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """The events that `data` completed; comments and events without data yield nothing."""
        received = self._rest + data
        if b"\r" in received:
            # A lone \r at the very end may be the first half of \r\n: it waits for the next piece.
            held = b"\r" if received.endswith(b"\r") else b""
            received = received.removesuffix(b"\r").replace(b"\r\n", b"\n").replace(b"\r", b"\n") + held
        *frames, self._rest = received.split(b"\n\n")
        events = []
        for frame in frames:
            event = self._parse(frame)
            if event is not None:
                events.append(event)
        return events

    @staticmethod
    def _parse(frame: bytes) -> ServerSentEvent | None:
        name, identity, data = "message", "", []
        for line in frame.split(b"\n"):
            field, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if field == b"data":
                data.append(value)
            elif field == b"event":
                name = value.decode()
            elif field == b"id":
                identity = value.decode()
        return ServerSentEvent(name, b"\n".join(data), identity) if data else None


class SseListener:
    """Octavo: all events of a user on one stream, of which those that end a job count."""

    PATH = "/api/notifications/events"

    def __init__(self, port: int, on_end: OnEnd) -> None:
        self._port = port
        self._on_end = on_end
        self._parser = SseParser()
        self._stream: Stream | None = None
        self.last_event_id = ""

    @property
    def alive(self) -> bool:
        return self._stream is not None and not self._stream.ended.done()

    async def open(self) -> None:
        headers = {"accept": "text/event-stream"}
        if self.last_event_id:
            headers["last-event-id"] = self.last_event_id
        request = request_bytes("GET", f"127.0.0.1:{self._port}", self.PATH, headers=headers)
        self._stream = await Stream.open(self._port, request, self._received)

    async def close(self) -> None:
        if self._stream is not None:
            self._stream.close()

    def _received(self, data: bytes) -> None:
        for event in self._parser.feed(data):
            if event.id:
                self.last_event_id = event.id
            outcome = event.event.removeprefix("job.")
            if outcome in ("succeeded", "failed", "cancelled"):
                self._on_end(str(orjson.loads(event.data)["job"]), outcome)


@dataclass(frozen=True, slots=True)
class EnginePacket:
    """An Engine.IO packet: `open`, `close`, `ping`, `pong`, `message`, `upgrade` or `noop`, and the text after its digit."""

    kind: str
    data: str


ENGINE_KINDS = ("open", "close", "ping", "pong", "message", "upgrade", "noop")


def parse_engine_packet(text: str) -> EnginePacket:
    """One text frame of Engine.IO 4; ValueError where it is none."""
    if not text or not "0" <= text[0] <= "6":
        raise ValueError(f"not an Engine.IO packet: {text[:40]!r}")
    return EnginePacket(ENGINE_KINDS[int(text[0])], text[1:])


@dataclass(frozen=True, slots=True)
class SocketPacket:
    """A Socket.IO packet in the main namespace: `connect`, `disconnect`, `event`, `ack` or `connect_error`, and its JSON."""

    kind: str
    data: Any
    ack: int | None = None


SOCKET_KINDS = ("connect", "disconnect", "event", "ack", "connect_error")


def parse_socket_packet(text: str) -> SocketPacket:
    """What an Engine.IO message carries; ValueError where it is none, or binary, or of another namespace."""
    if not text or not "0" <= text[0] <= "4":
        raise ValueError(f"not a Socket.IO packet: {text[:40]!r}")
    end = 1
    while end < len(text) and text[end].isdigit():
        end += 1
    if text[end : end + 1] == "/":
        raise ValueError(f"a packet of another namespace: {text[:40]!r}")
    ack = int(text[1:end]) if end > 1 else None
    return SocketPacket(SOCKET_KINDS[int(text[0])], orjson.loads(text[end:]) if end < len(text) else None, ack)


class SocketIoListener:
    """The peers: joins the user's room and hears `notification` for each job that ends."""

    def __init__(self, port: int, user: str, on_end: OnEnd) -> None:
        self._port = port
        self._user = user
        self._on_end = on_end
        self._session: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._joined: asyncio.Future[None] | None = None
        self._reading: asyncio.Task[None] | None = None

    @property
    def alive(self) -> bool:
        return self._reading is not None and not self._reading.done()

    async def open(self) -> None:
        self._joined = asyncio.get_running_loop().create_future()
        self._session = aiohttp.ClientSession()
        async with asyncio.timeout(OPEN_DEADLINE_S):
            url = f"http://127.0.0.1:{self._port}/socket.io/?EIO=4&transport=websocket"
            self._socket = await self._session.ws_connect(url, compress=0, autoping=False)
            self._reading = asyncio.create_task(self._read(self._socket))
            await self._joined

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading
        if self._session is not None:
            await self._session.close()

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                await self._received(socket, message.data)
        if self._joined is not None and not self._joined.done():
            self._joined.set_exception(WireError("the server closed the websocket before the room was joined"))

    async def _received(self, socket: aiohttp.ClientWebSocketResponse, text: str) -> None:
        engine = parse_engine_packet(text)
        if engine.kind == "message":
            packet = parse_socket_packet(engine.data)
            if packet.kind == "event" and packet.data[0] == "notification":
                body = packet.data[1]
                self._on_end(str(body["generation_id"]), "succeeded" if body["status"] == "completed" else "failed")
            elif packet.kind == "connect":
                await socket.send_str("420" + orjson.dumps(["join", self._user]).decode())
            elif packet.kind == "ack" and self._joined is not None:
                self._joined.set_result(None)
        elif engine.kind == "open":
            await socket.send_str("40")
        elif engine.kind == "ping":
            await socket.send_str("3")
