"""Schema versions of a store's tables, run by alembic on a connection that the caller's transaction owns.

Several processes may start at once: they meet at a lock of the database (SQLite: the write lock that the transaction holds;
PostgreSQL: an advisory lock; MySQL: GET_LOCK), and whoever comes second finds the work done. Alembic itself is imported only
when there is something to do, since it costs 80 ms and 8 MB.

MySQL commits each statement about a table by itself. A process that is killed in between leaves a part of a version behind, so
each version looks for what is there already.

All lines of versions share one lock: alembic's `op` and `context` are globals of the process, so that two upgrades at once in one
process would run on each other's connection.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

_LOCK = 7_210_531


@dataclass(frozen=True, slots=True)
class Versions:
    """One line of versions. Stores that share a database have each their own `table`."""

    folder: Path
    """With alembic's `env.py`, and the versions in `versions`."""
    head: str
    table: str

    def current(self, connection: Connection) -> str | None:
        if not sa.inspect(connection).has_table(self.table):
            return None
        version = connection.execute(sa.select(sa.column("version_num")).select_from(sa.table(self.table))).scalar()
        return None if version is None else str(version)

    def migrate(self, connection: Connection) -> None:
        if self.current(connection) == self.head:
            return
        dialect = connection.dialect.name
        if dialect == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        elif dialect in ("mysql", "mariadb"):
            connection.execute(sa.text("SELECT GET_LOCK(:lock, 60)"), {"lock": str(_LOCK)})
        try:
            if self.current(connection) != self.head:
                self._upgrade(connection)
                if dialect in ("mysql", "mariadb"):
                    # Before the lock goes: who waits for it must find the version written, not on its way.
                    connection.exec_driver_sql("COMMIT")
        finally:
            if dialect in ("mysql", "mariadb"):
                connection.execute(sa.text("SELECT RELEASE_LOCK(:lock)"), {"lock": str(_LOCK)})

    def _upgrade(self, connection: Connection) -> None:
        from alembic.config import Config
        from alembic.runtime.environment import EnvironmentContext
        from alembic.script import ScriptDirectory

        config = Config()
        config.set_main_option("script_location", str(self.folder))
        script = ScriptDirectory.from_config(config)
        with EnvironmentContext(config, script, fn=lambda revision, _context: script._upgrade_revs(self.head, revision)) as environment:
            environment.configure(connection=connection, version_table=self.table, transactional_ddl=False)
            environment.run_migrations()
