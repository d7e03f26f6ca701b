"""One fixture, three servers: each test of the contract runs against all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.servers.databases import BACKENDS, new_database

from octavo_auth.adapters.store import AuthStore, open_auth_store


@pytest.fixture(params=BACKENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AuthStore]:
    async with new_database(request, tmp_path) as url:
        opened = open_auth_store(url)
        await opened.migrate()
        yield opened
        await opened.close()
