"""A database that goes away and comes back: a clear refusal meanwhile, within the bound, and no restart of ours."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Awaitable
from pathlib import Path

import pytest
from tests.servers.mongodb import MongoServer
from tests.unit.jobs.making import eventually

from octavo_core.clock import SystemClock
from octavo_core.errors import Misconfigured, Unavailable
from octavo_documents import Collection, Document, DocumentStore, Query, open_documents

FOXES = Collection("foxes")


async def answers(store: DocumentStore) -> bool:
    try:
        return await store.get(FOXES, "f-1", owner="ana") is not None
    except Unavailable:
        return False


async def refused(store: DocumentStore, seen: Document, *more: Awaitable[object]) -> None:
    """Every call, each within seconds and with the same word."""
    began = time.monotonic()
    answers = await asyncio.gather(
        store.insert(FOXES, "f-2", owner="ana", body={}),
        store.replace(FOXES, seen, {"n": 2}),
        store.remove_all_of([FOXES], "ana"),
        *more,
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers] == [Unavailable] * len(answers)
    assert all(isinstance(answer, Unavailable) and answer.retry_after and "127.0.0.1" not in answer.message for answer in answers)
    assert time.monotonic() - began < 20


@pytest.mark.needs("mongodb")
async def test_mongodb_away_and_back(own_mongodb: MongoServer) -> None:
    store = open_documents(own_mongodb.url("away"), SystemClock(), timeout_s=2.0)
    made = await store.insert(FOXES, "f-1", owner="ana", body={"n": 1})
    own_mongodb.stop()
    await refused(store, made, store.page(FOXES, Query("ana")), store.ping())
    own_mongodb.start()
    await eventually(lambda: answers(store), what="the store answers again", deadline_s=30)
    assert (await store.replace(FOXES, made, {"n": 2})) is not None
    await store.close()


async def test_a_server_that_was_never_there_is_found_when_it_comes(tmp_path: Path) -> None:
    store = open_documents("mongodb://127.0.0.1:9/none", SystemClock(), timeout_s=0.5)
    with pytest.raises(Unavailable):
        await store.ping()
    await store.close()


async def test_sqlite_locked_by_another_and_free_again(tmp_path: Path) -> None:
    file = tmp_path / "documents.db"
    store = open_documents(f"sqlite:///{file}", SystemClock(), timeout_s=0.5)
    made = await store.insert(FOXES, "f-1", owner="ana", body={"n": 1})
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    await refused(store, made)
    assert await store.get(FOXES, "f-1", owner="ana") == made
    other.execute("ROLLBACK")
    other.close()
    assert (await store.replace(FOXES, made, {"n": 2})) is not None
    await store.close()


async def test_sqlite_whose_folder_cannot_be_used_and_can_again(tmp_path: Path) -> None:
    blocked = tmp_path / "data"
    blocked.write_text("a file where the folder should be")
    store = open_documents(f"sqlite:///{blocked}/documents.db", SystemClock(), timeout_s=0.5)
    with pytest.raises(Unavailable):
        await store.insert(FOXES, "f-1", owner="ana", body={})
    blocked.unlink()
    await store.insert(FOXES, "f-1", owner="ana", body={})
    await store.close()


async def test_two_processes_may_share_a_sqlite_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/documents.db"
    one, two = (open_documents(url, SystemClock()) for _ in range(2))
    made = await one.insert(FOXES, "f-1", owner="ana", body={"n": 1})
    assert await two.get(FOXES, "f-1", owner="ana") == made
    assert await two.replace(FOXES, made, {"n": 2}) is not None
    assert await one.replace(FOXES, made, {"n": 3}) is None
    await one.close()
    await two.close()


@pytest.mark.parametrize("url", ["mysql://u:secret@h/d", "sqlite:///", "sqlite:///:memory:", "documents.db", ""])
def test_other_urls_are_refused_without_repeating_them(url: str) -> None:
    with pytest.raises(Misconfigured) as told:
        open_documents(url, SystemClock())
    assert "secret" not in str(told.value)
