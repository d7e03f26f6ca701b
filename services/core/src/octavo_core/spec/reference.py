"""The reference of every field as Markdown tables: `python -m octavo_core.spec.reference docs/reference/` writes it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from octavo_core.spec.resource import API_VERSION, KIND
from octavo_core.spec.schema import Schema, allowed_in_words, resource_schema

FILE_NAME = f"{KIND.lower()}.md"

_WRITTEN_BY_PEOPLE = ("name", "namespace", "labels", "annotations")
_HEAD = f"""# {KIND}

Every field of `apiVersion: {API_VERSION}`, `kind: {KIND}`. The smallest one gives `metadata.name`, `spec.task`, and `spec.engine` or one
entry of `spec.providers`; all else has a default. In a cluster, `kubectl explain gen.spec` says the same.

This page is generated from the models in `octavo_core.spec`; do not edit it.
"""


def render() -> str:
    """The page: one table for each part of the resource, then the rules over several fields."""
    properties = resource_schema()["properties"]
    spec, status = properties["spec"], properties["status"]
    metadata = {name: child for name, child in properties["metadata"]["properties"].items() if name in _WRITTEN_BY_PEOPLE}
    parts = [_HEAD, _table("metadata", "", {**properties["metadata"], "properties": metadata}, deep=True)]
    parts.append(_table("spec", spec["description"], spec, deep=False))
    for name, child in spec["properties"].items():
        inner, path = _inside(child, f"spec.{name}")
        if inner.get("properties"):
            parts.append(_table(path, child["description"], inner, deep=True))
    parts.append(_table("status", status["description"], status, deep=True))
    parts.append(_rules({"properties": {"spec": spec}}))
    return "\n".join(parts)


def _inside(schema: Schema, path: str) -> tuple[Schema, str]:
    return (schema["items"], f"{path}[]") if "items" in schema else (schema, path)


def _table(path: str, text: str, schema: Schema, *, deep: bool) -> str:
    lines = [f"## `{path}`", ""]
    if text:
        lines += [text, ""]
    lines += ["| Field | Type | Default | Allowed | What it is |", "|---|---|---|---|---|"]
    lines += [_row(field, child, needed) for field, child, needed in _fields(schema, path, deep=deep)]
    return "\n".join([*lines, ""])


def _fields(schema: Schema, path: str, *, deep: bool) -> Iterator[tuple[str, Schema, bool]]:
    needed = schema.get("required", ())
    for name, child in schema["properties"].items():
        field = f"{path}.{name}"
        yield field, child, name in needed
        inner, below = _inside(child, field)
        if deep and inner.get("properties"):
            yield from _fields(inner, below, deep=True)


def _row(field: str, schema: Schema, needed: bool) -> str:
    default = "**needed**" if needed else f"`{json.dumps(schema['default'])}`" if "default" in schema else ""
    entry = _inside(schema, "")[0]
    allowed = "" if entry.get("properties") else allowed_in_words(schema) or ""
    if "items" in schema and not entry.get("properties"):
        allowed += f"; each {allowed_in_words(entry)}"
    cells = (f"`{field}`", _type(schema), default, allowed, schema.get("description", ""))
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _type(schema: Schema) -> str:
    if schema.get("x-kubernetes-int-or-string"):
        return "quantity"
    kind = str(schema.get("type", "any"))
    if kind == "array":
        return f"list of {_type(schema['items'])}s"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"map to {_type(schema['additionalProperties'])}"
    return kind


def _rules(schema: Schema) -> str:
    lines = ["## Rules over several fields", "", "| Where | Rule |", "|---|---|"]
    lines += [f"| `{path}` | {message} |" for path, message in _messages(schema, "")]
    return "\n".join([*lines, ""])


def _messages(schema: Schema, path: str) -> Iterator[tuple[str, str]]:
    for rule in (*schema.get("x-octavo-rules", ()), *schema.get("x-kubernetes-validations", ())):
        yield path, rule["message"]
    for name, child in schema.get("properties", {}).items():
        inner, below = _inside(child, f"{path}.{name}".removeprefix("."))
        yield from _messages(inner, below)


def write(path: Path) -> Path:
    """Writes the page to `path`, or into it under its usual name where it is a folder; returns the file."""
    file = path / FILE_NAME if path.is_dir() else path
    file.write_text(render(), encoding="utf-8")
    return file


if __name__ == "__main__":
    sys.stdout.write(f"{write(Path(sys.argv[1] if len(sys.argv) > 1 else 'docs/reference'))}\n")
