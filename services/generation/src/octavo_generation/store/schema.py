"""The tables of generation, for SQLAlchemy Core. Changed only by a migration in `migrations/versions`.

Money is whole millionths of a US dollar: sums of integers are exact on every database. Times are milliseconds since the epoch.
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

spend_reservations = sa.Table(
    "spend_reservations",
    metadata,
    sa.Column("id", sa.String(80), primary_key=True),
    sa.Column("generator", sa.String(63), nullable=False),
    sa.Column("provider", sa.String(63), nullable=False),
    sa.Column("usd_micros", sa.BigInteger, nullable=False),
    sa.Column("tokens", sa.BigInteger, nullable=False),
    sa.Column("day", sa.String(10), nullable=False),
    sa.Column("reserved_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Index("ix_spend_reservations_generator_day", "generator", "day"),
    **_MYSQL,
)

spend_totals = sa.Table(
    "spend_totals",
    metadata,
    sa.Column("generator", sa.String(63), primary_key=True),
    sa.Column("period", sa.String(10), primary_key=True),
    sa.Column("usd_micros", sa.BigInteger, nullable=False),
    sa.Column("tokens", sa.BigInteger, nullable=False),
    **_MYSQL,
)

spend_by_provider = sa.Table(
    "spend_by_provider",
    metadata,
    sa.Column("generator", sa.String(63), primary_key=True),
    sa.Column("period", sa.String(10), primary_key=True),
    sa.Column("provider", sa.String(63), primary_key=True),
    sa.Column("usd_micros", sa.BigInteger, nullable=False),
    sa.Column("tokens", sa.BigInteger, nullable=False),
    **_MYSQL,
)

images = sa.Table(
    "images",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("generator", sa.String(63), nullable=False),
    sa.Column("owner", sa.String(128), nullable=False),
    sa.Column("job", sa.String(36), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger),
    sa.Column("path", sa.String(255), nullable=False),
    sa.Column("media_type", sa.String(64), nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("width", sa.Integer, nullable=False),
    sa.Column("height", sa.Integer, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("provider", sa.String(63), nullable=False),
    sa.Column("model", sa.String(200), nullable=False),
    sa.Column("prompt", _document, nullable=False),
    sa.Column("revised_prompt", _document),
    sa.Column("seed", sa.BigInteger),
    sa.Column("metadata", _document, nullable=False),
    sa.Column("deleted_at", sa.BigInteger),
    sa.Index("ix_images_generator_owner", "generator", "owner", "id"),
    sa.Index("ix_images_expires_at", "expires_at"),
    **_MYSQL,
)

script_parts = sa.Table(
    "script_parts",
    metadata,
    sa.Column("job", sa.String(36), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("owner", sa.String(128), nullable=False),
    sa.Column("scene", sa.Integer, nullable=False),
    sa.Column("asked", sa.Integer, nullable=False),
    sa.Column("was_cut", sa.Boolean, nullable=False),
    sa.Column("text", _document, nullable=False),
    sa.Column("made", _document, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Index("ix_script_parts_owner", "owner"),
    sa.Index("ix_script_parts_expires_at", "expires_at"),
    **_MYSQL,
)
