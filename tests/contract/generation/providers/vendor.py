"""A vendor's API for tests: a real server that answers each path as it is told to, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web
from PIL import Image

from octavo_core.spec import ProviderType
from octavo_generation.providers.opening import Opening
from octavo_generation.providers.profile import profile_of

DEADLINE_S = 10.0


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """`body` that is not bytes goes as JSON. `hangs`: nothing comes until the server stops."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False


class Vendor:
    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._replies: dict[tuple[str, str], list[Reply | Callable[[Asked], Reply]]] = {}
        self._arrived = asyncio.Condition()
        self._stopping = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self.url = ""

    def on(self, method: str, path: str, *replies: Reply | Callable[[Asked], Reply]) -> None:
        """One after the other; the last for all that follow."""
        self._replies[method, path] = list(replies)

    def at(self, path: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.path == path]

    async def until_asked(self, path: str, times: int = 1) -> None:
        async with asyncio.timeout(DEADLINE_S), self._arrived:
            await self._arrived.wait_for(lambda: len(self.at(path)) >= times)

    async def start(self) -> None:
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def stop(self) -> None:
        """From now on connections are refused."""
        self._stopping.set()
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Asked(request.method, request.path, dict(request.query), headers, await request.read())
        async with self._arrived:
            self.asked.append(asked)
            self._arrived.notify_all()
        replies = self._replies.get((asked.method, asked.path))
        if replies is None:
            return web.json_response({"error": f"no {asked.method} {asked.path} here"}, status=404)
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        reply = reply if isinstance(reply, Reply) else reply(asked)
        if reply.hangs:
            await self._stopping.wait()
        raw = reply.body if isinstance(reply.body, bytes) else orjson.dumps(reply.body)
        plain = {"content-type": "application/octet-stream" if isinstance(reply.body, bytes) else "application/json"}
        return web.Response(body=raw, status=reply.status, headers={**plain, **reply.headers})


@contextlib.asynccontextmanager
async def vendor() -> AsyncIterator[Vendor]:
    started = Vendor()
    await started.start()
    try:
        yield started
    finally:
        await started.stop()


def opening(kind: ProviderType, url: str, *, model: str | None = None, api_key: str | None = None, timeout_s: float = 10.0) -> Opening:
    """As the registry makes it, for the provider `art`."""
    profile = profile_of(kind)
    name = model or profile.default_model or ""
    return Opening(
        name="art",
        type=kind,
        model=name,
        profile=profile.model(name),
        base_url=url,
        api_version=None,
        api_key=api_key,
        timeout_s=timeout_s,
        max_connections=5,
    )


def png(colour: str = "teal", side: int = 16) -> bytes:
    """A real picture, another one for each colour."""
    encoded = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(encoded, "PNG")
    return encoded.getvalue()


class Told:
    """Remembers stages."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, float | None]] = []

    def __call__(self, stage: str, far: float | None) -> None:
        self.stages.append((stage, far))
