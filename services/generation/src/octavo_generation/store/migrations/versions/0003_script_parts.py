"""What was written of a script so far, part by part."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    document = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")
    op.create_table(
        "script_parts",
        sa.Column("job", sa.String(36), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("owner", sa.String(128), nullable=False),
        sa.Column("scene", sa.Integer, nullable=False),
        sa.Column("asked", sa.Integer, nullable=False),
        sa.Column("was_cut", sa.Boolean, nullable=False),
        sa.Column("text", document, nullable=False),
        sa.Column("made", document, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_bin",
        mariadb_engine="InnoDB",
        if_not_exists=True,
    )
    there = {index["name"] for index in sa.inspect(op.get_bind()).get_indexes("script_parts")}
    for column in ("owner", "expires_at"):
        if f"ix_script_parts_{column}" not in there:
            op.create_index(f"ix_script_parts_{column}", "script_parts", [column])


def downgrade() -> None:
    op.drop_table("script_parts")
