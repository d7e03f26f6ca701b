"""One source for what a chart's values mean: the comments of its values.yaml.

`python -m scripts.charts.document` copies them into the table of the chart's README.md and into the descriptions of its
values.schema.json, which editors show. A test holds the three together, so nobody has to say a thing three times.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CHARTS = Path(__file__).parents[2] / "charts"
BEGIN, END = "<!-- values: made from values.yaml by `./task charts` -->", "<!-- /values -->"


@dataclass(frozen=True, slots=True)
class Value:
    """One key of values.yaml. `leaf` is False for a group, whose keys follow."""

    path: tuple[str, ...]
    default: Any
    text: str
    leaf: bool


class Undescribed(Exception):
    """A key has no comment above it, or stands in one file and not in the other."""


def values_of(chart: Path) -> list[Value]:
    """Every key of the chart's values.yaml in its order. A group ends where the schema lets people write what they like."""
    text = (chart / "values.yaml").read_text()
    node = yaml.compose(text)
    assert isinstance(node, yaml.MappingNode), f"{chart.name}/values.yaml is a mapping"
    return list(_walk(node, yaml.safe_load(text), text.splitlines(), (), schema_of(chart)))


def schema_of(chart: Path) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((chart / "values.schema.json").read_text())
    return schema


def at(schema: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """The schema of one key, as it stands there. On the way to it no reference is followed: what many share can describe none of them.
    Raises `Undescribed`."""
    part: Any = schema
    for step in path:
        if step not in part.get("properties", {}):
            raise Undescribed(f"{'.'.join(path)} stands in values.yaml and not in values.schema.json")
        part = part["properties"][step]
    found: dict[str, Any] = part
    return found


def resolved(schema: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = part.get("$ref")
    if reference is None:
        return part
    found: Any = schema
    for step in str(reference).removeprefix("#/").split("/"):
        found = found[step]
    return resolved(schema, found)


def _walk(
    node: yaml.MappingNode, data: Mapping[str, Any], lines: list[str], above: tuple[str, ...], schema: Mapping[str, Any]
) -> Iterator[Value]:
    for key_node, value_node in node.value:
        path = (*above, str(key_node.value))
        default = data[key_node.value]
        fixed = resolved(schema, at(schema, path)).get("additionalProperties") is False
        leaf = not (isinstance(value_node, yaml.MappingNode) and fixed)
        text = _comment_above(lines, key_node.start_mark.line, key_node.start_mark.column)
        if leaf and not text:
            raise Undescribed(f"{'.'.join(path)} has no comment above it in values.yaml")
        yield Value(path, default, text, leaf)
        if not leaf:
            yield from _walk(value_node, default, lines, path, schema)


def _comment_above(lines: list[str], line: int, column: int) -> str:
    comment: list[str] = []
    mark = " " * column + "# "
    while line > 0 and lines[line - 1].startswith(mark):
        line -= 1
        comment.insert(0, lines[line][len(mark) :].strip())
    return " ".join(comment)


def table(chart: Path) -> str:
    rows = ["| Value | Default | What |", "|---|---|---|"]
    for value in values_of(chart):
        if value.leaf:
            default = json.dumps(value.default, ensure_ascii=False)
            rows.append(f"| `{'.'.join(value.path)}` | `{default}` | {_cell(value.text)} |")
    return "\n".join(rows)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def readme(chart: Path) -> str:
    """README.md as it should be: its own text around the table. Raises `Undescribed` when it has no place for one."""
    text = (chart / "README.md").read_text()
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise Undescribed(f"{chart.name}/README.md needs one `{BEGIN}` and one `{END}`")
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{table(chart)}\n{END}{rest.split(END)[1]}"


def schema_text(chart: Path) -> str:
    """values.schema.json as it should be: its own rules, with the descriptions of values.yaml."""
    schema = schema_of(chart)
    for value in values_of(chart):
        part = at(schema, value.path)
        if value.text:
            rules = {key: rule for key, rule in part.items() if key != "description"}
            part.clear()
            part.update({"description": value.text, **rules})
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def undescribed_properties(chart: Path) -> list[str]:
    """Keys that the schema allows by name and that values.yaml does not show."""
    schema = schema_of(chart)
    shown = {value.path for value in values_of(chart)}
    missing: list[str] = []

    def look(part: Mapping[str, Any], path: tuple[str, ...]) -> None:
        if path and path not in shown:
            missing.append(".".join(path))
            return
        part = resolved(schema, part)
        if part.get("additionalProperties") is False:
            for name, inner in part.get("properties", {}).items():
                if (*path, name) != ("global",):
                    look(inner, (*path, name))

    look(schema, ())
    return missing


def charts() -> list[Path]:
    return sorted(path.parent for path in CHARTS.glob("*/Chart.yaml"))


def main() -> None:
    for chart in charts():
        for path, text in ((chart / "values.schema.json", schema_text(chart)), (chart / "README.md", readme(chart))):
            if path.read_text() != text:
                path.write_text(text)
                print(f"wrote {path.relative_to(CHARTS.parent)}", file=sys.stderr)


if __name__ == "__main__":
    main()
