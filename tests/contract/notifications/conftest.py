"""One fixture, three servers: each test of the contract runs against all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.servers.databases import BACKENDS, new_database

from octavo_core.clock import ManualClock
from octavo_notifications.store import NotificationStore, open_notification_store


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=BACKENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> AsyncIterator[NotificationStore]:
    async with new_database(request, tmp_path) as url:
        opened = open_notification_store(url, clock)
        await asyncio.gather(opened.migrate(), opened.migrate())
        yield opened
        await opened.close()
        await asyncio.sleep(0)
