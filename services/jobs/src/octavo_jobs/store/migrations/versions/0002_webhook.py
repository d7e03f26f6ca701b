"""Where a job's end is told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    there = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("jobs")}
    if "webhook" not in there:
        op.add_column("jobs", sa.Column("webhook", sa.String(2_048)))


def downgrade() -> None:
    op.drop_column("jobs", "webhook")
