"""The tables of notifications, for SQLAlchemy Core. Changed only by a migration in `migrations/versions`.

Times are milliseconds since the epoch. `owner` is the user, as tokens name them.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

metadata = sa.MetaData()

# MySQL's TEXT ends at 64 KiB, and its default collation folds case: names and ids are compared byte by byte.
_document = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")
_MYSQL: dict[str, Any] = {
    f"{dialect}_{option}": value
    for dialect in ("mysql", "mariadb")
    for option, value in (("charset", "utf8mb4"), ("collate", "utf8mb4_bin"), ("engine", "InnoDB"))
}

webhooks = sa.Table(
    "notification_webhooks",
    metadata,
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
    sa.Index("ix_notification_webhooks_owner", "owner", "id"),
    **_MYSQL,
)

deliveries = sa.Table(
    "notification_deliveries",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("webhook", sa.String(36), nullable=False),
    sa.Column("owner", sa.String(128), nullable=False),
    sa.Column("event", sa.String(40), nullable=False),
    sa.Column("type", sa.String(40), nullable=False),
    sa.Column("job", sa.String(36), nullable=False),
    sa.Column("body", _document, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("runs", sa.Integer, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("status", sa.Integer),
    sa.Column("error", sa.String(255)),
    sa.Column("took_ms", sa.Integer),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("attempted_at", sa.BigInteger),
    sa.Column("once", sa.String(64), nullable=False),
    sa.Column("url", sa.String(2_048)),
    sa.Index("ix_notification_deliveries_once", "once", unique=True),
    sa.Index("ix_notification_deliveries_webhook", "webhook", "id"),
    sa.Index("ix_notification_deliveries_owner", "owner"),
    sa.Index("ix_notification_deliveries_created_at", "created_at"),
    **_MYSQL,
)

preferences = sa.Table(
    "notification_preferences",
    metadata,
    sa.Column("owner", sa.String(128), primary_key=True),
    sa.Column("mail_after_s", sa.Integer),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    **_MYSQL,
)

positions = sa.Table(
    "notification_positions",
    metadata,
    sa.Column("owner", sa.String(128), primary_key=True),
    sa.Column("event", sa.String(40), nullable=False),
    **_MYSQL,
)

pushes = sa.Table(
    "notification_pushes",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("owner", sa.String(128), nullable=False),
    sa.Column("endpoint", sa.String(2_048), nullable=False),
    sa.Column("p256dh", sa.String(100), nullable=False),
    sa.Column("auth", sa.String(40), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Index("ix_notification_pushes_owner", "owner", "created_at"),
    **_MYSQL,
)
