"""Accounts whose tokens count no more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "auth_revocations",
        sa.Column("digest", sa.String(32), primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_bin",
        mariadb_engine="InnoDB",
        if_not_exists=True,
    )
    there = {index["name"] for index in sa.inspect(op.get_bind()).get_indexes("auth_revocations")}
    if "ix_auth_revocations_at" not in there:
        op.create_index("ix_auth_revocations_at", "auth_revocations", ["at"])


def downgrade() -> None:
    op.drop_table("auth_revocations")
