"""The definition is one that an API server takes: structural, bounded, described, and equal to the committed file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from octavo_core.spec.crd import FILE_NAME, custom_resource_definition, render, write
from octavo_core.spec.schema import Schema

ROOT = Path(__file__).parents[4]
DEFINITION = custom_resource_definition()
VERSION = DEFINITION["spec"]["versions"][0]
SCHEMA: Schema = VERSION["schema"]["openAPIV3Schema"]

ALLOWED = {
    *("type", "description", "default", "enum", "format", "pattern", "minimum", "maximum", "minLength", "maxLength"),
    *("minItems", "maxItems", "maxProperties", "items", "properties", "required", "additionalProperties"),
    *("x-kubernetes-validations", "x-kubernetes-int-or-string", "x-kubernetes-list-type", "x-kubernetes-list-map-keys"),
}


def nodes(schema: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    yield path, schema
    for name, child in schema.get("properties", {}).items():
        yield from nodes(child, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield from nodes(schema[key], f"{path}[]")


NODES = [*nodes(SCHEMA["properties"]["spec"], "spec"), *nodes(SCHEMA["properties"]["status"], "status")]


def at(path: str) -> Schema:
    return dict(NODES)[path]


def test_the_committed_file_is_what_the_models_say() -> None:
    assert (ROOT / "crds" / FILE_NAME).read_text(encoding="utf-8") == render(), "run `python -m octavo_core.spec.crd crds/`"


def test_it_is_written_where_it_is_wanted(tmp_path: Path) -> None:
    assert write(tmp_path) == tmp_path / FILE_NAME
    assert yaml.safe_load(write(tmp_path / "crd.yaml").read_text()) == DEFINITION


def test_every_node_is_structural() -> None:
    for path, schema in NODES:
        assert set(schema) <= ALLOWED, path
        if schema.get("x-kubernetes-int-or-string"):
            assert "type" not in schema
        else:
            assert schema["type"] in {"object", "array", "string", "integer", "number", "boolean"}
        assert not ("properties" in schema and "additionalProperties" in schema)
        if schema.get("type") == "array":
            assert "items" in schema
        assert set(schema.get("required", ())) <= set(schema.get("properties", ()))
        assert schema.get("default", "") is not None


def test_every_value_is_bounded_so_that_the_cost_of_rules_is() -> None:
    for path, schema in NODES:
        kind = schema.get("type")
        if kind == "string" or "x-kubernetes-int-or-string" in schema:
            assert "maxLength" in schema or "enum" in schema
        if kind == "array":
            assert "maxItems" in schema
        if "additionalProperties" in schema:
            assert "maxProperties" in schema
        if path.startswith("spec") and kind in {"integer", "number"}:
            assert "minimum" in schema
            assert "maximum" in schema
        # the API server compares a whole number with the whole part of a bound: 0 would pass a minimum of 0.5
        assert schema.get("minimum", 0) == int(schema.get("minimum", 0))


def test_every_property_teaches() -> None:
    for path, schema in NODES:
        if not path.endswith("[]"):
            assert len(schema["description"]) >= 12, path
            assert schema["description"].endswith(".")


def test_a_default_is_whole_because_rules_see_it_unfilled() -> None:
    def complete(default: Any, schema: Schema) -> None:
        for name, child in schema.get("properties", {}).items():
            if "default" in child:
                assert default[name] == child["default"]
                complete(default[name], child)

    for _, schema in NODES:
        if isinstance(schema.get("default"), dict):
            complete(schema["default"], schema)


def test_what_cannot_change() -> None:
    volume = "spec.storage.local"
    for path in (
        "spec.task",
        "spec.database.managed.type",
        "spec.database.managed.storage",
        f"{volume}.accessMode",
        f"{volume}.storageClassName",
    ):
        assert "self == oldSelf" in [rule["rule"] for rule in at(path)["x-kubernetes-validations"]]


def test_what_kubectl_shows() -> None:
    columns = VERSION["additionalPrinterColumns"]
    assert [column["name"] for column in columns if not column.get("priority")] == ["READY", "TASK", "MODEL", "WORKERS", "QUEUED", "AGE"]
    assert [column["name"] for column in columns if column.get("priority") == 1] == ["REASON"]
    names = DEFINITION["spec"]["names"]
    assert names["shortNames"] == ["gen"]
    assert names["categories"] == ["octavo"]


def test_the_paths_of_scale_and_columns_are_fields() -> None:
    paths = [*VERSION["subresources"]["scale"].values()]
    paths += [column["jsonPath"] for column in VERSION["additionalPrinterColumns"]]
    plain = [path.removeprefix(".") for path in paths if "[" not in path and "metadata" not in path]
    assert len(plain) == 7
    for path in plain:
        assert at(path)["type"] in {"string", "integer"}


def test_the_name_leaves_room_for_what_is_added_to_it() -> None:
    name = SCHEMA["properties"]["metadata"]["properties"]["name"]
    assert len("a" * name["maxLength"] + "-redis" + "-1234567890") <= 63, "the revision that Kubernetes puts on a StatefulSet's pods"
    assert set(SCHEMA["properties"]["metadata"]) == {"type", "properties"}, "the API server refuses anything else here"
