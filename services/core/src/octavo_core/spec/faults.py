"""From pydantic's errors to faults in plain words: where, what, and what is allowed there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from octavo_core.errors import Fault
from octavo_core.spec.model import BROKEN_RULES
from octavo_core.spec.rule import Rule
from octavo_core.spec.schema import Schema, allowed_in_words, resource_schema, schema_at

Location = tuple[str | int, ...]

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_EXPECTED = {
    "int": "a whole number",
    "float": "a number",
    "string": "text",
    "bool": "true or false",
    "tuple": "a list",
    "model": "a mapping of fields",
    "dict": "a mapping of names to values",
}


@dataclass(frozen=True, slots=True)
class Located:
    """A fault with its place as names and list indexes, for whoever knows the lines of the file."""

    location: Location
    fault: Fault


def dotted(location: Location) -> str:
    """`spec.providers[0].type`; a name that is no identifier stands in quotes: `metadata.labels["a/b"]`."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif _PLAIN.fullmatch(part):
            path += f".{part}" if path else part
        else:
            path += f"[{json.dumps(part[:60], ensure_ascii=False)}]"
    return path


def fault_at(location: Location, message: str, allowed: str | None = None) -> Located:
    return Located(location, Fault(dotted(location), message, allowed))


def rule_fault(location: Location, rule: Rule) -> Located:
    """The fault of a rule that the object at `location` breaks."""
    where = location if rule.at is None else (*location, rule.at)
    return fault_at(where, rule.message, rule.allowed)


def broken_rules(error: ErrorDetails) -> tuple[Rule, ...]:
    """The rules that a pydantic error carries; empty where it is about a single field."""
    return tuple(error["ctx"]["broken"]) if error["type"] == BROKEN_RULES else ()


def location_of(error: ErrorDetails) -> Location:
    """Where a pydantic error is. A fault of a mapping's key is said of the entry."""
    return tuple(part for part in error["loc"] if part != "[key]")


def field_fault(error: ErrorDetails) -> Located:
    """The fault of one field. The value itself is quoted only where it must be one of a few words: it may be a secret."""
    location = location_of(error)
    kind = error["type"]
    context: Mapping[str, Any] = error.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown(location)
    schema = schema_at(location) or {}
    allowed = allowed_in_words(schema)
    if kind == "octavo_value":
        return fault_at(location, context["text"], context["allowed"])
    return fault_at(location, _message(kind, error["input"], context, schema), allowed)


def _message(kind: str, value: object, context: Mapping[str, Any], schema: Schema) -> str:
    match kind:
        case "missing":
            return "is needed and not given"
        case "literal_error":
            return _not_a_choice(value, schema)
        case "greater_than_equal":
            return f"{value} is too small"
        case "less_than_equal":
            return f"{value} is too large"
        case "finite_number":
            return "must be a finite number"
        case "string_pattern_mismatch":
            return "does not have the right form"
        case "string_too_long":
            return f"is too long: {len(str(value))} characters"
        case "string_too_short":
            return "may not be empty" if value == "" else f"is too short: {len(str(value))} characters"
        case "too_long":
            return f"has too many entries: {context.get('actual_length') or 'more than ' + str(context['max_length'])}"
        case "too_short":
            return "may not be empty"
        case "invalid_key":
            return f"the name {value!r} must be text; put it in quotes"
    expected = _EXPECTED.get(kind.partition("_")[0])
    return f"must be {expected}, not {_in_words(value)}" if expected else f"is not allowed ({kind.replace('_', ' ')})"


def _in_words(value: object) -> str:
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text" if value else "empty text"
        case Mapping():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case None:
            return "nothing"
    return f"a {type(value).__name__}"


def _not_a_choice(value: object, schema: Schema) -> str:
    text = str(value)
    shown = text if len(text) <= 40 else f"{text[:37]}..."
    near = get_close_matches(text.lower(), [str(choice) for choice in schema.get("enum", ())], n=1)
    return f"`{shown}` is not one of the choices" + (f"; did you mean `{near[0]}`?" if near else "")


def only_echoes(error: ErrorDetails) -> bool:
    """Whether a list is called too short only because pydantic does not count its faulty entries."""
    return error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"]


def meant(error: ErrorDetails) -> Location | None:
    """The known field that an unknown one was probably meant to be."""
    if error["type"] != "extra_forbidden":
        return None
    location = location_of(error)
    near = _nearest(location)
    return None if near is None else (*location[:-1], near)


def _unknown(location: Location) -> Located:
    name = str(location[-1])
    message = f"unknown field `{dotted((name[:60],))}`"
    if (near := _nearest(location)) is not None:
        message += f"; did you mean `{near}`?"
    elif len(elsewhere := _places().get(name, ())) == 1:
        message += f"; it belongs at {elsewhere[0]}"
    return fault_at(location, message, ", ".join(_fields_beside(location)) or None)


def _fields_beside(location: Location) -> list[str]:
    return list((schema_at(location[:-1]) or {}).get("properties", {}))


def _nearest(location: Location) -> str | None:
    known = _fields_beside(location)
    name = to_camel(str(location[-1]))
    same = (field for field in known if field.lower() == name.lower())
    return next(same, None) or next(iter(get_close_matches(name, known, n=1)), None)


@lru_cache(maxsize=1)
def _places() -> dict[str, tuple[str, ...]]:
    places: dict[str, tuple[str, ...]] = {}
    for path in _paths(resource_schema()["properties"]["spec"], "spec"):
        name = path.rpartition(".")[2]
        places[name] = (*places.get(name, ()), path)
    return places


def _paths(schema: Schema, path: str) -> Iterator[str]:
    for name, child in schema.get("properties", {}).items():
        yield f"{path}.{name}"
        yield from _paths(child, f"{path}.{name}")
        if "items" in child:
            yield from _paths(child["items"], f"{path}.{name}[]")
