"""The request of the task script, and the payload that it becomes. The fields are those of the Script Generation Service."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from tests.servers.generators import generator

from octavo_core.errors import InvalidInput
from octavo_core.spec import Spec, parse_resource
from octavo_generation.tasks import TASKS
from octavo_generation.tasks.script import ScriptRequest, prepare

README = {
    "project_id": "proj_123",
    "script_type": "drama",
    "title": "My Script",
    "description": "A compelling drama about...",
    "length_target": 2000,
}
ENGINE = {"name": "scenes", "model": "builtin://tiny-scripts"}


def spec(**scripts: Any) -> Spec:
    return parse_resource(generator("x", task="script", engine=ENGINE, **({"scripts": scripts} if scripts else {}))).spec


def payload(**changes: Any) -> dict[str, Any]:
    return prepare(ScriptRequest.model_validate({**README, **changes}), spec())


def refused(**changes: Any) -> str:
    with pytest.raises(ValidationError) as error:
        ScriptRequest.model_validate({**README, **changes})
    return str(error.value)


def test_the_readmes_example_as_it_stands() -> None:
    made = payload()
    assert made["template_body"]["id"] == "drama"
    assert {name: made[name] for name in README} == README


def test_project_id() -> None:
    assert payload(project_id=None).get("project_id") is None
    assert "project_id" in refused(project_id="../../etc")


def test_script_type() -> None:
    assert payload(script_type="Sci_Fi")["template_body"]["genre"] == "sci-fi"
    with pytest.raises(InvalidInput, match="there is no template of this kind"):
        payload(script_type="opera")
    assert "script_type" in refused(script_type=None)


def test_title() -> None:
    assert payload(title=" My\n Script ")["title"] == "My Script"
    assert "title" in refused(title="x" * 201)


def test_description() -> None:
    assert "must not be empty" in refused(description="  ")


def test_length_target() -> None:
    assert payload(length_target=None)["length_target"] == 2000
    assert payload(length_target=None, script_type="commercial")["length_target"] == 250
    assert "length_target" in refused(length_target=20_001)
    assert "length_target" in refused(length_target="2000")


def test_template() -> None:
    assert payload(template="short-film")["template"] == "short-film"
    with pytest.raises(InvalidInput, match="there is no such template"):
        payload(template="epic")


def test_characters() -> None:
    assert payload(characters=["Ana", "Berta"])["characters"] == ["Ana", "Berta"]
    assert "characters" in refused(characters=["x"] * 13)


def test_all_that_a_person_wrote_is_moderated_and_counted() -> None:
    request = ScriptRequest.model_validate({**README, "characters": ["Ana"]})
    assert request.texts == ("My Script", "A compelling drama about...", "Ana")


def test_the_payload_holds_its_template_so_that_an_edit_changes_new_jobs_only() -> None:
    own = {"id": "drama", "genre": "drama", "name": "Mine", "description": "x", "beats": [{"name": "a", "goal": "b"}]}
    made = prepare(ScriptRequest.model_validate(README), spec(templates=[own]))
    assert made["template_body"]["name"] == "Mine"


def test_the_schema_names_kinds_and_templates_so_that_a_form_can_offer_them() -> None:
    own = {"id": "heist", "genre": "heist", "name": "Heist", "description": "x", "beats": [{"name": "a", "goal": "b"}]}
    properties = TASKS["script"].schema(spec(templates=[own]))["properties"]
    assert {"drama", "podcast", "heist"} <= set(properties["script_type"]["enum"])
    assert {"short-film", "heist"} <= set(properties["template"]["anyOf"][0]["enum"])
