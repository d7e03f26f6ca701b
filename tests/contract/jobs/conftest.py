"""One fixture, three servers: each test of the contract runs against all of them."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from octavo_core.clock import ManualClock
from octavo_jobs.store import JobStore, open_store

BACKENDS = [
    pytest.param("sqlite"),
    pytest.param("postgresql", marks=pytest.mark.needs("postgresql")),
    pytest.param("mariadb", marks=pytest.mark.needs("mariadb")),
]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=BACKENDS)
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """A new, empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/jobs.db"
        return
    server = request.getfixturevalue(f"{request.param}_url")
    name = f"jobs_{uuid.uuid4().hex[:12]}"
    admin = sa.make_url(server)
    if request.param == "postgresql":
        admin = admin.set(drivername="postgresql+asyncpg", database="postgres")
    else:
        admin = admin.set(drivername="mysql+aiomysql")
    engine = create_async_engine(admin, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield f"{server}/{name}"
    async with engine.connect() as connection:
        await connection.execute(sa.text(f"DROP DATABASE {name}"))
    await engine.dispose()


@pytest.fixture
async def store(database_url: str, clock: ManualClock) -> AsyncIterator[JobStore]:
    opened = open_store(database_url, clock)
    await opened.migrate()
    yield opened
    await opened.close()
    await asyncio.sleep(0)
