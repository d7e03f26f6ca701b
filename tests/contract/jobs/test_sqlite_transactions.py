"""Which thread a SQLite transaction runs on: a small one on the event loop, which is quicker for a lone job; a large one, or any on a
disk that is slow, on the writer thread, so that the loop never stands still for long."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.unit.jobs.making import eventually

from octavo_jobs.store.transactions import INLINE_MAX_S, INLINE_ROWS, SqliteTransactions


@pytest.fixture
async def transactions(tmp_path: Path) -> AsyncIterator[SqliteTransactions]:
    opened = SqliteTransactions(tmp_path / "jobs.db")
    await opened.write(lambda connection: connection.execute(sa.text("CREATE TABLE notes (text TEXT)")))
    yield opened
    await opened.close()


async def thread_of(transactions: SqliteTransactions, *, rows: int, takes_s: float = 0.0) -> str:
    """The kind of thread that a transaction of so many rows runs on: loop or writer."""

    def work(connection: sa.Connection) -> int:
        connection.execute(sa.text("INSERT INTO notes VALUES ('x')"))
        time.sleep(takes_s)  # on purpose: it stands in for a slow disk
        return threading.get_ident()

    ran_on = await transactions.write(work, rows=rows)
    return "loop" if ran_on == threading.get_ident() else "writer"


async def test_a_small_transaction_runs_on_the_loop(transactions: SqliteTransactions) -> None:
    async def on_loop() -> bool:
        return await thread_of(transactions, rows=1) == "loop"

    # The machine may be busy for a moment, which counts as a slow disk.
    await eventually(on_loop, what="a transaction on the loop")


async def test_a_large_one_runs_on_the_writer_thread(transactions: SqliteTransactions) -> None:
    assert await thread_of(transactions, rows=INLINE_ROWS + 1) == "writer"


async def test_a_slow_disk_sends_small_ones_to_the_writer_thread_and_is_tried_again_later(transactions: SqliteTransactions) -> None:
    async def on_writer() -> bool:
        return await thread_of(transactions, rows=1, takes_s=10 * INLINE_MAX_S) == "writer"

    async def on_loop() -> bool:
        return await thread_of(transactions, rows=1) == "loop"

    await eventually(on_writer, what="the loop gives up on a slow disk")
    await eventually(on_loop, what="the loop tries again")


async def test_nothing_is_lost_between_the_two_threads(transactions: SqliteTransactions) -> None:
    for number in range(60):
        await thread_of(transactions, rows=1 if number % 2 else INLINE_ROWS + 1)

    def count(connection: sa.Connection) -> int:
        return int(connection.execute(sa.text("SELECT count(*) FROM notes")).scalar_one())

    assert await transactions.read(count) == 60
