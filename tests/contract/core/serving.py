"""Small real servers for the tests of core: an ASGI application under uvicorn, an issuer of keys, a collector of spans."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import uvicorn
from aiohttp import web
from starlette.types import ASGIApp
from tests.servers.starting import free_port
from tests.unit.jobs.making import eventually


@contextlib.asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[int]:
    """The port on 127.0.0.1."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    await eventually(lambda: server.started, what="uvicorn answers")
    yield port
    server.should_exit = True
    await serving


class Issuer:
    """A JWKS endpoint whose keys, temper and speed a test sets."""

    def __init__(self) -> None:
        self.body: Any = {"keys": []}
        self.status = 200
        self.delay_s = 0.0
        self.asked = 0
        self.url = ""
        self.description: Any = None
        """The discovery document; None: a right one."""

    @property
    def issuer(self) -> str:
        return self.url.removesuffix("/jwks.json") + "/realms/tales"

    async def describe(self, _request: web.Request) -> web.Response:
        right = {"issuer": self.issuer, "jwks_uri": self.url}
        return web.json_response(right if self.description is None else self.description)

    async def answer(self, _request: web.Request) -> web.Response:
        self.asked += 1
        await asyncio.sleep(self.delay_s)  # on purpose: an issuer as slow as the test wants it
        if isinstance(self.body, str):
            return web.Response(text=self.body, status=self.status)
        return web.json_response(self.body, status=self.status)


@contextlib.asynccontextmanager
async def issuing(issuer: Issuer) -> AsyncIterator[Issuer]:
    app, port = web.Application(), free_port()
    app.router.add_get("/jwks.json", issuer.answer)
    app.router.add_get("/realms/tales/.well-known/openid-configuration", issuer.describe)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    issuer.url = f"http://127.0.0.1:{port}/jwks.json"
    yield issuer
    await runner.cleanup()


@contextlib.contextmanager
def collecting(posts: list[tuple[str, bytes]]) -> Iterator[int]:
    """An OTLP/HTTP collector that writes down what is posted to it."""

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posts.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()
