"""What an editor says while the file is written agrees with what Octavo says afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from tests.unit.core.spec.documents import INVALID, VALID, Document, story

from octavo_core.spec import load_resources, parse_resource
from octavo_core.spec.json_schema import FILE_NAME, editor_schema, render, write

ROOT = Path(__file__).parents[4]
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
VALIDATOR = Draft202012Validator(editor_schema())

BEYOND_JSON_SCHEMA = {
    # comparisons of two values, names that refer to names, and words that depend on other words
    *("model climbs", "quantization of another engine", "llamacpp in int8", "torch in int16", "sketch in a number format"),
    *("scenes writes no texts", "scenes in a number format"),
    *("sketch writes", "two providers of one name", "two steps of one name"),
    *("step needs an unknown one", "step needs itself", "steps in a circle", "retry backwards", "issuer of an open door"),
    *(
        "min above max",
        "moderated by nobody",
        "s3 without bucket",
        "bucket of a folder",
        "azure without container",
        "container of a folder",
        "volume of a bucket",
    ),
}


def accepted(document: Document) -> bool:
    return bool(VALIDATOR.is_valid(document))


def test_the_schema_is_sound() -> None:
    Draft202012Validator.check_schema(editor_schema())


def test_the_committed_file_is_what_the_models_say(tmp_path: Path) -> None:
    committed = ROOT / "docs" / "reference" / FILE_NAME
    assert committed.read_text(encoding="utf-8") == render(), "run `python -m octavo_core.spec.json_schema docs/reference/`"
    assert write(tmp_path) == tmp_path / FILE_NAME


@pytest.mark.parametrize("document", [case[1] for case in VALID if "None" not in str(case[1])])
def test_it_accepts_what_is_sound(document: Document) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(document)] == []


@pytest.mark.parametrize(("name", "document"), [case[:2] for case in INVALID], ids=[case[0] for case in INVALID])
def test_it_refuses_what_is_faulty_where_json_schema_can(name: str, document: Document) -> None:
    assert accepted(document) == (name in BEYOND_JSON_SCHEMA)


def test_quantities_are_numbers_or_text() -> None:
    assert accepted(story(redis={"managed": {"storage": 1073741824}}))
    assert not accepted(story(redis={"managed": {"storage": True}}))


@pytest.mark.parametrize("file", EXAMPLES, ids=[file.stem for file in EXAMPLES])
def test_every_example_is_sound_and_asks_for_the_schema(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    modeline, comment = text.splitlines()[:2]
    assert modeline == f"# yaml-language-server: $schema=../docs/reference/{FILE_NAME}"
    assert comment.startswith("#")
    assert load_resources(file)
    for document in yaml.safe_load_all(text):
        assert [error.message for error in VALIDATOR.iter_errors(document)] == []
        assert parse_resource(document)


def test_examples_that_are_promised_are_there() -> None:
    assert {"tiny-stories", "bedtime-stories"} <= {resource.name for file in EXAMPLES for resource in load_resources(file)}
