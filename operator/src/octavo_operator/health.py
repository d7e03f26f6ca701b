"""`/healthz`, `/readyz` and `/metrics`, answered by a thread of their own: the one place from which a stuck event loop can be seen.

Alive means that both loops turn; an API server that is away makes nobody unhealthy, for a restart would not help.
Ready means that everything has been listed once.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from octavo_core.errors import Misconfigured
from octavo_operator.metrics import LOOP_LAG_SECONDS

STUCK_S = 30.0
_BEAT_S = 0.5

Check = Callable[[], str | None]
"""None when all is well, else what is not, for a person."""


class Heartbeat:
    """`run` in the loop that is watched; `silence_s` may be read from any thread."""

    def __init__(self) -> None:
        self._at = time.monotonic()

    @property
    def silence_s(self) -> float:
        return time.monotonic() - self._at

    async def run(self) -> None:
        while True:
            due = time.monotonic() + _BEAT_S
            await asyncio.sleep(_BEAT_S)
            self._at = time.monotonic()
            LOOP_LAG_SECONDS.set(max(0.0, self._at - due))


@contextlib.contextmanager
def serve(host: str, port: int, *, alive: Check, ready: Check) -> Iterator[int]:
    """Answers until the block ends; yields the port (another than given when that is 0). Raises `Misconfigured` where it is taken."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                self._answer(200, generate_latest(), CONTENT_TYPE_LATEST)
            elif path in ("/healthz", "/readyz"):
                problem = alive() if path == "/healthz" else ready()
                self._answer(200 if problem is None else 500, f"{problem or 'ok'}\n".encode(), "text/plain; charset=utf-8")
            else:
                self._answer(404, b"/healthz, /readyz, /metrics\n", "text/plain; charset=utf-8")

        def _answer(self, status: int, body: bytes, content_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Probes come every few seconds."""

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        raise Misconfigured(f"OCTAVO_HTTP_HOST, OCTAVO_HTTP_PORT: {host}:{port} cannot be listened on: {error.strerror}") from None
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="health", kwargs={"poll_interval": 0.2}, daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
