"""The table of jobs, for SQLAlchemy Core. Changed only by a migration in `migrations/versions`."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

metadata = sa.MetaData()

# MySQL's TEXT ends at 64 KiB, and its default collation folds case: keys and ids are compared byte by byte.
_document = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("queue", sa.String(63), nullable=False),
    sa.Column("owner", sa.String(128), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("request", _document, nullable=False),
    sa.Column("policy", sa.String(255), nullable=False),
    sa.Column("correlation_id", sa.String(128), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("available_at", sa.BigInteger, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("published_version", sa.Integer, nullable=False),
    sa.Column("cancel_requested", sa.Boolean, nullable=False),
    sa.Column("worker", sa.String(128)),
    sa.Column("lease_until", sa.BigInteger),
    sa.Column("ring_due", sa.BigInteger),
    sa.Column("publish_due", sa.BigInteger),
    sa.Column("started_at", sa.BigInteger),
    sa.Column("ended_at", sa.BigInteger),
    sa.Column("expires_at", sa.BigInteger),
    sa.Column("result", _document),
    sa.Column("error", _document),
    sa.Column("progress", _document),
    sa.Column("idempotency_key", sa.String(200)),
    sa.Column("body_hash", sa.String(64)),
    sa.Column("webhook", sa.String(2_048)),
    sa.Index("ix_jobs_queue_state", "queue", "state", "available_at"),
    sa.Index("ix_jobs_queue_owner", "queue", "owner", "id"),
    sa.Index("ix_jobs_lease_until", "lease_until"),
    sa.Index("ix_jobs_ring_due", "ring_due"),
    sa.Index("ix_jobs_publish_due", "publish_due"),
    sa.Index("ix_jobs_expires_at", "expires_at"),
    sa.UniqueConstraint("queue", "owner", "idempotency_key", name="uq_jobs_idempotency"),
    mysql_charset="utf8mb4",
    mysql_collate="utf8mb4_bin",
    mysql_engine="InnoDB",
    mariadb_charset="utf8mb4",
    mariadb_collate="utf8mb4_bin",
    mariadb_engine="InnoDB",
)
