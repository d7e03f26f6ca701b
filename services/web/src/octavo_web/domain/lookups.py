"""What lists of the administration are narrowed by: from a page's query to the API's, and back into links. Pure.

A page's form knows the fields of one list and nothing else, so what a link brings besides is dropped. Times are typed without a zone
and mean UTC; the pages say so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlencode

from octavo_core.errors import Fault, InvalidInput

Kind = Literal["line", "choice", "moment"]
CURSOR = "cursor"
_MAX_CHARS = 256
_MAX_CURSOR_CHARS = 2_000
_TYPED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?")


@dataclass(frozen=True, slots=True)
class Field:
    """`name` is the API's own. `pattern` holds for the whole of a line."""

    name: str
    kind: Kind = "line"
    choices: tuple[str, ...] = ()
    pattern: str = ""
    max_chars: int = _MAX_CHARS


@dataclass(frozen=True, slots=True)
class Lookup:
    """`typed`: as the form shows it, each field, empty where nothing was asked. `query`: for the API."""

    typed: Mapping[str, str]
    query: Mapping[str, str]
    is_first: bool

    @property
    def is_narrowed(self) -> bool:
        return any(self.typed.values())

    def link(self, path: str, cursor: str | None = None) -> str:
        """The page with this lookup, from `cursor` on."""
        asked = {name: value for name, value in self.typed.items() if value} | ({} if cursor is None else {CURSOR: cursor})
        return f"{path}?{urlencode(asked)}" if asked else path


def typed_of(fields: tuple[Field, ...], given: Mapping[str, str]) -> dict[str, str]:
    """What was typed, whether it makes sense or not, so that a form can give it back."""
    return {field.name: given.get(field.name, "").strip()[: field.max_chars] for field in fields}


def lookup_of(fields: tuple[Field, ...], given: Mapping[str, str]) -> Lookup:
    """Raises `InvalidInput` with each field that is wrong."""
    typed = typed_of(fields, given)
    query: dict[str, str] = {}
    faults = []
    for field in fields:
        text = typed[field.name]
        if not text:
            continue
        value = _moment(text) if field.kind == "moment" else text
        if value is None:
            faults.append(Fault(field.name, "is no moment such as 2026-11-28T13:00"))
        elif field.kind == "choice" and text not in field.choices:
            faults.append(Fault(field.name, "is none of those that can be chosen"))
        elif not value.isprintable() or (field.pattern and not re.fullmatch(field.pattern, value)):
            faults.append(Fault(field.name, "cannot be one"))
        else:
            query[field.name] = value
    if faults:
        raise InvalidInput("; ".join(f"{fault.path}: {fault.message}" for fault in faults), faults=tuple(faults))
    cursor = given.get(CURSOR, "")[:_MAX_CURSOR_CHARS]
    return Lookup(typed, query | ({CURSOR: cursor} if cursor else {}), not cursor)


def _moment(text: str) -> str | None:
    if not _TYPED.fullmatch(text):
        return None
    try:
        at = datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return None
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z") if 1970 <= at.year <= 9998 else None
