"""The resource as one plain JSON Schema without references, nulls and titles: what the CRD, the faults and the reference are made of.

It keeps the members that begin with `x-octavo-`: `x-octavo-rules` (the CEL rules of an object) and `x-octavo-allowed` (a pattern in
plain words). Who publishes the schema drops or translates them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from octavo_core.spec.resource import GeneratorService

Schema = dict[str, Any]

_QUIET = ("title", "$defs")


@lru_cache(maxsize=1)
def resource_schema() -> Schema:
    """The schema of a whole GeneratorService. It is shared: copy what you change."""
    document = GeneratorService.model_json_schema(by_alias=True, mode="validation")
    schema = _plain(document, document.get("$defs", {}))
    schema["required"] = ["apiVersion", "kind", "metadata", "spec"]
    return schema


def _plain(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> Schema:
    merged: Schema = {}
    if "$ref" in node:
        merged.update(_plain(definitions[node["$ref"].rsplit("/", 1)[1]], definitions))
    for variant in node.get("anyOf", ()):
        if variant.get("type") != "null":
            merged.update(_plain(variant, definitions))
    for key, value in node.items():
        if key in {"$ref", "anyOf", *_QUIET} or (key == "default" and value is None):
            continue
        if key == "properties":
            merged[key] = {name: _plain(child, definitions) for name, child in value.items()}
        elif key in {"items", "additionalProperties"} and isinstance(value, Mapping):
            merged[key] = _plain(value, definitions)
        elif key == "const":
            merged["enum"] = [value]
        else:
            merged[key] = value
    return merged


def schema_at(path: Sequence[str | int]) -> Schema | None:
    """The schema of the value at a path of YAML names and list indexes; None where the resource has no such field."""
    node: Schema | None = resource_schema()
    for part in path:
        if node is None:
            return None
        node = node.get("items") if isinstance(part, int) else node.get("properties", {}).get(part) or _additional(node)
    return node


def _additional(node: Schema) -> Schema | None:
    value = node.get("additionalProperties")
    return value if isinstance(value, dict) else None


def allowed_in_words(schema: Mapping[str, Any]) -> str | None:
    """`1 to 1000`, `one of none, jwt, oidc`, `true or false`: what a value may be; None where nothing can be said."""
    if "enum" in schema:
        names = [str(value) for value in schema["enum"]]
        return names[0] if len(names) == 1 else f"one of {', '.join(names)}"
    if "x-octavo-allowed" in schema:
        return str(schema["x-octavo-allowed"])
    kind = schema.get("type")
    if kind in {"integer", "number"}:
        noun = "a whole number" if kind == "integer" else "a number"
        return _between(noun, schema.get("minimum"), schema.get("maximum"))
    if kind == "string":
        return _between("text", schema.get("minLength"), schema.get("maxLength"), " characters")
    if kind == "array":
        return _between("a list", schema.get("minItems"), schema.get("maxItems"), " entries")
    if kind == "boolean":
        return "true or false"
    if kind == "object" and schema.get("required"):
        return f"a mapping with at least {', '.join(schema['required'])}"
    if kind == "object" and schema.get("properties"):
        return f"a mapping with any of {', '.join(schema['properties'])}"
    return "names with values" if kind == "object" else None


def _between(noun: str, low: float | None, high: float | None, unit: str = "") -> str:
    if low is not None and high is not None:
        return f"{noun}{' of' if unit else ' from'} {_number(low)} to {_number(high)}{unit}"
    if low is not None:
        return f"{noun} of at least {_number(low)}{unit}"
    if high is not None:
        return f"{noun} of at most {_number(high)}{unit}"
    return noun


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)
