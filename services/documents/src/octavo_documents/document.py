"""A document, and the collection that says what may be asked of it. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from octavo_core.errors import InvalidInput, TooLarge
from octavo_documents.folding import fold

Scalar = str | int | float | bool | None
Body = dict[str, Any]
"""JSON. Names of members come from the service's own models: a member that begins with `$` or holds a dot is refused."""

SORT_CHARS = 120
"""How much of a text counts when documents are sorted by it."""
_MAX_DEPTH = 24
_INT64 = 2**63
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
TIMES: Mapping[str, Literal["number"]] = {"created_at": "number", "updated_at": "number"}
"""What every collection can be sorted by."""


@dataclass(frozen=True, slots=True)
class Collection:
    """What is indexed: top-level members of the body. Nothing else can be filtered, sorted or searched by.

    `filters` are compared for equality and hold scalars. `sorts` say how: a text is sorted as it is folded, an absent one first.
    `searched` members may be of any shape: the texts in them are searched. `max_bytes` bounds a body as JSON.
    """

    name: str
    filters: tuple[str, ...] = ()
    sorts: Mapping[str, Literal["text", "number"]] = field(default_factory=dict)
    searched: tuple[str, ...] = ()
    max_bytes: int = 1_048_576
    listed: tuple[tuple[str, str], ...] = ()
    """Pairs of a filter and a sort by which documents of everybody are listed (`Query.owner` None): each gets an index of its own."""

    def __post_init__(self) -> None:
        for name in (self.name, *self.filters, *self.sorts, *self.searched):
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} cannot be the name of a collection or of an indexed member")
        for one, order in self.listed:
            if one not in self.filters or order not in self.sortable:
                raise ValueError(f"{one!r} by {order!r} is no filter and sort of the collection")

    @property
    def sortable(self) -> Mapping[str, Literal["text", "number"]]:
        return {**TIMES, **self.sorts}


@dataclass(frozen=True, slots=True)
class Document:
    """Times are milliseconds since the epoch. `version` begins at 1 and grows by one with each change."""

    id: str
    owner: str
    version: int
    created_at: int
    updated_at: int
    body: Body


@dataclass(frozen=True, slots=True)
class Indexed:
    """What the adapters keep beside the body, all computed here: they only store and compare."""

    body: str
    """The body as JSON."""
    filters: Mapping[str, str]
    """Each value as JSON, so that equal means the same in every store: 1 is neither true nor "1"."""
    sorts: Mapping[str, str | int | float]
    words: str
    """The searched members, folded."""


def indexed(collection: Collection, body: Body) -> Indexed:
    """Raises `InvalidInput` for a body that one of the stores could not keep as it is, `TooLarge` for one over the bound."""
    _check(body, 0)
    try:
        encoded = orjson.dumps(body)
    except (orjson.JSONEncodeError, TypeError) as error:
        raise InvalidInput(f"the document is not JSON ({error})"[:200]) from None
    if len(encoded) > collection.max_bytes:
        raise TooLarge(f"the document has {len(encoded)} bytes as JSON; at most {collection.max_bytes} are kept")
    return Indexed(
        encoded.decode(),
        {name: comparable(name, body.get(name)) for name in collection.filters},
        {name: sort_key(body.get(name), kind) for name, kind in collection.sorts.items()},
        "\n".join(fold(text) for name in collection.searched for text in _texts(body.get(name))),
    )


def comparable(name: str, value: object) -> str:
    """As JSON. Raises `InvalidInput` for anything with members: an operator of a query language would be such a thing."""
    if value is None or isinstance(value, str | bool | int | float):
        _check(value, 0)
        try:
            return orjson.dumps(value).decode()
        except orjson.JSONEncodeError:
            pass
    raise InvalidInput(f"{name}: must be a single value")


def sort_key(value: object, kind: Literal["text", "number"]) -> str | int | float:
    """As it is stored and compared."""
    if kind == "text":
        return fold(value)[:SORT_CHARS] if isinstance(value, str) else ""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else 0


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _texts(member)


def _check(value: object, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise InvalidInput(f"the document is nested more than {_MAX_DEPTH} deep")
    if isinstance(value, dict):
        for name, member in value.items():
            if not isinstance(name, str) or not name or name.startswith("$") or "." in name or "\0" in name:
                raise InvalidInput("a member's name must not be empty, begin with $ or hold a dot")
            _check(member, depth + 1)
    elif isinstance(value, list):
        for member in value:
            _check(member, depth + 1)
    elif isinstance(value, str):
        if "\0" in value:
            raise InvalidInput("a text must not hold the character NUL")
    elif isinstance(value, int) and not isinstance(value, bool):
        if not -_INT64 <= value < _INT64:
            raise InvalidInput("a whole number must fit into 64 bits")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidInput("a number must be finite")
    elif value is not None and not isinstance(value, bool):
        raise InvalidInput(f"the document is not JSON (it holds a {type(value).__name__})")
