from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.integration.jobs.house import House
from tests.servers.redis import RedisServer


@pytest.fixture
async def house(redis_server: RedisServer, tmp_path: Path) -> AsyncIterator[House]:
    opened = House(redis_server.url, tmp_path)
    await opened.open()
    yield opened
    await opened.close()
