from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.notifications.house import Ear, House
from tests.servers import jwks
from tests.servers.redis import RedisServer

from octavo_jobs import transport
from octavo_notifications.sockets import service

Build = Callable[..., Awaitable[House]]
Listen = Callable[..., Awaitable[Ear]]


@pytest.fixture(autouse=True)
def _brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A house closes when its bell's blocking read ends: a second, for each of fifty tests. A job that is not there is waited for."""
    monkeypatch.setattr(transport, "BLOCK_S", 0.1)
    monkeypatch.setattr(service, "KNOWN_WITHIN_S", 1.0)


@pytest.fixture(scope="session")
def issuer() -> Iterator[jwks.Issuer]:
    with jwks.issuer() as opened:
        yield opened


@pytest.fixture
async def build(redis_server: RedisServer, tmp_path: Path, issuer: jwks.Issuer) -> AsyncIterator[Build]:
    """Houses with settings of the test's own, on one Redis and one database."""
    opened: list[House] = []

    async def open_house(*, with_tokens: bool = True, redis_url: str = redis_server.url, **settings: Any) -> House:
        house = House(redis_url, f"sqlite:///{tmp_path}/jobs.db", tmp_path, issuer if with_tokens else None, **settings)
        await house.open()
        opened.append(house)
        return house

    yield open_house
    for house in opened:
        await house.close()


@pytest.fixture
async def house(build: Build) -> House:
    return await build()


@pytest.fixture
async def listen() -> AsyncIterator[Listen]:
    """Ears that are closed in the end."""
    ears: list[Ear] = []

    async def open_ear(house: House, token: str | None = None, *, reconnects: bool = False, **named: Any) -> Ear:
        ear = Ear(house.url, reconnects=reconnects)
        ears.append(ear)
        return await ear.open(token, **named)

    yield open_ear
    for ear in ears:
        await ear.close()
