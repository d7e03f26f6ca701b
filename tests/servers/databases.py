"""A new, empty database on each kind of server, for contracts that hold on all of them."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

BACKENDS = [
    pytest.param("sqlite"),
    pytest.param("postgresql", marks=pytest.mark.needs("postgresql")),
    pytest.param("mariadb", marks=pytest.mark.needs("mariadb")),
]


@contextlib.asynccontextmanager
async def new_database(request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[str]:
    """Its URL. `request` is that of a fixture with `params=BACKENDS`."""
    if request.param == "sqlite":
        yield f"sqlite:///{folder}/jobs.db"
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
