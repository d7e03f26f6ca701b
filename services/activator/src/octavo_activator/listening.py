"""One HTTP server with many doors: the operator's port, and a port for each generator, opened and shut while it runs.

uvicorn serves the sockets that it was started with. A whole server of its own for each generator would cost a task and a timer
each; a further socket for the one that runs costs a few kilobytes. So this adds to uvicorn what it does not offer: sockets that come
and go, by the same steps with which it opens its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

_BACKLOG = 256


def listen(host: str, port: int) -> socket.socket:
    """Raises `OSError`. An IPv6 address takes IPv4 callers too, where the machine can do both."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    is_any = host == "::" and socket.has_dualstack_ipv6()
    return socket.create_server((host, port), family=family, backlog=_BACKLOG, dualstack_ipv6=is_any)


class DoorServer(uvicorn.Server):
    def __init__(self, app: ASGIApp, *, host: str, drain_s: float) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http="httptools",
                ws="none",
                lifespan="off",
                access_log=False,
                log_config=None,
                log_level="warning",
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=max(1, round(drain_s)),
                backlog=_BACKLOG,
                # Streams and waiting callers count too.
                limit_concurrency=16_384,
            )
        )
        self._host = host
        self._doors: dict[int, asyncio.Server] = {}

    @property
    def open_requests(self) -> int:
        return len(self.server_state.tasks)

    async def until_answered(self, timeout_s: float) -> None:
        """Until the requests that are open now have been answered."""
        if self.server_state.tasks:
            await asyncio.wait(set(self.server_state.tasks), timeout=timeout_s)

    async def open(self, port: int) -> None:
        """Raises `OSError` when the port cannot be listened on."""
        opened = listen(self._host, port)
        try:
            self._doors[port] = await asyncio.get_running_loop().create_server(self._protocol, sock=opened, backlog=_BACKLOG)
        except BaseException:
            opened.close()
            raise

    def close(self, port: int) -> None:
        """No new connection; those that are open go on."""
        self._doors.pop(port).close()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the process's: uvicorn would refuse new connections from the first moment on."""
        yield

    def _protocol(self) -> asyncio.Protocol:
        if not self.config.loaded:
            self.config.load()
        protocol: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state={}
        )
        return protocol
