"""The port of the document store.

Contract, the same for SQLite and MongoDB (one suite runs against both):

- Each call is atomic for one document, and durable when it returns. `remove_where` and `remove_all_of` are not atomic over many;
  repeated after an error they go on where they stopped.
- `replace` is the only way to change a document and holds only against the version that was read: of two writers one wins, and the
  other is told. A call that failed with `Unavailable` may have been done all the same; who repeats it sees that by the version.
- `owner` scopes a read or a removal: with one, another owner's document is as good as absent. None is for admins and for jobs.
- Nothing of a caller's reaches a query language: names of members are declared by the `Collection`, values are scalars
  (`InvalidInput` otherwise).
- Every call ends within the adapter's timeout. Errors: `Unavailable` when the database cannot be reached, does not answer in time or
  refuses us. Nobody retries in here; the next call after an outage finds the way back by itself.
- Any number of calls at once, of any number of processes. Nothing is connected before the first call; tables and indexes are made
  with the first use of a collection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from octavo_core.errors import Conflict
from octavo_documents.document import Body, Collection, Document, Scalar
from octavo_documents.query import Page, Query


class AlreadyThere(Conflict):
    """The id is taken. With ids made from what they stand for, that says the write was done before."""


class DocumentStore(Protocol):
    async def ping(self) -> None:
        """Raise `Unavailable` when the database does not answer."""
        ...

    async def close(self) -> None: ...

    async def insert(self, collection: Collection, document_id: str, *, owner: str, body: Body) -> Document:
        """Version 1, of now. Raises `AlreadyThere`, and what `indexed` raises for the body."""
        ...

    async def get(self, collection: Collection, document_id: str, *, owner: str | None) -> Document | None: ...

    async def replace(self, collection: Collection, seen: Document, body: Body) -> Document | None:
        """The document with its new body and the next version; None when it is not the version `seen` any more, or gone."""
        ...

    async def remove(self, collection: Collection, document_id: str, *, owner: str | None, version: int | None = None) -> bool:
        """False when there is none, or with another version than the one asked for."""
        ...

    async def page(self, collection: Collection, query: Query) -> Page: ...

    async def count(self, collection: Collection, *, owner: str | None, where: Mapping[str, Scalar] | None = None) -> int: ...

    async def remove_where(self, collection: Collection, *, owner: str | None, where: Mapping[str, Scalar]) -> int:
        """How many went. `where` must name something: all of an owner go by `remove_all_of`."""
        ...

    async def remove_all_of(self, collections: Sequence[Collection], owner: str) -> int:
        """Everything that belongs to them; how many documents went. Repeating it is harmless."""
        ...
