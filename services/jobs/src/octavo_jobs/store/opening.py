"""Which adapter a database URL means."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from octavo_core.clock import Clock
from octavo_core.errors import Misconfigured
from octavo_jobs.store.port import JobStore
from octavo_jobs.store.sql import SqlJobStore
from octavo_jobs.store.transactions import ServerTransactions, SqliteTransactions

_DRIVERS = {"postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg", "mysql": "mysql+aiomysql", "mariadb": "mysql+aiomysql"}


def open_store(url: str, clock: Clock) -> JobStore:
    """A store for `sqlite:///PATH`, `postgresql://…` or `mysql://…`. Nothing is connected before the first call.

    Raises `Misconfigured` for any other URL, without repeating it (it may carry a password).
    """
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise Misconfigured("the database URL cannot be read; write sqlite:///PATH, postgresql://… or mysql://…") from None
    backend = parsed.drivername.split("+")[0]
    if backend == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise Misconfigured("a store of jobs in memory would lose them; give SQLite a file: sqlite:///PATH")
        return SqlJobStore(SqliteTransactions(Path(parsed.database)), clock)
    if backend not in _DRIVERS:
        raise Misconfigured(f"no store for a {backend!r} database; sqlite, postgresql and mysql are known")
    return SqlJobStore(ServerTransactions(parsed.set(drivername=_DRIVERS[backend])), clock)
