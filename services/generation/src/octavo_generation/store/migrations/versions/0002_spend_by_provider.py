"""What was spent at which provider. Sums of before stay in the totals alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "spend_by_provider",
        sa.Column("generator", sa.String(63), primary_key=True),
        sa.Column("period", sa.String(10), primary_key=True),
        sa.Column("provider", sa.String(63), primary_key=True),
        sa.Column("usd_micros", sa.BigInteger, nullable=False),
        sa.Column("tokens", sa.BigInteger, nullable=False),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_bin",
        mariadb_engine="InnoDB",
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_table("spend_by_provider")
