"""The JSON Schema (2020-12) by which editors complete and check a GeneratorService while it is written.

`python -m octavo_core.spec.json_schema docs/reference/` writes it. A file asks for it in its first line:
`# yaml-language-server: $schema=…/generatorservice.schema.json`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from octavo_core.spec.resource import KIND
from octavo_core.spec.schema import Schema, resource_schema

FILE_NAME = f"{KIND.lower()}.schema.json"


def editor_schema() -> dict[str, Any]:
    """One document without references; the rules over several fields are in it where JSON Schema can say them."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": KIND, **_published(resource_schema())}


def _published(node: Schema) -> Schema:
    result: Schema = {}
    for key, value in node.items():
        match key:
            case "x-octavo-allowed":
                # yaml-language-server shows this in place of the expression
                result["patternErrorMessage"] = f"must be {value}"
            case "type" if node.get("x-kubernetes-int-or-string"):
                result["type"] = ["integer", "string"]
            case "properties":
                result[key] = {name: _published(child) for name, child in value.items()}
            case "items" | "additionalProperties" if isinstance(value, dict):
                result[key] = _published(value)
            case _ if not key.startswith(("x-octavo-", "x-kubernetes-")):
                result[key] = value
    return result


def render() -> str:
    """The schema as JSON text."""
    return json.dumps(editor_schema(), indent=1, ensure_ascii=False) + "\n"


def write(path: Path) -> Path:
    """Writes the schema to `path`, or into it under its usual name where it is a folder; returns the file."""
    file = path / FILE_NAME if path.is_dir() else path
    file.write_text(render(), encoding="utf-8")
    return file


if __name__ == "__main__":
    sys.stdout.write(f"{write(Path(sys.argv[1] if len(sys.argv) > 1 else 'docs/reference'))}\n")
