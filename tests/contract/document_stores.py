"""Every adapter of the document store, on its real server, for the suites that stand on it. A test that asks for `documents` runs against
all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.servers.mongodb import MongoServer

from octavo_core.clock import ManualClock
from octavo_core.ids import generate_uuid
from octavo_documents import DocumentStore, open_documents

STORES = ["sqlite", pytest.param("mongodb", marks=pytest.mark.needs("mongodb"))]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=STORES)
async def documents(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> AsyncIterator[DocumentStore]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/documents.db"
    else:
        server: MongoServer = request.getfixturevalue("mongodb_session")
        url = server.url("t" + generate_uuid().replace("-", ""))
    store = open_documents(url, clock, timeout_s=15.0)
    yield store
    await store.close()
