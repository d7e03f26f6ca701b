"""Somebody's own server, which gets webhooks and mails, and answers as a test says."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(frozen=True)
class Call:
    path: str
    headers: dict[str, str]
    body: str


@dataclass
class Receiver:
    port: int = 0
    calls: list[Call] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    """Statuses of the next calls; 200 when it is empty."""
    location: str | None = None
    token: str = "t" * 40
    """Given at `/api/auth/service-token`, which is no call that is counted."""

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def handle(self, request: web.Request) -> web.Response:
        if request.path == "/api/auth/service-token":
            return web.json_response({"access_token": self.token, "expires_in": 300})
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.calls.append(Call(request.path, headers, await request.text()))
        status = self.answers.pop(0) if self.answers else 200
        return web.Response(status=status, headers={} if self.location is None else {"location": self.location})


@contextlib.asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    opened = Receiver()
    application = web.Application()
    application.router.add_route("*", "/{rest:.*}", opened.handle)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    opened.port = runner.addresses[0][1]
    yield opened
    await runner.cleanup()
