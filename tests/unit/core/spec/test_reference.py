"""The page of fields is what the models say, and leaves none out."""

from __future__ import annotations

from pathlib import Path

from octavo_core.spec.reference import FILE_NAME, render, write
from octavo_core.spec.schema import Schema, resource_schema

ROOT = Path(__file__).parents[4]


def test_the_committed_page_is_what_the_models_say(tmp_path: Path) -> None:
    committed = ROOT / "docs" / "reference" / FILE_NAME
    assert committed.read_text(encoding="utf-8") == render(), "run `python -m octavo_core.spec.reference docs/reference/`"
    assert write(tmp_path) == tmp_path / FILE_NAME


def test_every_field_has_exactly_one_row() -> None:
    page = render().partition("## Rules over")[0].splitlines()

    def check(schema: Schema, path: str) -> None:
        for name, child in schema.get("properties", {}).items():
            field = f"{path}.{name}"
            assert sum(line.startswith(f"| `{field}` |") for line in page) == 1, field
            check(child.get("items", child), f"{field}[]" if "items" in child else field)

    for part in ("spec", "status"):
        check(resource_schema()["properties"][part], part)


def test_every_row_has_every_cell() -> None:
    for line in render().splitlines():
        if line.startswith("| `spec") and line.count("|") > 3:
            assert line.replace("\\|", "").count("|") == 6, line
