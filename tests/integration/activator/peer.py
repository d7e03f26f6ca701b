"""A server in a generator's place whose behaviour a test directs: it notes what comes in, and answers as it is told."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import orjson

Act = Callable[["Exchange"], None]


@dataclass
class Exchange:
    """One request, and the means to answer it."""

    handler: BaseHTTPRequestHandler
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def claims(self) -> dict[str, Any]:
        """Of the forwarding token; not checked, the generator's own tests do that."""
        token = self.headers["authorization"].partition(" ")[2]
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
        return claims

    def answer(self, status: int, content: Any = None, **headers: str) -> None:
        body = content if isinstance(content, bytes) else orjson.dumps(content)
        self.handler.send_response(status)
        for name, value in {"content-type": "application/json", "content-length": str(len(body)), **headers}.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.end_headers()
        self.handler.wfile.write(body)

    def take(self) -> None:
        """As a generator does that takes a job over."""
        self.answer(202, {"generation_id": self.claims["jti"], "status": "queued"})

    def begin_stream(self, **headers: str) -> None:
        self.handler.send_response(200)
        for name, value in {"transfer-encoding": "chunked", **headers}.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.end_headers()

    def stream(self, part: bytes) -> None:
        self.handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        self.handler.wfile.flush()

    def drop(self) -> None:
        """The connection breaks off."""
        self.handler.close_connection = True
        self.handler.connection.close()


@dataclass
class Peer:
    port: int
    act: Act
    exchanges: list[Exchange] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def deliveries(self) -> list[Exchange]:
        with self.lock:
            return [exchange for exchange in self.exchanges if exchange.method == "POST"]


@contextlib.contextmanager
def peer(act: Act) -> Iterator[Peer]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            if self.headers.get("transfer-encoding") == "chunked":
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
            headers = {name.lower(): value for name, value in self.headers.items()}
            exchange = Exchange(self, self.command, self.path, headers, body)
            if self.path == "/health/ready":
                state.act(exchange) if getattr(state.act, "answers_health", False) else exchange.answer(503, {})
                return
            with state.lock:
                state.exchanges.append(exchange)
            with contextlib.suppress(OSError):
                state.act(exchange)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = handle_any  # noqa: N815 - the library's names

        def log_message(self, *_args: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state = Peer(server.server_address[1], act)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
