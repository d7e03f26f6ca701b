"""Schema versions of the job store, run by alembic on a connection that the caller's transaction owns.

Several processes may start at once: they meet at a lock of the database (SQLite: the write lock that the transaction holds;
PostgreSQL: an advisory lock; MySQL: GET_LOCK), and whoever comes second finds the work done. Alembic itself is imported only
when there is something to do, since it costs 80 ms and 8 MB.

MySQL commits each statement about a table by itself. A process that is killed in between leaves a part of a version behind, so
each version looks for what is there already.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

HEAD = "0001"
VERSION_TABLE = "octavo_jobs_version"
_LOCK = 7_210_531


def current(connection: Connection) -> str | None:
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    version = connection.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 - our own constant
    return None if version is None else str(version)


def migrate(connection: Connection) -> None:
    if current(connection) == HEAD:
        return
    dialect = connection.dialect.name
    if dialect == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    elif dialect in ("mysql", "mariadb"):
        connection.execute(sa.text("SELECT GET_LOCK(:lock, 60)"), {"lock": str(_LOCK)})
    try:
        if current(connection) != HEAD:
            _upgrade(connection)
            if dialect in ("mysql", "mariadb"):
                # Before the lock goes: who waits for it must find the version written, not on its way.
                connection.exec_driver_sql("COMMIT")
    finally:
        if dialect in ("mysql", "mariadb"):
            connection.execute(sa.text("SELECT RELEASE_LOCK(:lock)"), {"lock": str(_LOCK)})


def _upgrade(connection: Connection) -> None:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    script = ScriptDirectory.from_config(config)
    with EnvironmentContext(config, script, fn=lambda revision, _context: script._upgrade_revs(HEAD, revision)) as environment:
        environment.configure(connection=connection, version_table=VERSION_TABLE, transactional_ddl=False)
        environment.run_migrations()
