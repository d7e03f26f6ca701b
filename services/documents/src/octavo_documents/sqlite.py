"""Documents in SQLite: a table for each collection, the body as JSON, an index on an expression for each declared member.

WAL, so that readers and the writer do not wait for each other; several processes may share the file. Each commit is synced. One thread
writes, two read, each with a connection of its own, which is thrown away after an error and opened again by the next call.

Names in statements are the collections' own (checked by `Collection`); every value is bound.
"""

# ruff: noqa: S608 - see above

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import orjson

from octavo_core.clock import Clock
from octavo_core.errors import InvalidInput, Unavailable
from octavo_documents.document import TIMES, Body, Collection, Document, Indexed, Scalar, indexed
from octavo_documents.port import AlreadyThere
from octavo_documents.query import Page, Plan, Query, checked_where, page_of, plan

Answer = TypeVar("Answer")
Row = tuple[str, str, int, int, int, str]

_COLUMNS = "id, owner, version, created_at, updated_at, body"
_AWAY = "the database of documents does not answer"


class SqliteDocuments:
    """See `port.DocumentStore`, whose contract this is."""

    def __init__(self, path: Path, clock: Clock, *, timeout_s: float = 5.0) -> None:
        self._path = path
        self._clock = clock
        self._timeout_s = timeout_s
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="documents-write")
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="documents-read")
        self._own = threading.local()
        self._open: set[sqlite3.Connection] = set()
        self._known: set[str] = set()
        """Collections whose table is there."""

    async def ping(self) -> None:
        await self._call(self._readers, lambda connection: connection.execute("SELECT 1").fetchone())

    async def close(self) -> None:
        for pool in (self._writer, self._readers):
            await asyncio.to_thread(pool.shutdown, cancel_futures=True)
        for connection in self._open:
            connection.close()
        self._open.clear()

    async def insert(self, collection: Collection, document_id: str, *, owner: str, body: Body) -> Document:
        kept, now = indexed(collection, body), self._clock.now_ms()

        def work(connection: sqlite3.Connection) -> Document:
            try:
                connection.execute(
                    f"INSERT INTO {_table(collection)} ({_COLUMNS}, filters, sorts, words) VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?)",
                    (document_id, owner, now, now, *_values(kept)),
                )
            except sqlite3.IntegrityError:
                raise AlreadyThere("there is a document with this id") from None
            return Document(document_id, owner, 1, now, now, body)

        return await self._write(collection, work)

    async def get(self, collection: Collection, document_id: str, *, owner: str | None) -> Document | None:
        where, values = _owned(owner)

        def work(connection: sqlite3.Connection) -> Document | None:
            row = connection.execute(f"SELECT {_COLUMNS} FROM {_table(collection)} WHERE id = ?{where}", (document_id, *values)).fetchone()
            return None if row is None else _document(row)

        return await self._read(collection, work)

    async def replace(self, collection: Collection, seen: Document, body: Body) -> Document | None:
        kept = indexed(collection, body)
        after = Document(seen.id, seen.owner, seen.version + 1, seen.created_at, max(self._clock.now_ms(), seen.updated_at), body)

        def work(connection: sqlite3.Connection) -> Document | None:
            done = connection.execute(
                f"UPDATE {_table(collection)} SET version = ?, updated_at = ?, body = ?, filters = ?, sorts = ?, words = ?"
                " WHERE id = ? AND version = ?",
                (after.version, after.updated_at, *_values(kept), seen.id, seen.version),
            )
            return after if done.rowcount == 1 else None

        return await self._write(collection, work)

    async def remove(self, collection: Collection, document_id: str, *, owner: str | None, version: int | None = None) -> bool:
        where, values = _owned(owner)
        if version is not None:
            where, values = f"{where} AND version = ?", (*values, version)

        def work(connection: sqlite3.Connection) -> bool:
            return connection.execute(f"DELETE FROM {_table(collection)} WHERE id = ?{where}", (document_id, *values)).rowcount == 1

        return await self._write(collection, work)

    async def page(self, collection: Collection, query: Query) -> Page:
        statement, values = _selection(collection, plan(collection, query))

        def work(connection: sqlite3.Connection) -> Page:
            rows = connection.execute(statement, values).fetchall()
            return page_of(query, [(_document(row[:6]), row[6]) for row in rows])

        return await self._read(collection, work)

    async def count(self, collection: Collection, *, owner: str | None, where: Mapping[str, Scalar] | None = None) -> int:
        condition, values = _conditions(owner, checked_where(collection, where or {}))

        def work(connection: sqlite3.Connection) -> int:
            return int(connection.execute(f"SELECT count(*) FROM {_table(collection)} WHERE {condition}", values).fetchone()[0])

        return await self._read(collection, work)

    async def remove_where(self, collection: Collection, *, owner: str | None, where: Mapping[str, Scalar]) -> int:
        if not where:
            raise InvalidInput("say which documents shall go")
        return await self._remove_many(collection, *_conditions(owner, checked_where(collection, where)))

    async def remove_all_of(self, collections: Sequence[Collection], owner: str) -> int:
        return sum([await self._remove_many(collection, "owner = ?", [owner]) for collection in collections])

    async def _remove_many(self, collection: Collection, condition: str, values: Sequence[str | int | float]) -> int:
        def work(connection: sqlite3.Connection) -> int:
            return connection.execute(f"DELETE FROM {_table(collection)} WHERE {condition}", values).rowcount

        return await self._write(collection, work)

    async def _write(self, collection: Collection, work: Callable[[sqlite3.Connection], Answer]) -> Answer:
        def committed(connection: sqlite3.Connection) -> Answer:
            self._ensure(connection, collection)
            connection.execute("BEGIN IMMEDIATE")
            try:
                answer = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise
            return answer

        return await self._call(self._writer, committed)

    async def _read(self, collection: Collection, work: Callable[[sqlite3.Connection], Answer]) -> Answer:
        if collection.name not in self._known:
            await self._call(self._writer, lambda connection: self._ensure(connection, collection))
        return await self._call(self._readers, work)

    def _ensure(self, connection: sqlite3.Connection, collection: Collection) -> None:
        if collection.name not in self._known:
            for statement in _schema(collection):
                connection.execute(statement)
            self._known.add(collection.name)

    async def _call(self, pool: ThreadPoolExecutor, work: Callable[[sqlite3.Connection], Answer]) -> Answer:
        deadline = time.monotonic() + self._timeout_s
        try:
            # Above the thread's own bound, for a disk that hangs.
            async with asyncio.timeout(self._timeout_s + 0.5):
                return await asyncio.get_running_loop().run_in_executor(pool, self._with_connection, work, deadline)
        except (TimeoutError, RuntimeError):
            # RuntimeError: the pool was shut down under the call.
            raise Unavailable(_AWAY, retry_after=2) from None

    def _with_connection(self, work: Callable[[sqlite3.Connection], Answer], deadline: float) -> Answer:
        """Waits for a locked file until the deadline and no longer: work whose caller was told "away" must not be done afterwards."""
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise Unavailable(_AWAY, retry_after=2)
        try:
            connection: sqlite3.Connection | None = getattr(self._own, "connection", None)
            if connection is None:
                connection = self._own.connection = self._connect()
            connection.execute(f"PRAGMA busy_timeout={round(left_s * 1000)}")
            return work(connection)
        except (sqlite3.Error, OSError) as error:
            self._forget()
            raise Unavailable(f"{_AWAY} ({type(error).__name__})", retry_after=2) from None

    def _connect(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # Closed by another thread at the end; used by its own until then.
        connection = sqlite3.connect(self._path, timeout=self._timeout_s, isolation_level=None, check_same_thread=False)
        self._open.add(connection)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    def _forget(self) -> None:
        connection: sqlite3.Connection | None = getattr(self._own, "connection", None)
        self._own.connection = None
        # Tables too: the file may have been put away and come back empty.
        self._known.clear()
        if connection is not None:
            self._open.discard(connection)
            with contextlib.suppress(sqlite3.Error):
                connection.close()


def _table(collection: Collection) -> str:
    return f"documents_{collection.name}"


def _schema(collection: Collection) -> list[str]:
    table = _table(collection)
    indexes = {
        "created_at": "owner, created_at, id",
        "updated_at": "owner, updated_at, id",
        **{f"by_{name}": f"owner, {_sort(name)}, id" for name in collection.sorts},
        **{f"of_{name}": f"{_filter(name)}, owner" for name in collection.filters},
        **{f"all_{one}_{order}": f"{_filter(one)}, {_order(order)}, id" for one, order in collection.listed},
    }
    return [
        f"CREATE TABLE IF NOT EXISTS {table} (id TEXT PRIMARY KEY, owner TEXT NOT NULL, version INTEGER NOT NULL,"
        " created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, body TEXT NOT NULL, filters TEXT NOT NULL, sorts TEXT NOT NULL,"
        " words TEXT NOT NULL) WITHOUT ROWID",
        *(f"CREATE INDEX IF NOT EXISTS ix_{table}_{name} ON {table} ({columns})" for name, columns in indexes.items()),
    ]


def _sort(name: str) -> str:
    return f"json_extract(sorts, '$.{name}')"


def _order(name: str) -> str:
    return name if name in TIMES else _sort(name)


def _filter(name: str) -> str:
    return f"json_extract(filters, '$.{name}')"


def _values(kept: Indexed) -> tuple[str, str, str, str]:
    return kept.body, orjson.dumps(kept.filters).decode(), orjson.dumps(kept.sorts).decode(), kept.words


def _document(row: Row) -> Document:
    return Document(row[0], row[1], row[2], row[3], row[4], orjson.loads(row[5]))


def _owned(owner: str | None) -> tuple[str, tuple[str | int, ...]]:
    return ("", ()) if owner is None else (" AND owner = ?", (owner,))


def _conditions(owner: str | None, where: Mapping[str, str]) -> tuple[str, list[str | int | float]]:
    parts, values = ["1"], list[str | int | float]()
    if owner is not None:
        parts.append("owner = ?")
        values.append(owner)
    for name, value in where.items():
        parts.append(f"{_filter(name)} = ?")
        values.append(value)
    return " AND ".join(parts), values


def _selection(collection: Collection, asked: Plan) -> tuple[str, list[str | int | float]]:
    condition, values = _conditions(asked.owner, asked.where)
    key = _sort(asked.sort) if asked.of_body else asked.sort
    for word in asked.words:
        condition += " AND instr(words, ?) > 0"
        values.append(word)
    if asked.after is not None:
        condition += f" AND ({key}, id) {'<' if asked.descending else '>'} (?, ?)"
        values.extend(asked.after)
    order = "DESC" if asked.descending else "ASC"
    statement = f"SELECT {_COLUMNS}, {key} FROM {_table(collection)} WHERE {condition} ORDER BY {key} {order}, id {order} LIMIT ?"
    return statement, [*values, asked.limit + 1]
