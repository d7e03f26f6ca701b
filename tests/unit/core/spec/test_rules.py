"""Every rule holds in pydantic where it holds in CEL, and breaks where it breaks there."""

from __future__ import annotations

import importlib
import os
from typing import Any

import pytest
from tests.unit.core.spec.documents import INVALID, VALID, Document

from octavo_core.errors import InvalidResource
from octavo_core.spec import GeneratorService, parse_resource
from octavo_core.spec.crd import custom_resource_definition
from octavo_core.spec.document import to_document
from octavo_core.spec.model import Model
from octavo_core.spec.rule import Rule
from octavo_core.spec.schema import Schema


def _models(root: type[Model]) -> set[type[Model]]:
    found = {root}
    for child in root.__subclasses__():
        found |= _models(child)
    return found


RULES: dict[str, Rule] = {rule.message: rule for model in _models(Model) for rule in model.rules}
SCHEMA: Schema = custom_resource_definition()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]


def broken(document: Document) -> set[str]:
    """The messages of the rules that pydantic says are broken."""
    try:
        parse_resource(document)
    except InvalidResource as error:
        return {fault.message for fault in error.faults} & set(RULES)
    return set()


def test_every_rule_is_in_the_definition() -> None:
    def messages(node: Schema) -> set[str]:
        own = {rule["message"] for rule in node.get("x-kubernetes-validations", ())}
        children = [*node.get("properties", {}).values(), *(node[key] for key in ("items", "additionalProperties") if key in node)]
        return own.union(*(messages(child) for child in children))

    in_crd = messages(SCHEMA["properties"]["spec"])
    assert set(RULES) < in_crd
    assert {message for message in in_crd - set(RULES) if "cannot change" not in message and not message.startswith("must be ")} == set()


def test_every_rule_has_a_case_that_breaks_it() -> None:
    cases = set().union(*(broken(document) for _, document, _, _ in INVALID))
    # the validator of the field speaks first in pydantic; the rule is for the API server, whose pattern cannot say it
    assert set(RULES) - cases == {"the model's path may not climb with `..`"}


def test_what_a_rule_reads_and_points_to_are_fields_of_its_model() -> None:
    for model in _models(Model):
        fields = {field.alias or name for name, field in model.model_fields.items()}
        for rule in model.rules:
            assert set(rule.reads) <= fields
            assert rule.at is None or rule.at in fields


def defaulted(value: Any, schema: Schema) -> Any:
    """As the API server fills in defaults: below what is there, nulls pruned first."""
    if isinstance(value, list):
        return [defaulted(item, schema["items"]) for item in value]
    if not isinstance(value, dict):
        return value
    present = {key: item for key, item in value.items() if item is not None}
    properties: Schema = schema.get("properties", {})
    present = {name: child["default"] for name, child in properties.items() if "default" in child} | present
    return {key: defaulted(item, properties.get(key, schema.get("additionalProperties", {}))) for key, item in present.items()}


@pytest.mark.parametrize("document", [case[1] for case in VALID], ids=[case[0] for case in VALID])
def test_the_defaults_of_the_definition_are_those_of_the_models(document: Document) -> None:
    filled = {**document, "spec": defaulted(document["spec"], SCHEMA["properties"]["spec"])}
    assert parse_resource(filled) == parse_resource(document)
    shown = to_document(GeneratorService.model_validate(filled))["spec"]
    everything = parse_resource(document).model_dump(mode="json", by_alias=True, exclude_none=True)["spec"]
    assert shown == everything, "nothing has a default in the models that the API server does not fill in"


def cel_verdicts(document: Document) -> set[str]:
    name = "cel_expr_python.cel"
    cel = importlib.import_module(name) if os.environ.get("OCTAVO_REQUIRE") == "all" else pytest.importorskip(name)
    environment = cel.NewEnv(variables={"self": cel.Type.DYN})
    messages: set[str] = set()

    def visit(value: Any, schema: Schema) -> None:
        if isinstance(value, list):
            for item in value:
                visit(item, schema["items"])
            return
        for rule in schema.get("x-kubernetes-validations", ()):
            if "oldSelf" in rule["rule"]:
                continue
            verdict = environment.compile(rule["rule"]).eval(data={"self": value}).value()
            assert isinstance(verdict, bool), f"{rule['rule']} says {verdict}"
            if not verdict:
                messages.add(rule["message"])
        if isinstance(value, dict):
            for name, child in schema.get("properties", {}).items():
                if name in value:
                    visit(value[name], child)

    spec = SCHEMA["properties"]["spec"]
    visit(defaulted(document["spec"], spec), spec)
    return messages


@pytest.mark.parametrize("document", [case[1] for case in VALID], ids=[case[0] for case in VALID])
def test_cel_accepts_what_pydantic_accepts(document: Document) -> None:
    assert cel_verdicts(document) == set()


RULE_CASES = [(name, document) for name, document, _, _ in INVALID if broken(document)]


@pytest.mark.parametrize("document", [case[1] for case in RULE_CASES], ids=[case[0] for case in RULE_CASES])
def test_cel_refuses_what_pydantic_refuses_and_for_the_same_reason(document: Document) -> None:
    assert cel_verdicts(document) == broken(document)
