"""What carries Socket.IO: Engine.IO sessions over polling and websockets, how many, and how they end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from typing import Any

import structlog
from engineio.packet import NOOP, Packet
from starlette.types import Receive, Scope, Send

from octavo_core.errors import Unavailable
from octavo_core.http import problem_response
from octavo_notifications import metrics
from octavo_notifications.sockets.wire import Line, TextServer, session_of

log = structlog.get_logger(__name__)

JOIN_WITHIN_S = 15.0
"""How long a session may stand open with nobody on it."""
_FLUSH_S = 1.0


class Transport:
    """The ASGI callable of `/socket.io/`."""

    def __init__(self, server: TextServer, *, sessions_max: int) -> None:
        self._server = server
        self._sessions_max = sessions_max
        self._lines: dict[str, Line] = {}
        self._opened: dict[str, float] = {}
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def sessions(self) -> Collection[str]:
        sessions: Collection[str] = self._server.eio.sockets.keys()
        return sessions

    def queue(self, session: str) -> asyncio.Queue[Any] | None:
        """What waits for the peer; None when the session is over."""
        socket = self._server.eio.sockets.get(session)
        return None if socket is None or socket.closed else socket.queue

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["octavo.route"] = "/socket.io/"
        session = session_of(scope)
        if session is None and len(self._server.eio.sockets) >= self._sessions_max:
            metrics.REFUSED.labels("full").inc()
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1013, "reason": "too many connections; try again"})
            else:
                await problem_response(Unavailable("too many connections here; try again", retry_after=5))(scope, receive, send)
            return
        if scope["type"] == "http":
            await self._server.handle_request(scope, receive, send)
            return
        line = Line(receive, send)
        scope = {**scope, "octavo.line": line}
        if session is not None and session in self._server.eio.sockets:
            self._lines[session] = line
        try:
            await self._server.handle_request(scope, line.receive, line.send)
        except ValueError:
            log.info("what is no Engine.IO packet ended a connection")
            for name in [name for name, known in self._lines.items() if known is line]:
                self.end(name)
        finally:
            for name in [name for name, known in self._lines.items() if known is line] if session is None else [session]:
                if self._lines.get(name) is line:
                    del self._lines[name]

    def joined(self, session: str, environ: dict[str, Any]) -> None:
        """Somebody came in on it. `environ` is that of the request that opened it."""
        line = environ["asgi.scope"].get("octavo.line")
        if line is not None:
            self._lines[session] = line
        self._opened.pop(session, None)

    def wake(self, session: str) -> None:
        """A peer that polls and says that it goes has a request open, which nothing would answer until the next ping."""
        socket = self._server.eio.sockets.get(session)
        if socket is not None and not socket.upgraded:
            socket.queue.put_nowait(Packet(NOOP))

    def end_unjoined(self, joined: Collection[str]) -> None:
        """Ends sessions that have stood open for too long with nobody on them. To be called again and again."""
        now = time.monotonic()
        self._opened = {session: self._opened.get(session, now) for session in self.sessions if session not in joined}
        for session in [session for session, at in self._opened.items() if now - at > JOIN_WITHIN_S]:
            self.end(session)

    def end(self, session: str) -> None:
        """Soon: what waits for the peer may still go."""
        task = asyncio.create_task(self._end(session))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        for session in list(self.sessions):
            self.end(session)
        if self._ending:
            await asyncio.wait(self._ending, timeout=_FLUSH_S + 1)
        await self._server.shutdown()

    async def _end(self, session: str) -> None:
        """The line is cut in the end, whether the peer takes what was sent or not."""
        socket = self._server.eio.sockets.get(session)
        line = self._lines.get(session)
        if socket is not None:
            await socket.close(wait=False, reason=self._server.reason.SERVER_DISCONNECT)
        if line is not None:
            await asyncio.sleep(_FLUSH_S)
            line.cut()
