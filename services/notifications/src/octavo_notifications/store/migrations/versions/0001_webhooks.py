"""Webhooks, their deliveries, and what people chose."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None

_INDEXES = {
    "notification_webhooks": {"ix_notification_webhooks_owner": (["owner", "id"], False)},
    "notification_deliveries": {
        "ix_notification_deliveries_once": (["once"], True),
        "ix_notification_deliveries_webhook": (["webhook", "id"], False),
        "ix_notification_deliveries_owner": (["owner"], False),
        "ix_notification_deliveries_created_at": (["created_at"], False),
    },
}


def upgrade() -> None:
    document = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")
    _create(
        "notification_webhooks",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("owner", sa.String(128), nullable=False),
        sa.Column("url", sa.String(2_048), nullable=False),
        sa.Column("description", sa.String(200), nullable=False),
        sa.Column("events", sa.String(255), nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("disabled_reason", sa.String(255)),
        sa.Column("failing_since", sa.BigInteger),
        sa.Column("secret", sa.String(255), nullable=False),
        sa.Column("former_secret", sa.String(255)),
        sa.Column("former_until", sa.BigInteger),
        sa.Column("since", sa.String(40), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
    )
    _create(
        "notification_deliveries",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("webhook", sa.String(36), nullable=False),
        sa.Column("owner", sa.String(128), nullable=False),
        sa.Column("event", sa.String(40), nullable=False),
        sa.Column("type", sa.String(40), nullable=False),
        sa.Column("job", sa.String(36), nullable=False),
        sa.Column("body", document, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("runs", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("error", sa.String(255)),
        sa.Column("took_ms", sa.Integer),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("attempted_at", sa.BigInteger),
        sa.Column("once", sa.String(64), nullable=False),
    )
    _create(
        "notification_preferences",
        sa.Column("owner", sa.String(128), primary_key=True),
        sa.Column("mail_after_s", sa.Integer),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
    )
    _create(
        "notification_positions",
        sa.Column("owner", sa.String(128), primary_key=True),
        sa.Column("event", sa.String(40), nullable=False),
    )
    for table, indexes in _INDEXES.items():
        there = {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}
        for name, (columns, unique) in indexes.items():
            if name not in there:
                op.create_index(name, table, columns, unique=unique)


def downgrade() -> None:
    for table in ("notification_positions", "notification_preferences", "notification_deliveries", "notification_webhooks"):
        op.drop_table(table)


def _create(name: str, *columns: sa.Column[object]) -> None:
    op.create_table(
        name,
        *columns,
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_bin",
        mariadb_engine="InnoDB",
        if_not_exists=True,
    )
