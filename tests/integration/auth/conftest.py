"""A house for each test: SQLite in its folder, the session's Redis, emptied."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pymysql
import pytest
import sqlalchemy as sa
from tests.integration.auth.house import House, open_house, settings_for
from tests.servers.redis import RedisServer


@pytest.fixture(autouse=True)
def _quick_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A house is closed after each test, and its end waits for as long as its consumers block at a stretch: a second, in use."""
    monkeypatch.setattr("octavo_jobs.transport.BLOCK_S", 0.05)


@pytest.fixture
async def house(tmp_path: Path, redis_server: RedisServer) -> AsyncIterator[House]:
    async with open_house(settings_for(tmp_path, redis_server.url)) as found:
        yield found


@pytest.fixture
async def patient_house(tmp_path: Path, redis_server: RedisServer) -> AsyncIterator[House]:
    """One that takes many tries, where throttling is not what is tested."""
    async with open_house(settings_for(tmp_path, redis_server.url, throttle_scale=1_000)) as found:
        yield found


@pytest.fixture
def mariadb_database(mariadb_url: str) -> Iterator[str]:
    """The name of a new, empty database there."""
    name = f"auth_{uuid.uuid4().hex[:12]}"
    server = sa.make_url(mariadb_url)
    given = {"host": str(server.host), "port": server.port or 3_306, "user": str(server.username), "password": str(server.password)}
    with pymysql.connect(**given) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    yield name
    with pymysql.connect(**given) as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name}")
