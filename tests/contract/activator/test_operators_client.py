"""The operator's client against the real activator: the protocol between two packages that do not know each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import httpx
import orjson
import pytest
from tests.servers.activator_process import FORWARDING_KEY, TOKEN, Activator, activator_process
from tests.servers.generators import text_generator
from tests.servers.starting import free_port

from octavo_core.errors import Misconfigured
from octavo_operator.activator import Activator as OperatorsActivator
from octavo_operator.activator import ActivatorClient, Route
from octavo_operator.resource import Key

KEY = Key("default", "tales")


@pytest.fixture
async def made(tmp_path: Path) -> AsyncIterator[Activator]:
    with activator_process(tmp_path, {"OCTAVO_ADDRESSES": '["10.9.8.7"]'}) as started:
        await asyncio.to_thread(started.start)
        yield started


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


def route(port: int, phase: str = "asleep") -> Route:
    resource = orjson.dumps(text_generator("tales", "http://127.0.0.1:9/v1", jobs={"maxQueued": 5}))
    return Route(KEY, port, phase, "pulling image", ("10.0.0.1:8000",), FORWARDING_KEY, resource)  # type: ignore[arg-type]


def client_of(made: Activator, session: aiohttp.ClientSession, token: str = TOKEN) -> ActivatorClient:
    return ActivatorClient(session, f"http://127.0.0.1:{made.port}", token)


async def test_routes_are_taken_and_who_waits_is_told(made: Activator, session: aiohttp.ClientSession) -> None:
    client, port = client_of(made, session), free_port()
    assert await client.put_routes(orjson.dumps([route(port).as_json()]), "abc123") == {}
    async with session.post(
        f"http://127.0.0.1:{port}/api/v1/generate", json={"prompt": "x"}, headers={"prefer": "respond-async"}
    ) as answer:
        assert answer.status == 202
    told = await client.waiting()
    assert told.waiting[KEY].jobs == 1
    assert told.digests == ("abc123",)
    assert told.addresses == ("10.9.8.7",)


async def test_a_route_that_is_refused_is_told_with_its_reason(made: Activator, session: aiohttp.ClientSession) -> None:
    refused = await client_of(made, session).put_routes(orjson.dumps([route(80).as_json()]), "abc")
    assert "port 80 is not in" in refused[KEY]


async def test_a_wrong_token_is_told_apart(made: Activator, session: aiohttp.ClientSession) -> None:
    with pytest.raises(Misconfigured, match="OCTAVO_ACTIVATOR_TOKEN"):
        await client_of(made, session, "x" * 30).waiting()


async def test_the_operator_tells_an_activator_that_began_anew(made: Activator, session: aiohttp.ClientSession) -> None:
    called: list[Key] = []
    operators = OperatorsActivator(client_of(made, session), called.append, waiting_s=0.05, routes_s=60)
    port = free_port()
    operators.set_route(route(port))
    talking = asyncio.create_task(operators.run())
    try:
        await until(lambda: operators.knows(KEY) and operators.available)
        assert operators.addresses == ("10.9.8.7",)
        await asyncio.to_thread(made.process.kill)
        await asyncio.to_thread(made.start)
        await until(lambda: made.client.get("/waiting").headers["x-octavo-routes"] != "")
        with httpx.Client(trust_env=False) as caller:
            answer = await asyncio.to_thread(caller.post, f"http://127.0.0.1:{port}/api/v1/generate", json={"prompt": "x"})
        assert answer.status_code == 202
        await until(lambda: KEY in called and operators.waiting(KEY).jobs == 1)
    finally:
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)


async def until(check: Callable[[], bool], deadline_s: float = 20.0) -> None:
    async with asyncio.timeout(deadline_s):
        while not check():
            await asyncio.sleep(0.02)
