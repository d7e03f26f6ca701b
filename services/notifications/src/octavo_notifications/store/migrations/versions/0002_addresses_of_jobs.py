"""Deliveries to addresses that jobs name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    there = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("notification_deliveries")}
    if "url" not in there:
        op.add_column("notification_deliveries", sa.Column("url", sa.String(2_048)))


def downgrade() -> None:
    op.drop_column("notification_deliveries", "url")
