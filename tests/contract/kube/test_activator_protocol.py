"""The operator's client against the activator itself: a route is taken, a caller who comes is heard of."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import orjson
import pytest
from tests.servers.starting import accepts_connections, free_port, running, wait_until

from octavo_core.errors import Misconfigured
from octavo_operator.activator import ActivatorClient, Route, Waiting
from octavo_operator.resource import Key

TOKEN = "a-token-that-both-have-got"
KEY = Key("prod", "tales")
RESOURCE = {
    "apiVersion": "octavo.dev/v1alpha1",
    "kind": "GeneratorService",
    "metadata": {"name": "tales"},
    "spec": {"task": "story", "engine": {"name": "ctranslate2", "model": "builtin://tiny-stories"}},
}


@pytest.fixture
def activator(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """Its address, and a port that it may be told to listen on."""
    port, door = free_port(), free_port()
    environment = {
        "OCTAVO_HOST": "127.0.0.1",
        "OCTAVO_PORT": str(port),
        "OCTAVO_HOME": str(tmp_path / "home"),
        "OCTAVO_ACTIVATOR_TOKEN": TOKEN,
        "OCTAVO_PORTS": f"{door}-{door}",
    }
    argv = ["env", *(f"{name}={value}" for name, value in environment.items()), sys.executable, "-m", "octavo_activator"]
    with running(argv, log=tmp_path / "log"):
        wait_until(lambda: accepts_connections(port), what="the activator listens")
        yield f"http://127.0.0.1:{port}", door


async def test_a_route_is_taken_and_a_caller_is_heard_of(activator: tuple[str, int]) -> None:
    url, door = activator
    async with aiohttp.ClientSession() as session:
        client = ActivatorClient(session, url, TOKEN)
        told = Route(KEY, door, "asleep", "", (), "k" * 40, orjson.dumps(RESOURCE))
        stranger = Route(Key("prod", "other"), door + 1, "asleep", "", (), "k" * 40, orjson.dumps(RESOURCE))
        refused = await client.put_routes(orjson.dumps([told.as_json(), stranger.as_json()]), "digest")
        assert list(refused) == [stranger.key]
        assert (await client.waiting()).waiting == {}
        posted = await session.post(
            f"http://127.0.0.1:{door}/api/v1/generate", json={"prompt": "a fox"}, headers={"prefer": "respond-async"}
        )
        assert posted.status == 202
        async with asyncio.timeout(10):
            while not (heard := (await client.waiting()).waiting):
                await asyncio.sleep(0.05)
        assert heard == {KEY: Waiting(1, 0)}


async def test_another_token_is_refused(activator: tuple[str, int]) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(Misconfigured):
            await ActivatorClient(session, activator[0], "another-token-altogether").waiting()
