"""python-socketio with the bounds that an open port needs: text only, no deep packets, a cut for peers that take nothing."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any
from urllib.parse import parse_qs

import orjson
import socketio
import structlog
from engineio.exceptions import SocketIsClosedError
from socketio.packet import EVENT, Packet
from starlette.types import Message, Receive, Scope, Send

log = structlog.get_logger(__name__)


class _Json:
    """Events come from the stream as JSON and go out as they are (`orjson.Fragment`)."""

    @staticmethod
    def dumps(value: Any, **_: Any) -> str:
        return orjson.dumps(value).decode()

    @staticmethod
    def loads(text: str | bytes, **_: Any) -> Any:
        return orjson.loads(text)


class TextPacket(Packet):  # type: ignore[misc]
    json = _Json


class TextServer(socketio.AsyncServer):  # type: ignore[misc]
    """Ends a connection that sends what is no packet, or anything binary: attachments would be kept until their number is full, and
    nothing here takes them."""

    async def tell(self, session: str, event: str, data: Any) -> None:
        """One event to one client, by its Engine.IO session; nothing when that is over. `emit` makes two tasks for it."""
        with contextlib.suppress(SocketIsClosedError):
            await self.eio.send(session, TextPacket(EVENT, data=[event, data]).encode())

    async def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        if not isinstance(data, str) or data[:1] in ("5", "6"):
            log.info("a binary packet was refused")
            await self.eio.disconnect(eio_sid)
            return
        try:
            await super()._handle_eio_message(eio_sid, data)
        except Exception as error:
            log.info("a packet was refused", error=type(error).__name__)
            await self.eio.disconnect(eio_sid)


class Line:
    """The ASGI channel of one websocket, which can be cut although its peer takes nothing: whoever waits in it is woken."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._waiting: set[asyncio.Task[Any]] = set()
        self.is_cut = False

    async def receive(self) -> Message:
        if self.is_cut:
            return {"type": "websocket.disconnect", "code": 1006}
        message: Message = await self._watched(self._receive())
        return message

    async def send(self, message: Message) -> None:
        if self.is_cut:
            raise ConnectionResetError
        await self._watched(self._send(message))

    def cut(self) -> None:
        self.is_cut = True
        for task in self._waiting:
            task.cancel()

    async def _watched(self, work: Any) -> Any:
        task = asyncio.current_task()
        assert task is not None
        self._waiting.add(task)
        try:
            return await work
        finally:
            self._waiting.discard(task)


def session_of(scope: Scope) -> str | None:
    """The Engine.IO session that a request belongs to; None for one that asks for a new one."""
    named = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("sid")
    return named[0] if named else None
