"""One fixture, three servers: each test of the contract runs against all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.servers.databases import BACKENDS, new_database

from octavo_core.clock import ManualClock
from octavo_generation.store import GenerationStore, open_generation_store


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=BACKENDS)
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """A new, empty database."""
    async with new_database(request, tmp_path) as url:
        yield url


@pytest.fixture
async def store(database_url: str, clock: ManualClock) -> AsyncIterator[GenerationStore]:
    opened = open_generation_store(database_url, clock)
    await opened.migrate()
    yield opened
    await opened.close()
    await asyncio.sleep(0)
