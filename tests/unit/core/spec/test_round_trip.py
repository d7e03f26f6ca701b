"""Any resource survives the way to YAML and back, and no input at all makes parsing fail in another way than it promises."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.unit.core.spec.documents import ENGINE, PROVIDER, VALID, Document, resource

from octavo_core.errors import Fault, InvalidResource
from octavo_core.spec import GeneratorService, load_resources, parse_resource
from octavo_core.spec.document import to_document, to_yaml
from octavo_core.spec.schema import Schema, resource_schema

SPEC: Schema = resource_schema()["properties"]["spec"]["properties"]
LEAVE_TO_RULES = {
    "spec",
    "needs",
    "env",
    "secretRef",
    "managed",
    "external",
    "mode",
    "issuer",
    "audience",
    "backend",
    "local",
    "s3",
    "azure",
    "provider",
}


def values(schema: Schema) -> st.SearchStrategy[Any]:
    """Any value that the schema of one field allows; rules over several fields are not asked."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kind = schema["type"]
    if kind == "integer":
        return st.integers(schema["minimum"], schema["maximum"])
    if kind == "number":
        return st.floats(schema["minimum"], schema["maximum"], allow_nan=False) | st.integers(schema["minimum"], schema["maximum"])
    if kind == "boolean":
        return st.booleans()
    if kind == "array":
        return st.lists(values(schema["items"]), min_size=schema.get("minItems", 0), max_size=3)
    if kind == "object" and "additionalProperties" in schema and isinstance(schema["additionalProperties"], dict):
        return st.dictionaries(st.text(max_size=8), values(schema["additionalProperties"]), max_size=3)
    if kind == "object":
        return fields(schema)
    if "pattern" in schema:
        return st.from_regex(schema["pattern"].replace("$", r"\Z"), alphabet=st.characters(codec="utf-8", exclude_categories=["C"])).filter(
            lambda text: schema.get("minLength", 0) <= len(text) <= schema["maxLength"]
        )
    return st.text(min_size=schema.get("minLength", 0), max_size=min(schema["maxLength"], 20))


def fields(schema: Schema) -> st.SearchStrategy[Document]:
    required = {name: values(schema["properties"][name]) for name in schema.get("required", ())}
    optional = {name: values(child) for name, child in schema["properties"].items() if name not in required and name not in LEAVE_TO_RULES}
    return st.fixed_dictionaries(required, optional=optional)


def ordered(pair: str, low: str, high: str) -> Any:
    def swap(part: Document) -> Document:
        owner = part.get(pair, {}) if pair else part
        if low in owner or high in owner:
            first, second = owner.get(low, 0), owner.get(high, 10**6 if pair else 1000)
            owner[low], owner[high] = min(first, second), max(first, second)
        return part

    return swap


PARTS = {
    "jobs": values(SPEC["jobs"]).map(ordered("retry", "baseSeconds", "maxSeconds")).filter(lambda jobs: _retry_in_range(jobs)),
    "limits": values(SPEC["limits"]),
    "moderation": values(SPEC["moderation"]),
    "workers": values(SPEC["workers"]).map(ordered("", "min", "max")),
    "api": values(SPEC["api"]),
    "audiences": st.fixed_dictionaries({"young": values(SPEC["audiences"]["properties"]["young"])}),
    "database": st.fixed_dictionaries({"managed": values(SPEC["database"]["properties"]["managed"])}),
}


def _retry_in_range(jobs: Document) -> bool:
    retry = jobs.get("retry", {})
    return bool(retry.get("baseSeconds", 0) <= 3600 and retry.get("maxSeconds", 0) <= 86400)


documents = st.fixed_dictionaries({}, optional=PARTS).map(lambda parts: resource(task="story", engine=ENGINE, **parts))


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(documents)
@example(resource(task="story", engine=ENGINE, moderation={"blockedWords": ["\x85", "a\u2028b"]}))
def test_any_resource_survives_yaml(document: Document) -> None:
    read = parse_resource(document)
    assert load_resources(to_yaml(read)) == [read]
    assert parse_resource(to_document(read)) == read
    whole = read.model_dump(mode="json", exclude_none=True)
    assert parse_resource(whole) == read


def test_what_was_not_given_is_not_written() -> None:
    for _, document in VALID:
        if "None" not in str(document):
            written = to_document(parse_resource(document))
            again = written["spec"]
            assert isinstance(again, dict)
            assert set(again) == set(document["spec"])


def test_a_resource_made_in_python_is_written_whole() -> None:
    made = GeneratorService.model_validate({"metadata": {"name": "a"}, "spec": {"task": "text", "providers": [PROVIDER]}})
    assert to_document(made)["kind"] == "GeneratorService"
    assert load_resources(to_yaml(made)) == [made]


names = st.text(max_size=5) | st.integers() | st.floats() | st.none() | st.booleans()
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers() | st.floats() | st.none(), inner, max_size=3)
    ),
    max_leaves=8,
)


@st.composite
def spoiled(draw: st.DrawFn) -> Document:
    """A sound resource in which something, somewhere, was replaced or added."""
    document = draw(st.sampled_from([case[1] for case in VALID]))

    def visit(value: Any) -> Any:
        if draw(st.integers(0, 9)) == 0:
            return draw(anything)
        if isinstance(value, dict):
            extra = {draw(st.text(max_size=6)): draw(anything)} if draw(st.integers(0, 14)) == 0 else {}
            return {**{key: visit(child) for key, child in value.items()}, **extra}
        return [visit(child) for child in value] if isinstance(value, list) else value

    return {key: visit(value) for key, value in document.items()}


def faults_of(document: Document) -> tuple[Fault, ...]:
    try:
        parse_resource(document)
    except InvalidResource as error:
        return error.faults or (Fault("", ""),)
    return ()


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(spoiled())
def test_whatever_is_wrong_there_is_a_fault_with_a_path_and_a_message(document: Document) -> None:
    faults = faults_of(document)
    assert all(fault.message and "\n" not in fault.path for fault in faults)
    assert len({(fault.path, fault.message) for fault in faults}) == len(faults)
