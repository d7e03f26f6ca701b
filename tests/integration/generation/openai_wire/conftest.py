from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.integration.generation.openai_wire.house import House, open_house
from tests.servers.redis import RedisServer


@pytest.fixture
async def house(redis_server: RedisServer, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(redis_server.url, tmp_path) as opened:
        yield opened
