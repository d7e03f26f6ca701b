"""Auth's tables, on SQLite, PostgreSQL and MySQL or MariaDB."""

from octavo_auth.adapters.store.opening import AuthStore, open_auth_store

__all__ = ["AuthStore", "open_auth_store"]
