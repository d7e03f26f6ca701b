"""One fixture, three servers: each test of the contract runs against all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.servers.databases import BACKENDS, migrated_database

from octavo_auth.adapters.store import AuthStore, open_auth_store
from octavo_auth.adapters.store.schema import metadata


@pytest.fixture(params=BACKENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AuthStore]:
    async def migrate(url: str) -> None:
        made = open_auth_store(url)
        await made.migrate()
        await made.close()

    opened = open_auth_store(await migrated_database(request, tmp_path, tables=metadata, migrate=migrate))
    yield opened
    await opened.close()
