"""The table of jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None


def upgrade() -> None:
    document = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("queue", sa.String(63), nullable=False),
        sa.Column("owner", sa.String(128), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("request", document, nullable=False),
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
        sa.Column("result", document),
        sa.Column("error", document),
        sa.Column("progress", document),
        sa.Column("idempotency_key", sa.String(200)),
        sa.Column("body_hash", sa.String(64)),
        sa.UniqueConstraint("queue", "owner", "idempotency_key", name="uq_jobs_idempotency"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_bin",
        mariadb_engine="InnoDB",
        if_not_exists=True,
    )
    there = {index["name"] for index in sa.inspect(op.get_bind()).get_indexes("jobs")}
    indexes = {"ix_jobs_queue_state": ["queue", "state", "available_at"], "ix_jobs_queue_owner": ["queue", "owner", "id"]}
    indexes |= {f"ix_jobs_{appointment}": [appointment] for appointment in ("lease_until", "ring_due", "publish_due", "expires_at")}
    for name, columns in indexes.items():
        if name not in there:
            op.create_index(name, "jobs", columns)


def downgrade() -> None:
    op.drop_table("jobs")
