"""What was spent, and which pictures are kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None

_INDEXES = {
    "spend_reservations": {"ix_spend_reservations_generator_day": ["generator", "day"]},
    "images": {"ix_images_generator_owner": ["generator", "owner", "id"], "ix_images_expires_at": ["expires_at"]},
}


def upgrade() -> None:
    document = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")
    _create(
        "spend_reservations",
        sa.Column("id", sa.String(80), primary_key=True),
        sa.Column("generator", sa.String(63), nullable=False),
        sa.Column("provider", sa.String(63), nullable=False),
        sa.Column("usd_micros", sa.BigInteger, nullable=False),
        sa.Column("tokens", sa.BigInteger, nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("reserved_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    _create(
        "spend_totals",
        sa.Column("generator", sa.String(63), primary_key=True),
        sa.Column("period", sa.String(10), primary_key=True),
        sa.Column("usd_micros", sa.BigInteger, nullable=False),
        sa.Column("tokens", sa.BigInteger, nullable=False),
    )
    _create(
        "images",
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
        sa.Column("prompt", document, nullable=False),
        sa.Column("revised_prompt", document),
        sa.Column("seed", sa.BigInteger),
        sa.Column("metadata", document, nullable=False),
        sa.Column("deleted_at", sa.BigInteger),
    )
    for table, indexes in _INDEXES.items():
        there = {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}
        for name, columns in indexes.items():
            if name not in there:
                op.create_index(name, table, columns)


def downgrade() -> None:
    for table in ("images", "spend_totals", "spend_reservations"):
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
