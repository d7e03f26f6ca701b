"""The table of held jobs, in a SQLite file of the activator's own. `VERSION` counts its changes (PRAGMA user_version)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from octavo_core.errors import Misconfigured

VERSION = 1
metadata = sa.MetaData()

held_jobs = sa.Table(
    "held_jobs",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("namespace", sa.String(63), nullable=False),
    sa.Column("name", sa.String(63), nullable=False),
    sa.Column("user", sa.String(128), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("correlation_id", sa.String(128), nullable=False),
    sa.Column("accepted_at", sa.BigInteger, nullable=False),
    sa.Column("item", sa.Integer),
    sa.Column("idempotency_key", sa.String(200)),
    sa.Column("body_hash", sa.String(64)),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("offered", sa.Boolean, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("due_at", sa.BigInteger),
    sa.Column("changed_at", sa.BigInteger, nullable=False),
    sa.Column("error", sa.Text),
    sa.Index("ix_held_jobs_due", "namespace", "name", "due_at"),
    sa.Index("ix_held_jobs_accepted_at", "accepted_at"),
    sa.UniqueConstraint("namespace", "name", "user", "idempotency_key", name="uq_held_jobs_idempotency"),
)


def prepare(connection: Connection) -> None:
    """Raises `Misconfigured` for a file that a newer version has written."""
    found = connection.exec_driver_sql("PRAGMA user_version").scalar() or 0
    if found > VERSION:
        raise Misconfigured(f"activator.db was written by a newer version of Octavo (schema {found}; this one knows {VERSION})")
    if found < VERSION:
        metadata.create_all(connection)
        connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")
