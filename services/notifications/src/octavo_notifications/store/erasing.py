"""The end of all that is kept of one user."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from octavo_notifications.store.schema import metadata


def erase(connection: Connection, owner: str) -> None:
    """From every table: a new one with a user in it names the column `owner`."""
    for table in metadata.sorted_tables:
        connection.execute(sa.delete(table).where(table.c.owner == owner))
