"""A small web of this machine: a server outside, at 127.0.0.1, and one inside, at 127.0.0.2, that nobody may reach from outside."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import io
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from ipaddress import ip_network

from aiohttp import web
from PIL import Image

from octavo_generation.uploads.limits import FetchLimits

OUTSIDE, INSIDE = "127.0.0.1", "127.0.0.2"


def png(size: tuple[int, int] = (12, 7)) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, "red").save(written, "PNG")
    return written.getvalue()


PICTURE = png()
BOMB = gzip.compress(bytes(64 * 1_048_576), 9)


@dataclass
class Web:
    port: int = 0
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    """(path, Host, headers), as the outside server got them."""
    inside: list[str] = field(default_factory=list)
    """Paths that the inside server was asked for."""
    redirects: dict[str, str] = field(default_factory=dict)
    """What `/to/NAME` leads to."""
    sent: int = 0
    """Bytes of the endless body that were taken."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, path: str, host: str = OUTSIDE) -> str:
        return f"http://{host}:{self.port}{path}"

    def limits(self, **more: object) -> FetchLimits:
        settings: dict[str, object] = {"ports": frozenset({self.port}), "networks": (ip_network(f"{OUTSIDE}/32"),), **more}
        return FetchLimits(**settings)  # type: ignore[arg-type]


class Resolver:
    """Names to addresses, each answer once in its turn, the last one for good."""

    def __init__(self, **names: list[list[str]]) -> None:
        self._names = {name.replace("_", "."): answers for name, answers in names.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        answers = self._names.get(host)
        if answers is None:
            raise OSError("no such name")
        return answers.pop(0) if len(answers) > 1 else answers[0]


@contextlib.asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None) -> AsyncIterator[Web]:
    state = Web()

    async def answer(request: web.Request) -> web.StreamResponse:
        state.requests.append((request.path, request.host, dict(request.headers)))
        match request.path.split("/")[1:]:
            case ["to", name]:
                return web.Response(status=302, headers={"Location": state.redirects[name], "Set-Cookie": "id=1; Path=/"}, body=b"x" * 100)
            case ["around", count]:
                return web.Response(status=307, headers={"Location": f"/around/{int(count) + 1}"})
            case ["status", code]:
                return web.Response(status=int(code))
            case ["picture", kind]:
                return web.Response(body=PICTURE, headers={"Content-Type": kind.replace("_", "/")})
            case ["page"]:
                return web.Response(body=b"<html>", headers={"Content-Type": "image/png"})
            case ["gzip", what]:
                body = {"bomb": BOMB, "picture": gzip.compress(PICTURE), "cut": gzip.compress(PICTURE)[:-9], "none": PICTURE}[what]
                return web.Response(body=body, headers={"Content-Encoding": "gzip"})
            case ["brotli"]:
                return web.Response(body=PICTURE, headers={"Content-Encoding": "br"})
            case ["endless"]:
                return await endless(request)
            case ["claims"]:
                return web.Response(body=bytes(5_000_000))
            case ["slow", what]:
                return await slow(request, what)
        return web.Response(status=404)

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while True:
                await response.write(bytes(65_536))
                state.sent += 65_536
        return response

    async def slow(request: web.Request, what: str) -> web.StreamResponse:
        response = web.StreamResponse()
        if what == "body":
            await response.prepare(request)
            await response.write(PICTURE[:10])
        await state.ended.wait()
        return response

    async def inside(request: web.Request) -> web.StreamResponse:
        state.inside.append(request.path)
        return web.Response(body=PICTURE)

    outside_runner, inside_runner = (web.AppRunner(application(handler), handler_cancellation=True) for handler in (answer, inside))
    await outside_runner.setup()
    await inside_runner.setup()
    try:
        site = web.TCPSite(outside_runner, OUTSIDE, 0, ssl_context=tls)
        await site.start()
        state.port = outside_runner.addresses[0][1]
        await web.TCPSite(inside_runner, INSIDE, state.port).start()
        yield state
    finally:
        state.ended.set()
        await outside_runner.cleanup()
        await inside_runner.cleanup()


def application(handler: object) -> web.Application:
    made = web.Application()
    made.router.add_route("*", "/{path:.*}", handler)  # type: ignore[arg-type]
    return made
