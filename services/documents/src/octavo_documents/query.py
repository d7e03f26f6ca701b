"""What is asked of a collection: one owner's documents, filtered, searched, sorted, in pages that stay true while documents change.

A page ends with a cursor: the sort key and the id of its last document. The next page begins behind that place, whatever was written
meanwhile: nothing is shown twice that did not move, and nothing that stayed is left out. The cursor is the caller's to keep and may
be forged: it is checked for its shape and can do no more than choose a place in the same owner's documents.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from octavo_core.errors import Fault, InvalidInput
from octavo_documents.document import TIMES, Collection, Document, Scalar, comparable, sort_key
from octavo_documents.folding import fold

MAX_LIMIT = 100
MAX_WORDS = 8
MAX_CURSOR_CHARS = 1_000


@dataclass(frozen=True, slots=True)
class Query:
    """`owner` None asks for everybody's, which is for admins. `search` finds documents that hold each of its words, as parts of words
    too. `cursor` is one that a page of the same query gave."""

    owner: str | None
    where: Mapping[str, Scalar] = field(default_factory=dict)
    search: str | None = None
    sort: str = "created_at"
    descending: bool = True
    limit: int = 20
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    items: Sequence[Document]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """A query that was checked, for an adapter. It reads one document more than `limit` to know whether there is another page."""

    owner: str | None
    where: Mapping[str, str]
    words: Sequence[str]
    sort: str
    of_body: bool
    """Whether the sort key is among the collection's own, or a time."""
    descending: bool
    limit: int
    after: tuple[str | int | float, str] | None


def plan(collection: Collection, query: Query) -> Plan:
    """Raises `InvalidInput` for whatever the collection does not declare."""
    if not 1 <= query.limit <= MAX_LIMIT:
        raise _fault("limit", f"must be 1 to {MAX_LIMIT}")
    if query.sort not in collection.sortable:
        raise _fault("sort", "cannot be sorted by that", ", ".join(collection.sortable))
    where = checked_where(collection, query.where)
    words = fold(query.search or "").split()
    if len(words) > MAX_WORDS:
        raise _fault("search", f"must be at most {MAX_WORDS} words")
    return Plan(
        query.owner,
        where,
        words,
        query.sort,
        query.sort not in TIMES,
        query.descending,
        query.limit,
        None if query.cursor is None else _decode(query.cursor, query, collection.sortable[query.sort]),
    )


def checked_where(collection: Collection, where: Mapping[str, Scalar]) -> Mapping[str, str]:
    """Each value as it is compared."""
    for name in where:
        if name not in collection.filters:
            raise _fault(name, "cannot be filtered by", ", ".join(collection.filters) or None)
    return {name: comparable(name, value) for name, value in where.items()}


def page_of(query: Query, found: Sequence[tuple[Document, str | int | float]]) -> Page:
    """From what the adapter found, each with its sort key."""
    if len(found) <= query.limit:
        return Page([document for document, _ in found], None)
    shown = found[: query.limit]
    last, key = shown[-1]
    return Page([document for document, _ in shown], _encode(query, key, last.id))


def cursor_behind(collection: Collection, query: Query, last: Document) -> str:
    """The cursor of a page that ends with this document, for who makes one page of several queries of the same order."""
    if query.sort in TIMES:
        return _encode(query, last.created_at if query.sort == "created_at" else last.updated_at, last.id)
    return _encode(query, sort_key(last.body.get(query.sort), collection.sorts[query.sort]), last.id)


def _encode(query: Query, key: str | int | float, last: str) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([query.sort, query.descending, key, last])).decode().rstrip("=")


def _decode(cursor: str, query: Query, kind: str) -> tuple[str | int | float, str]:
    if len(cursor) <= MAX_CURSOR_CHARS:
        try:
            said = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        except (binascii.Error, ValueError):
            said = None
        if isinstance(said, list) and len(said) == 4 and said[:2] == [query.sort, query.descending]:
            key, last = said[2:]
            fits = isinstance(key, str) if kind == "text" else isinstance(key, int | float) and not isinstance(key, bool)
            if (
                fits
                and isinstance(last, str)
                and "\0" not in last
                and "\0" not in str(key)
                and abs(0 if isinstance(key, str) else key) < 2**63
            ):
                return key, last
    raise _fault("cursor", "is not one that was given out here for this order")


def _fault(path: str, message: str, allowed: str | None = None) -> InvalidInput:
    return InvalidInput(f"{path}: {message}", faults=(Fault(path, message, allowed),))
