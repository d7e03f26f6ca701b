"""Tokens on behalf of people, from an issuer over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from tests.servers.starting import free_port

from octavo_core.errors import Forbidden, Misconfigured, Unavailable
from octavo_core.identity import ServiceTokens


class Exchange:
    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.status, self.expires_in = 200, 300.0
        self.problem: dict[str, Any] = {"success": False, "error": "not_found"}
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(await request.json())
        body = {"access_token": f"t{len(self.asked)}", "expires_in": self.expires_in}
        return web.json_response(body if self.status == 200 else self.problem, status=self.status)


@pytest.fixture
async def exchange() -> AsyncIterator[Exchange]:
    scripted, app, port = Exchange(), web.Application(), free_port()
    app.router.add_post("/api/auth/service-token", scripted.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    scripted.url = f"http://127.0.0.1:{port}/api/auth/service-token"
    yield scripted
    await runner.cleanup()


def tokens(url: str) -> ServiceTokens:
    return ServiceTokens(url, client_id="stories", client_secret="of-the-service")


async def test_a_token_is_of_one_person_and_kept_while_it_lives(exchange: Exchange) -> None:
    mine = tokens(exchange.url)
    assert [await mine.on_behalf_of(user) for user in ("ana", "eva", "ana")] == ["t1", "t2", "t1"]
    assert exchange.asked[0] == {"client_id": "stories", "client_secret": "of-the-service", "on_behalf_of": "ana"}


async def test_one_that_is_about_to_expire_is_not_used(exchange: Exchange) -> None:
    exchange.expires_in = 59.0
    mine = tokens(exchange.url)
    assert [await mine.on_behalf_of("ana") for _ in range(2)] == ["t1", "t2"]


@pytest.mark.parametrize(
    ("status", "kind"), [(401, Misconfigured), (422, Misconfigured), (404, Forbidden), (429, Unavailable), (503, Unavailable)]
)
async def test_refusals_tell_no_secret(exchange: Exchange, status: int, kind: type[Exception]) -> None:
    exchange.status = status
    with pytest.raises(kind) as told:
        await tokens(exchange.url).on_behalf_of("ana")
    assert "of-the-service" not in str(told.value)


async def test_a_service_has_one_token_of_its_own_beside_those_of_people(exchange: Exchange) -> None:
    mine = tokens(exchange.url)
    assert await asyncio.gather(mine.token(), mine.token(), mine.on_behalf_of("ana")) == ["t1", "t1", "t2"]
    assert [sorted(asked) for asked in exchange.asked] == [["client_id", "client_secret"], ["client_id", "client_secret", "on_behalf_of"]]


async def test_a_wrong_address_is_not_taken_for_a_person_who_has_gone(exchange: Exchange) -> None:
    exchange.status, exchange.problem = 404, {"detail": "Not Found"}
    with pytest.raises(Misconfigured, match="address"):
        await tokens(exchange.url).on_behalf_of("ana")
    exchange.problem = {"error": "not_found"}
    with pytest.raises(Misconfigured, match="address"):
        await tokens(exchange.url).token()


async def test_nobody_there() -> None:
    with pytest.raises(Unavailable):
        await tokens(f"http://127.0.0.1:{free_port()}/x").on_behalf_of("ana")
