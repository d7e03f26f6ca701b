"""Which adapter a URL means."""

from __future__ import annotations

from pathlib import Path

from octavo_core.clock import Clock
from octavo_core.errors import Misconfigured
from octavo_documents.port import DocumentStore


def open_documents(url: str, clock: Clock, *, timeout_s: float = 5.0) -> DocumentStore:
    """A store for `sqlite:///PATH` or `mongodb://…/NAME`. Connects nothing. Raises `Misconfigured` for any other URL, without
    repeating it (it may carry a password)."""
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        if not rest.removeprefix("/") or ":memory:" in rest:
            raise Misconfigured("documents in memory would be lost; give SQLite a file: sqlite:///PATH")
        from octavo_documents.sqlite import SqliteDocuments

        return SqliteDocuments(Path(rest.removeprefix("/")), clock, timeout_s=timeout_s)
    if scheme in ("mongodb", "mongodb+srv"):
        # Here and not above: a laptop does not pay for a driver that it has no server for.
        from octavo_documents.mongodb import MongoDocuments

        return MongoDocuments(url, clock, timeout_s=timeout_s)
    raise Misconfigured("no store of documents for that URL; write sqlite:///PATH or mongodb://…/NAME")
