from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.integration.generation.policy.house import House, a_house

from octavo_core.clock import ManualClock
from octavo_generation.policy.ledger import SqlSpendLedger
from octavo_generation.store import open_generation_store


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def ledger(tmp_path: Path, clock: ManualClock) -> AsyncIterator[SqlSpendLedger]:
    store = open_generation_store(f"sqlite:///{tmp_path}/jobs.db", clock)
    await store.migrate()
    yield SqlSpendLedger(store)
    await store.close()


@pytest.fixture
async def house(ledger: SqlSpendLedger) -> AsyncIterator[House]:
    """Closed before the ledger, which it settles with."""
    async with a_house() as opened:
        yield opened
