"""How a statement function gets its transaction: a writer thread for SQLite, a pool of connections for a server.

Both run `work(connection)` in a transaction that is committed before the answer comes back. Both turn "cannot be reached" and
"does not answer" into `Unavailable`, and repeat what the database itself asks to repeat (deadlock, lost race for a key).
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from octavo_core.errors import Unavailable

Answer = TypeVar("Answer")
Work = Callable[[Connection], Answer]

POOL_SIZE = 8
ANSWER_S = 10.0
"""How long a database server may take for a transaction, connecting included, until it counts as away."""
MIGRATE_S = 60.0
"""The same for a change of the schema, which others may be at too."""
_REPEATS = 8
_BUSY_DEADLINE_S = 15.0
_WAL_DEADLINE_S = 5.0
INLINE_MAX_S = 0.003
"""Where a small transaction takes longer than this on average, the disk is slow, and none is for the event loop."""
INLINE_ROWS = 8
"""A batch of more rows is not for the event loop on any disk."""
INLINE_HALF_LIFE_S = 1.0
_AWAY = ("08", "28", "3D", "53", "57", "58")
"""Classes of SQLSTATE in which PostgreSQL says so itself: connection, login, no such database, out of resources (too many
connections), operator intervention (starting up, shutting down, cancelled), system error."""


class Transactions(Protocol):
    async def write(self, work: Work[Answer], *, rows: int = INLINE_ROWS + 1, durable: bool = True, within_s: float = ANSWER_S) -> Answer:
        """`rows` is about how many it writes, where that is known to be few. `durable` false: a power cut may undo it (never a
        crash of a process), because nobody was told and it will be done again: a claim, a renewal, a mark. `within_s` bounds what a
        server takes; SQLite has bounds of its own."""
        ...

    async def read(self, work: Work[Answer], *, rows: int = INLINE_ROWS + 1) -> Answer:
        """`rows` is about how many it reads by their keys, where that is known to be few."""
        ...

    async def close(self) -> None: ...


@dataclass(slots=True)
class _Call:
    work: Work[Any]
    durable: bool
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    answer: Any = None
    error: BaseException | None = None


class SqliteTransactions:
    """One writer thread per process; calls that wait while it commits share the next transaction (and its fsync).

    Several processes write to one file: `BEGIN IMMEDIATE` takes the write lock at the start, and a busy file is asked again
    every millisecond, since SQLite's own wait grows to 100 ms. A crash at any point leaves the last committed state (WAL), and a
    power cut the last durable one: accepted jobs and their ends are synced, claims need not be, since nobody who held one lives on.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 0, "check_same_thread": False}, pool_size=4)
        sa.event.listen(self._engine, "connect", _prepare_sqlite)
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="sqlite-read")
        self._writer = threading.Thread(target=self._write_forever, name="sqlite-write", daemon=True)
        self._closed = False
        self._kept: Connection | None = None
        self._kept_durable: bool | None = None
        self._looking: Connection | None = None
        """The event loop's own connection for small reads."""
        self._writing = threading.Lock()
        """Held for a transaction, by the writer thread or by the event loop."""
        self._inline_s = 0.0
        """How long a transaction on the loop takes, as a moving average. It decays with time, so that a disk that was slow, or
        a machine that was busy, is tried again."""
        self._inline_at = 0.0
        self._writer.start()

    async def write(self, work: Work[Answer], *, rows: int = INLINE_ROWS + 1, durable: bool = True, within_s: float = ANSWER_S) -> Answer:
        if self._closed:
            raise Unavailable("the database of jobs is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        call = _Call(work, durable, loop, future)
        if rows > INLINE_ROWS or self._inline_mean_s(loop.time()) > INLINE_MAX_S or not self._commit_inline(call):
            self._calls.put(call)
        else:
            _settle([call])
        return await future

    async def read(self, work: Work[Answer], *, rows: int = INLINE_ROWS + 1) -> Answer:
        loop = asyncio.get_running_loop()
        if rows > INLINE_ROWS or self._inline_mean_s(loop.time()) > INLINE_MAX_S:
            return await loop.run_in_executor(self._readers, self._read, work)
        # A few rows by their keys, which nobody who writes holds up (WAL): less than waking a thread and being woken by it.
        with _translated():
            if self._looking is None:
                self._looking = self._engine.connect()
            try:
                answer = work(self._looking)
                self._looking.rollback()
            except BaseException:
                looking, self._looking = self._looking, None
                looking.close()
                raise
            return answer

    def _inline_mean_s(self, now: float) -> float:
        rest_s, self._inline_at = now - self._inline_at, now
        self._inline_s *= 0.5 ** (rest_s / INLINE_HALF_LIFE_S)
        return self._inline_s

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._calls.put(None)
        await asyncio.to_thread(self._writer.join, 5)
        if self._kept is not None and not self._writer.is_alive():
            self._kept.close()
        if self._looking is not None:
            self._looking.close()
            self._looking = None
        self._readers.shutdown()
        self._engine.dispose()

    def _read(self, work: Work[Answer]) -> Answer:
        with _translated(), self._engine.connect() as connection:
            return work(connection)

    def _write_forever(self) -> None:
        while (first := self._calls.get()) is not None:
            calls, ended = [first], False
            while len(calls) < 64:
                try:
                    following = self._calls.get_nowait()
                except queue.Empty:
                    break
                if following is None:
                    ended = True
                    break
                calls.append(following)
            with self._writing:
                self._commit_together(calls)
            _answer(calls)
            if ended:
                return

    def _commit_together(self, calls: list[_Call]) -> None:
        begun = False
        try:
            with _translated(), self._writing_connection() as connection:
                self._sync(connection, durable=any(call.durable for call in calls))
                _begin_immediate(connection)
                begun = True
                for call in calls:
                    call.answer = call.work(connection)
                connection.commit()
        except BaseException as error:
            if len(calls) == 1 or not begun:
                # A file that stayed locked is no call's fault, and each would wait for it as long again.
                for call in calls:
                    call.error = error
                return
            # One bad call must not take the others with it: each gets a transaction of its own.
            for call in calls:
                self._commit_together([call])

    def _commit_inline(self, call: _Call) -> bool:
        """The transaction right here, on the event loop, where it is small, the file is free and the disk has been quick: it takes
        less than waking the writer thread and being woken by it. False: nothing was done, the thread shall do it."""
        if not self._calls.empty() or not self._writing.acquire(blocking=False):
            return False
        began = time.perf_counter()
        try:
            with _translated(), self._writing_connection() as connection:
                self._sync(connection, durable=call.durable)
                if not _try_begin_immediate(connection):
                    return False
                call.answer = call.work(connection)
                connection.commit()
        except Exception as error:
            call.error = error
        finally:
            self._writing.release()
            # Capped, so that a single long one is soon forgotten.
            self._inline_s += 0.2 * (min(time.perf_counter() - began, 0.01) - self._inline_s)
        return True

    def _sync(self, connection: Connection, *, durable: bool) -> None:
        """In WAL mode NORMAL leaves out the fsync of a commit; the next FULL one brings what was left out along."""
        if durable is not self._kept_durable:
            connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            connection.rollback()
            self._kept_durable = durable

    @contextlib.contextmanager
    def _writing_connection(self) -> Iterator[Connection]:
        """The writer thread's own connection, kept: taking one from the pool and giving it back costs as much as a short
        transaction. After an error it is thrown away, whatever state it is in."""
        if self._kept is None:
            self._kept = self._engine.connect()
            self._kept_durable = None
        try:
            yield self._kept
        except BaseException:
            kept, self._kept = self._kept, None
            with contextlib.suppress(SQLAlchemyError):
                kept.rollback()
            kept.close()
            raise


class ServerTransactions:
    """PostgreSQL and MySQL through SQLAlchemy's asynchronous engines, READ COMMITTED, a bounded pool, bounded waits."""

    def __init__(self, url: sa.URL, *, pool_size: int = POOL_SIZE) -> None:
        # Here and not above: it brings SQLAlchemy's ORM along, which a laptop with SQLite need not wait for.
        from sqlalchemy.ext.asyncio import create_async_engine

        postgresql, mysql = {"timeout": ANSWER_S, "command_timeout": MIGRATE_S}, {"connect_timeout": ANSWER_S}
        connect_args: dict[str, Any] = postgresql if "asyncpg" in url.drivername else mysql
        self._engine = create_async_engine(
            url,
            isolation_level="READ COMMITTED",
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=ANSWER_S,
            pool_pre_ping=True,
            pool_recycle=1800,
            connect_args=connect_args,
        )

    async def write(self, work: Work[Answer], *, rows: int = INLINE_ROWS + 1, durable: bool = True, within_s: float = ANSWER_S) -> Answer:
        for attempt in range(_REPEATS):
            try:
                with _translated():
                    async with asyncio.timeout(within_s), self._engine.begin() as connection:
                        return await connection.run_sync(work)
            except IntegrityError:
                # Another process accepted the same idempotency key first; the next round finds its job.
                if attempt == _REPEATS - 1:
                    raise
            except DBAPIError as error:
                if not _asks_to_repeat(error):
                    raise
                if attempt == _REPEATS - 1:
                    raise Unavailable("the database of jobs is too busy (deadlocks)") from error
            await asyncio.sleep(0.005 * 2**attempt)
        raise AssertionError("unreachable")

    async def read(self, work: Work[Answer], *, rows: int = INLINE_ROWS + 1) -> Answer:
        with _translated():
            async with asyncio.timeout(ANSWER_S), self._engine.connect() as connection:
                return await connection.run_sync(work)

    async def close(self) -> None:
        await self._engine.dispose()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own transaction handling would begin DEFERRED; we begin and commit ourselves.
    connection.isolation_level = None
    connection.execute("PRAGMA busy_timeout=5000")
    deadline = time.monotonic() + _WAL_DEADLINE_S
    while True:
        # Two processes that open a new file at once meet at the switch to WAL, where SQLite does not always wait by itself.
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "cache_size=-4096", "busy_timeout=0"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    deadline = time.monotonic() + _BUSY_DEADLINE_S
    while not _try_begin_immediate(connection, last=time.monotonic() > deadline):
        time.sleep(0.001)


def _try_begin_immediate(connection: Connection, *, last: bool = False) -> bool:
    """False when another process writes just now; with `last` that is an error."""
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except sa.exc.OperationalError as error:
        if "locked" not in str(error.orig) or last:
            raise
        connection.rollback()
        return False
    return True


def _answer(calls: list[_Call]) -> None:
    """Hand the answers over, one wake-up per event loop."""
    for loop in {call.loop for call in calls}:
        mine = [call for call in calls if call.loop is loop]
        # The loop may have ended while its call was under way; nobody waits for the answer then.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle, mine)


def _settle(calls: list[_Call]) -> None:
    for call in calls:
        if call.future.done():
            continue
        if call.error is not None:
            call.future.set_exception(call.error)
        else:
            call.future.set_result(call.answer)


class _translated(contextlib.AbstractContextManager[None]):  # noqa: N801 - reads as a statement
    """Turns what the driver says about an unreachable database into `Unavailable`, without its address or password."""

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if error is None or isinstance(error, IntegrityError):
            return
        if isinstance(error, DBAPIError) and _asks_to_repeat(error):
            return
        if isinstance(error, DBAPIError) and (
            error.connection_invalidated or isinstance(error, sa.exc.OperationalError) or _state(error)[:2] in _AWAY
        ):
            raise Unavailable(f"the database of jobs does not answer ({type(error.orig).__name__})") from error
        if isinstance(error, sa.exc.InterfaceError | TimeoutError | OSError) or (
            isinstance(error, SQLAlchemyError) and not isinstance(error, DBAPIError | sa.exc.InvalidRequestError)
        ):
            raise Unavailable(f"the database of jobs does not answer ({type(error).__name__})") from error


def _asks_to_repeat(error: DBAPIError) -> bool:
    """Deadlock or serialisation failure: SQLSTATE 40P01 and 40001, MySQL's 1213 and 1205."""
    original: Any = error.orig
    if _state(error) in ("40P01", "40001"):
        return True
    number = original.args[0] if original is not None and original.args else None
    return number in (1213, 1205)


def _state(error: DBAPIError) -> str:
    original: Any = error.orig
    return getattr(original, "sqlstate", None) or getattr(original, "pgcode", None) or ""
