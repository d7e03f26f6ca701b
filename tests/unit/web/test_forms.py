"""A form from a schema, and a request from a form."""

from __future__ import annotations

from typing import Any

import pytest

from octavo_core.errors import InvalidInput
from octavo_core.spec import Spec
from octavo_generation.tasks.registry import TASKS
from octavo_web.domain.forms import Field, Form, form_of, request_of

UNSEEN: dict[str, Any] = {
    "type": "object",
    "required": ["recipe", "oven"],
    "properties": {
        "recipe": {"type": "string", "maxLength": 4000, "description": "What to cook."},
        "oven": {"$ref": "#/$defs/Oven"},
        "persons": {"type": "integer", "minimum": 1, "maximum": 12, "default": 4},
        "salt": {"anyOf": [{"type": "number", "minimum": 0}, {"type": "null"}], "default": None},
        "vegan": {"type": "boolean", "default": False},
        "course": {"anyOf": [{"type": "string", "enum": ["starter", "main"]}, {"type": "null"}]},
        "steps": {"type": "array", "items": {"type": "string"}},
    },
    "$defs": {"Oven": {"type": "string", "enum": ["gas", "electric"]}},
}


def by_name(form: Form) -> dict[str, Field]:
    return {field.name: field for field in form.fields}


def spec_of(**fields: Any) -> Spec:
    return Spec.model_validate(fields)


def test_a_generator_that_nobody_has_seen_gets_a_form() -> None:
    fields = by_name(form_of(UNSEEN))
    assert {name: field.widget for name, field in fields.items()} == {
        "recipe": "area",
        "oven": "choice",
        "persons": "number",
        "salt": "number",
        "vegan": "switch",
        "course": "choice",
    }
    assert fields["oven"].choices == ("gas", "electric")
    assert fields["oven"].required
    assert (fields["persons"].minimum, fields["persons"].maximum, fields["persons"].default) == (1, 12, "4")
    assert not fields["salt"].whole
    assert fields["recipe"].help == "What to cook."


def test_what_a_form_cannot_ask_for_is_said_when_it_is_needed() -> None:
    with pytest.raises(InvalidInput, match="steps"):
        form_of({**UNSEEN, "required": ["steps"]})


def test_a_form_becomes_the_request() -> None:
    form = form_of(UNSEEN)
    typed = {"recipe": " soup\nfor all ", "oven": "gas", "persons": "2", "salt": "0,5", "vegan": "1", "course": "", "nobody": "asked"}
    assert request_of(form, typed) == {"recipe": " soup\nfor all ", "oven": "gas", "persons": 2, "salt": 0.5, "vegan": True}


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        request_of(form_of(UNSEEN), {"recipe": "  ", "oven": "gas", "persons": "two", "salt": "nan"})
    assert {fault.path for fault in caught.value.faults} == {"recipe", "persons", "salt"}


def test_the_audiences_are_those_that_the_generator_writes_for() -> None:
    spec = spec_of(
        task="story", engine={"name": "ctranslate2", "model": "builtin://tiny-stories"}, audiences={"children": {"temperature": 0.5}}
    )
    form = form_of(TASKS["story"].schema(spec))
    assert by_name(form)["audience"] == Field("audience", "cards", help=by_name(form)["audience"].help, choices=("children",))
    assert form.streams
    assert form.fields[0].name == "prompt"
    assert "stream" not in by_name(form)


def test_a_translator_offers_its_languages_by_name_and_takes_any_code() -> None:
    spec = spec_of(task="translation", engine={"name": "ctranslate2", "model": "builtin://tiny-translator"})
    form = form_of(TASKS["translation"].schema(spec))
    fields = by_name(form)
    assert [field.name for field in form.fields] == ["text", "target_language", "source_language"]
    assert fields["text"].widget == "area"
    for name in ("target_language", "source_language"):
        assert fields[name].widget == "choice"
        assert dict(zip(fields[name].choices, fields[name].names, strict=True)) == {"en": "English", "es": "Spanish", "pt": "Portuguese"}
    assert fields["target_language"].required
    asked = request_of(form, {"text": "The fox.", "target_language": "es", "source_language": ""})
    assert asked == {"text": "The fox.", "target_language": "es"}
    assert TASKS["translation"].request.model_validate({**asked, "target_language": "spa_Latn"})
    of_many = form_of(TASKS["translation"].schema(spec_of(task="translation", engine={"name": "ctranslate2", "model": "file://nllb"})))
    assert len(by_name(of_many)["target_language"].choices) == 202


def test_pictures_have_the_sizes_of_their_providers() -> None:
    form = form_of(TASKS["image"].schema(spec_of(task="image", engine={"name": "sketch", "model": "builtin://sketch"})))
    fields = by_name(form)
    assert fields["size"].widget == "choice"
    assert fields["size"].choices == tuple(form.by_provider["sketch"]["sizes"])
    assert fields["seed"].advanced
    assert "response_format" not in fields
    assert not form.streams


def test_a_file_counts_before_an_address_that_was_left_behind() -> None:
    form = form_of(
        TASKS["image-description"].schema(spec_of(task="image-description", engine={"name": "sketch", "model": "builtin://sketch"}))
    )
    assert form.has_picture
    assert request_of(form, {"image_url": "https://example.com/a.png", "question": ""}, picture="aGk=") == {"image": "aGk="}
    assert request_of(form, {"image_url": "https://example.com/a.png"}) == {"image_url": "https://example.com/a.png"}


def test_a_script_is_asked_for_by_kinds_and_templates_of_the_generator() -> None:
    spec = spec_of(task="script", engine={"name": "scenes", "model": "builtin://tiny-scripts"})
    form = form_of(TASKS["script"].schema(spec))
    fields = by_name(form)
    assert [field.name for field in form.fields][:2] == ["title", "description"]
    assert (fields["script_type"].widget, fields["script_type"].required) == ("choice", True)
    assert {"drama", "podcast"} <= set(fields["script_type"].choices)
    assert (fields["template"].widget, fields["template"].required) == ("choice", False)
    assert (fields["length_target"].widget, fields["length_target"].maximum) == ("number", 20_000)
    assert fields["project_id"].advanced
    asked = request_of(form, {"title": "My Script", "description": "Two sisters", "script_type": "drama", "length_target": "800"})
    assert asked == {"title": "My Script", "description": "Two sisters", "script_type": "drama", "length_target": 800}


@pytest.mark.parametrize("task", sorted(TASKS))
def test_every_task_of_this_version_has_a_form(task: str) -> None:
    assert form_of(TASKS[task].request.model_json_schema()).fields
