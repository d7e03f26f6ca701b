"""The process: `octavo fake-providers`, or `python -m octavo_fakes`.

When it listens it writes one line of JSON with its URL; SIGTERM or Ctrl-C ends it within a second or so, whatever still hangs.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import math
import os
import signal
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence

import orjson
import uvicorn
import uvloop
from starlette.types import ASGIApp

from octavo_core.errors import Misconfigured
from octavo_fakes.app import create_fakes_app
from octavo_fakes.script import MAX_SECONDS, SERVED

DEFAULT_PORT = 8090
_BACKLOG = 2_048


def run(host: str = "127.0.0.1", port: int = DEFAULT_PORT, latency: Mapping[str, float] | None = None) -> None:
    """Serves until SIGTERM or SIGINT. Port 0 takes a free one. `latency`: seconds by provider type.

    Raises `Misconfigured` for an address that cannot be listened on.
    """
    app = create_fakes_app(latency=latency)
    with _listen(host, port) as listening:
        uvloop.run(_serve(app, listening, host))


def read_latency(pairs: Sequence[str]) -> dict[str, float]:
    """From `openai=0.05`, several in one or apart by commas. Raises `Misconfigured`."""
    latency: dict[str, float] = {}
    for pair in (part.strip() for text in pairs for part in text.split(",")):
        name, _, value = pair.partition("=")
        seconds = math.nan
        with contextlib.suppress(ValueError):
            seconds = float(value)
        if name not in SERVED:
            raise Misconfigured(f"--latency: {name!r} is no provider; there are {', '.join(SERVED)}")
        if not 0 <= seconds <= MAX_SECONDS:
            raise Misconfigured(f"--latency: {pair!r} must be a name, =, and seconds from 0 to {MAX_SECONDS:g}")
        latency[name] = seconds
    return latency


def main() -> None:
    parser = argparse.ArgumentParser(prog="octavo fake-providers", description="Sample answers in the vendors' wire formats.")
    parser.add_argument("--host", default="127.0.0.1", help="Address to listen on.")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="Port to listen on; 0 takes a free one.")
    parser.add_argument(
        "--latency", action="append", default=[], metavar="PROVIDER=SECONDS", help="How long answers take; may be repeated."
    )
    arguments = parser.parse_args()
    try:
        run(arguments.host, arguments.port, read_latency(arguments.latency))
    except Misconfigured as error:
        sys.stderr.write(f"{error.message}\n")
        raise SystemExit(2) from None


async def _serve(app: ASGIApp, listening: socket.socket, host: str) -> None:
    server = _Server(
        uvicorn.Config(
            app,
            http="httptools",
            loop="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            # A connection that is cut as scripted would be called an error.
            log_level="critical",
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=1,
            backlog=_BACKLOG,
            limit_concurrency=4_096,
        )
    )
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, server.end)
    port = listening.getsockname()[1]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - not bound, shown
    server.ready_line = orjson.dumps({"url": f"http://{shown}:{port}"}).decode()
    await server.serve([listening])


class _Server(uvicorn.Server):
    ready_line = ""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are ours: uvicorn would end the process by the signal, as if it had failed."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        sys.stdout.write(self.ready_line + "\n")
        sys.stdout.flush()

    def end(self) -> None:
        # At the second time, at once.
        self.force_exit = self.should_exit
        self.should_exit = True


def _listen(host: str, port: int) -> socket.socket:
    """Here and not in uvicorn, which would end the process in its own words."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise Misconfigured(f"cannot listen on {host} port {port}: {error.strerror or os.strerror(error.errno or 0)}") from None
    except OverflowError:
        raise Misconfigured(f"cannot listen on port {port}: ports are 0 to 65535") from None
