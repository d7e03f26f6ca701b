"""Browsers that are pushed to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_INDEX = "ix_notification_pushes_owner"


def upgrade() -> None:
    op.create_table(
        "notification_pushes",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("owner", sa.String(128), nullable=False),
        sa.Column("endpoint", sa.String(2_048), nullable=False),
        sa.Column("p256dh", sa.String(100), nullable=False),
        sa.Column("auth", sa.String(40), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_bin",
        mariadb_engine="InnoDB",
        if_not_exists=True,
    )
    if _INDEX not in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes("notification_pushes")}:
        op.create_index(_INDEX, "notification_pushes", ["owner", "created_at"])


def downgrade() -> None:
    op.drop_table("notification_pushes")
