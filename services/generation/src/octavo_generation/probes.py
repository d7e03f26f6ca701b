"""The small HTTP side of a worker process: `/metrics`, and the health that a cluster asks for.

In a thread of its own, so that it answers while the loop is busy; being alive means that the loop answers too.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Iterable, Mapping
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import orjson
from prometheus_client import make_wsgi_app

from octavo_core.errors import Misconfigured

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

LOOP_ANSWERS_WITHIN_S = 20.0
"""A loop that is silent for longer is stuck, not busy."""


class Probes:
    """Serves from `start` on; `ready` is set by the process once it takes work, and unset when it stops to. `missing` says what it waits
    for, by name and in words; as long as anything is in it, it is not ready either."""

    def __init__(self, port: int, host: str = "") -> None:
        self.ready = False
        self.missing: Mapping[str, str] = {}
        self._port = port
        self._host = host
        self._metrics = make_wsgi_app()
        self._server: WSGIServer | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """From within the loop that shall be alive. Raises `Misconfigured` when the port is taken."""
        self._loop = asyncio.get_running_loop()
        try:
            self._server = make_server(self._host, self._port, self._answer, server_class=_Server, handler_class=_Silent)
        except OSError as error:
            raise Misconfigured(f"OCTAVO_METRICS_PORT: cannot listen on {self._port}: {error.strerror}") from None
        threading.Thread(target=self._server.serve_forever, name="probes", daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def _answer(self, environment: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        match environment.get("PATH_INFO"):
            case "/metrics":
                metrics: Iterable[bytes] = self._metrics(environment, start_response)
                return metrics
            case "/health/live":
                return _health(self._is_alive(), start_response)
            case "/health/ready":
                return _health(self.ready and not self.missing, start_response, self.missing)
            case _:
                start_response("404 Not Found", [("content-type", "text/plain")])
                return [b"/metrics, /health/live and /health/ready are here\n"]

    def _is_alive(self) -> bool:
        assert self._loop is not None
        try:
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0), self._loop).result(LOOP_ANSWERS_WITHIN_S)
        except (concurrent.futures.TimeoutError, TimeoutError, RuntimeError):
            return False
        return True


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 16


class _Silent(WSGIRequestHandler):
    timeout = 10

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Every probe in the log would be all there is to read."""


def _health(good: bool, start_response: StartResponse, missing: Mapping[str, str] | None = None) -> list[bytes]:
    start_response("200 OK" if good else "503 Service Unavailable", [("content-type", "application/json")])
    body: dict[str, Any] = {"status": "healthy" if good else "unhealthy"}
    if missing:
        body["dependencies"] = {f"model of {name}": {"status": "unhealthy", "message": reason} for name, reason in missing.items()}
    return [orjson.dumps(body)]
