"""Which adapter a database URL means."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from octavo_core.clock import Clock
from octavo_core.errors import Misconfigured
from octavo_jobs.store.port import JobStore
from octavo_jobs.store.sql import SqlJobStore
from octavo_jobs.store.transactions import POOL_SIZE, ServerTransactions, SqliteTransactions, Transactions

_DRIVERS = {"postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg", "mysql": "mysql+aiomysql", "mariadb": "mysql+aiomysql"}


def open_store(url: str, clock: Clock) -> JobStore:
    """A store for `sqlite:///PATH`, `postgresql://…` or `mysql://…`. Nothing is connected before the first call.

    Raises `Misconfigured` for any other URL, without repeating it (it may carry a password).
    """
    return SqlJobStore(open_transactions(url), clock)


def open_transactions(url: str, *, pool_size: int = POOL_SIZE) -> Transactions:
    """How a database is written and read, for whoever keeps tables in it. `pool_size` bounds the connections to a server. Raises
    what `open_store` raises."""
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise Misconfigured("the database URL cannot be read; write sqlite:///PATH, postgresql://… or mysql://…") from None
    backend = parsed.drivername.split("+")[0]
    if backend == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise Misconfigured("a store of jobs in memory would lose them; give SQLite a file: sqlite:///PATH")
        return SqliteTransactions(Path(parsed.database))
    if backend not in _DRIVERS:
        raise Misconfigured(f"no store for a {backend!r} database; sqlite, postgresql and mysql are known")
    return ServerTransactions(parsed.set(drivername=_DRIVERS[backend]), pool_size=pool_size)
