"""Alembic's entry: the connection and the transaction are the caller's (see this package's docstring)."""

from alembic import context

context.run_migrations()
