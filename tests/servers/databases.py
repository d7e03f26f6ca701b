"""Databases on each kind of server, for contracts that hold on all of them."""

from __future__ import annotations

import contextlib
import shutil
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

BACKENDS = [
    pytest.param("sqlite"),
    pytest.param("postgresql", marks=pytest.mark.needs("postgresql")),
    pytest.param("mariadb", marks=pytest.mark.needs("mariadb")),
]
_DRIVERS = {"postgresql": "postgresql+asyncpg", "mysql": "mysql+aiomysql"}

_migrated: dict[tuple[str, str], str] = {}
"""By server and kind of store: the URL of the session's database with its schema, or for SQLite of the file to copy."""


@contextlib.asynccontextmanager
async def new_database(request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[str]:
    """The URL of a new, empty one, which goes with the block. `request` is that of a fixture with `params=BACKENDS`."""
    if request.param == "sqlite":
        yield f"sqlite:///{folder}/jobs.db"
        return
    name = f"jobs_{uuid.uuid4().hex[:12]}"
    yield await _create(request, name)
    engine = _engine(_admin(request))
    async with engine.connect() as connection:
        await connection.execute(sa.text(f"DROP DATABASE {name}"))
    await engine.dispose()


async def migrated_database(
    request: pytest.FixtureRequest, folder: Path, *, tables: sa.MetaData, migrate: Callable[[str], Awaitable[None]]
) -> str:
    """The URL of one that has the schema of `tables` and no rows. The schema is made once in a session, by `migrate`: a test that is about
    what stands in the tables need not wait for it. On a server it is one database, emptied before each test."""
    key = (request.param, " ".join(table.name for table in tables.sorted_tables))
    if key not in _migrated:
        if request.param == "sqlite":
            made: Path = request.getfixturevalue("tmp_path_factory").mktemp("schema")
            url = f"sqlite:///{made}/jobs.db"
        else:
            url = await _create(request, f"schema_{uuid.uuid4().hex[:12]}")
        await migrate(url)
        _migrated[key] = url
    url = _migrated[key]
    if request.param == "sqlite":
        shutil.copy(url.removeprefix("sqlite:///"), folder / "jobs.db")
        return f"sqlite:///{folder}/jobs.db"
    engine = _engine(url)
    async with engine.connect() as connection:
        for table in reversed(tables.sorted_tables):
            await connection.execute(sa.delete(table))
    await engine.dispose()
    return url


async def _create(request: pytest.FixtureRequest, name: str) -> str:
    engine = _engine(_admin(request))
    async with engine.connect() as connection:
        await connection.execute(sa.text(f"CREATE DATABASE {name}"))
    await engine.dispose()
    return f"{request.getfixturevalue(f'{request.param}_url')}/{name}"


def _admin(request: pytest.FixtureRequest) -> str:
    server: str = request.getfixturevalue(f"{request.param}_url")
    return f"{server}/postgres" if request.param == "postgresql" else server


def _engine(url: str) -> AsyncEngine:
    parsed = sa.make_url(url)
    return create_async_engine(parsed.set(drivername=_DRIVERS[parsed.drivername]), isolation_level="AUTOCOMMIT")
