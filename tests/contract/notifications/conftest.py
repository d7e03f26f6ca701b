"""One fixture, three servers: each test of the contract runs against all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.servers.databases import BACKENDS, migrated_database

from octavo_core.clock import ManualClock
from octavo_notifications.store import NotificationStore, open_notification_store
from octavo_notifications.store.schema import metadata


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=BACKENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> AsyncIterator[NotificationStore]:
    async def migrate(url: str) -> None:
        made = open_notification_store(url, clock)
        await asyncio.gather(made.migrate(), made.migrate())
        await made.close()

    opened = open_notification_store(await migrated_database(request, tmp_path, tables=metadata, migrate=migrate), clock)
    yield opened
    await opened.close()
    await asyncio.sleep(0)
