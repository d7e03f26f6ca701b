"""Of each field of the schema: what is just beyond it is refused by both judges at that place, and what is just within by neither.

Nothing here is written down twice: the fields and their bounds are read from the definition, the documents from accepted.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.contract.crd.cases import Document, Judge, Place, accepted, cluster_faults, laptop_faults

from octavo_core.spec.crd import custom_resource_definition
from octavo_core.spec.schema import Schema

pytestmark = pytest.mark.needs("control-plane")

SCHEMA: Schema = custom_resource_definition()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
DOCUMENTS = [document for name, document in accepted().items() if name.startswith("everything")]
WRONG_TYPES: dict[str, tuple[Any, ...]] = {
    "string": (7, True, [], {}),
    "integer": ("7", True, 1.5, [], {}),
    "number": ("7", True, [], {}),
    "boolean": ("true", 1, [], {}),
    "array": ("a", 1, {}),
    "object": ("a", 1, []),
}


def dotted(place: Place) -> str:
    """Of the server's words alone nobody can tell where in `limits.nvidia.com/gpu` a name begins."""
    return ".".join(map(str, place))


@dataclass(frozen=True)
class Field:
    place: Place
    schema: Schema
    document: Document
    required: bool

    def __str__(self) -> str:
        return dotted(self.place)

    def with_value(self, value: Any) -> Document:
        return put(self.document, self.place, value)


def put(document: Document, place: Place, value: Any) -> Document:
    """A copy with the value at the place."""
    copied = deepcopy(document)
    node: Any = copied
    for part in place[:-1]:
        node = node[part]
    node[place[-1]] = value
    return copied


def below(value: Any, schema: Schema, place: Place, document: Document) -> Iterator[Field]:
    """Every field that the document gives."""
    if isinstance(value, dict):
        for name, child in value.items():
            inner = schema.get("properties", {}).get(name) or schema["additionalProperties"]
            yield Field((*place, name), inner, document, name in schema.get("required", ()))
            yield from below(child, inner, (*place, name), document)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield Field((*place, index), schema["items"], document, required=False)
            yield from below(child, schema["items"], (*place, index), document)


FIELDS = {str(field): field for document in DOCUMENTS for field in below(document["spec"], SCHEMA, ("spec",), document)}


def known(schema: Schema, path: str) -> Iterator[str]:
    """The paths of all fields, with `*` for an entry of a list."""
    for name, child in schema.get("properties", {}).items():
        yield f"{path}.{name}"
        yield from known(child, f"{path}.{name}")
    if "items" in schema:
        yield from known(schema["items"], f"{path}.*")


def too_much(schema: Schema) -> Iterator[Any]:
    """Just beyond each bound that the schema has."""
    if "minimum" in schema:
        yield schema["minimum"] - 1
    if "maximum" in schema:
        yield schema["maximum"] + 1
    if "enum" in schema:
        yield "none-of-these"
    if "maxLength" in schema:
        yield "a" * (schema["maxLength"] + 1)
    if schema.get("minLength"):
        yield ""
    if any(".matches(" in rule["rule"] and rule["message"].startswith("must be") for rule in schema.get("x-kubernetes-validations", ())):
        yield from (" a", "a ", "a\n", "ä", "a b", "a!")
    if "maxItems" in schema:
        yield ["a"] * (schema["maxItems"] + 1)
    if "maxProperties" in schema:
        yield {f"n{number}": "1" for number in range(schema["maxProperties"] + 1)}


def just_enough(schema: Schema) -> Iterator[Any]:
    yield from (schema[bound] for bound in ("minimum", "maximum") if bound in schema)
    yield from schema.get("enum", ())
    if schema.get("type") == "string" and "maxLength" in schema:
        yield "a" * schema["maxLength"]


def refused_there(document: Document, place: Place, judge: Judge) -> None:
    """Both judges refuse it, and both name the place or what is in it."""
    path = dotted(place)
    for faults in (cluster_faults(judge.create(document)), laptop_faults(document)):
        assert [fault for fault in faults if f"{dotted(fault.place)}.".startswith(f"{path}.")], (path, document, faults)


def agree(document: Document, judge: Judge) -> None:
    by_cluster, by_laptop = cluster_faults(judge.create(document)), laptop_faults(document)
    assert bool(by_cluster) == bool(by_laptop), (document, by_cluster, by_laptop)


def test_the_documents_give_every_field() -> None:
    given_somewhere = {".".join("*" if isinstance(part, int) else part for part in field.place) for field in FIELDS.values()}
    assert set(known(SCHEMA, "spec")) - given_somewhere == set()


@pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS)
def test_what_is_beyond_is_refused_by_both(field: Field, judge: Judge) -> None:
    kind = field.schema.get("type")
    wrong = WRONG_TYPES[kind] if kind else (True, 0.5, [], {})
    for value in (*wrong, *too_much(field.schema)):
        if kind == "array" and value == {}:
            value = {"a": "b"}  # an empty mapping, and only it, reads as an unknown field of nothing
        refused_there(field.with_value(value), field.place, judge)


@pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS)
def test_on_its_bounds_both_say_the_same(field: Field, judge: Judge) -> None:
    for value in just_enough(field.schema):
        agree(field.with_value(value), judge)


@pytest.mark.parametrize("field", [field for field in FIELDS.values() if "properties" in field.schema], ids=str)
def test_no_object_takes_an_unknown_field(field: Field, judge: Judge) -> None:
    refused_there(put(field.document, (*field.place, "surprise"), 1), (*field.place, "surprise"), judge)


@pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS)
def test_without_it_both_say_the_same(field: Field, judge: Judge) -> None:
    """A field without a value is one that is left out; a needed one is then missed by both."""
    document = field.with_value(None)
    if field.required:
        refused_there(document, field.place, judge)
    else:
        agree(document, judge)


# no 3.0 in it: the server takes it for the whole number 3, which YAML and a laptop do not
ODD: tuple[Any, ...] = (
    None,
    "",
    "a",
    "a\n",
    "é",
    "A",
    "0",
    "5Gi",
    "-1",
    "1e3",
    0,
    1,
    -1,
    0.5,
    10**9,
    True,
    [],
    {},
    ["a"],
    {"a": "b"},
    "a" * 300,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.sampled_from(sorted(FIELDS)), st.sampled_from(ODD)), min_size=1, max_size=3))
def test_whatever_is_written_both_say_the_same(changes: list[tuple[str, Any]], judge: Judge) -> None:
    document = FIELDS[changes[0][0]].document
    for path, value in changes:
        try:
            document = put(document, FIELDS[path].place, value)
        except (KeyError, IndexError, TypeError):
            continue  # this document, as it is by now, has no such place
    agree(document, judge)
