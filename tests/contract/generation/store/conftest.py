"""One fixture, three servers: each test of the contract runs against all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.servers.databases import BACKENDS, migrated_database, new_database

from octavo_core.clock import ManualClock
from octavo_generation.store import GenerationStore, open_generation_store
from octavo_generation.store.schema import metadata


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=BACKENDS)
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """A new, empty database."""
    async with new_database(request, tmp_path) as url:
        yield url


@pytest.fixture(params=BACKENDS)
async def migrated_url(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> str:
    """Of a database with the schema, and no rows."""

    async def migrate(url: str) -> None:
        made = open_generation_store(url, clock)
        await made.migrate()
        await made.close()

    return await migrated_database(request, tmp_path, tables=metadata, migrate=migrate)


@pytest.fixture
async def store(migrated_url: str, clock: ManualClock) -> AsyncIterator[GenerationStore]:
    opened = open_generation_store(migrated_url, clock)
    yield opened
    await opened.close()
    await asyncio.sleep(0)
