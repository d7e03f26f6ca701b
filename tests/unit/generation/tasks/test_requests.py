"""Requests of the tasks, and the payloads that they become."""

from __future__ import annotations

import unicodedata
from typing import Any, cast

import pytest
from pydantic import ValidationError
from tests.servers.generators import generator, provider

from octavo_core.errors import InvalidInput, Misconfigured
from octavo_core.spec import Spec, parse_resource
from octavo_generation.tasks import TASKS, task_for
from octavo_generation.tasks import story as story_task
from octavo_generation.tasks.story import StoryRequest
from octavo_generation.tasks.text import TextRequest


def story_spec(**audiences: Any) -> Spec:
    more = {"audiences": audiences} if audiences else {}
    return parse_resource(generator("x", task="story", providers=[provider("http://h/v1")], **more)).spec


def test_control_characters_are_refused_and_nothing_else_is() -> None:
    for code in [*range(0x300), 0x2028, 0x200B, 0xFEFF, 0x1F642]:
        character = chr(code)
        allowed = unicodedata.category(character) != "Cc" or character in "\n\r\t"
        if allowed:
            TextRequest(prompt=f"a{character}b")
        else:
            with pytest.raises(ValidationError, match=f"U\\+{code:04X}"):
                TextRequest(prompt=f"a{character}b")


def test_a_prompt_is_stripped_and_must_then_hold_something() -> None:
    assert TextRequest(prompt="  x \n").prompt == "x"
    with pytest.raises(ValidationError, match="must not be empty"):
        TextRequest(prompt=" \u2003\n")


@pytest.mark.parametrize("field", [{"seed": 1.0}, {"seed": "1"}, {"seed": True}, {"seed": 2**32}, {"max_tokens": 0}, {"temperature": "1"}])
def test_nothing_is_coerced_and_bounds_hold(field: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TextRequest(prompt="x", **field)


@pytest.mark.parametrize("language", ["e", "EN", "english", "en_US", "en-", "en\n", "en-US-x"])
def test_languages_that_are_none(language: str) -> None:
    with pytest.raises(ValidationError):
        StoryRequest(prompt="x", language=language)


def test_a_story_carries_its_audiences_parameters_written_out() -> None:
    payload = story_task.prepare(StoryRequest(prompt="x", audience="adult", max_tokens=7, seed=3), story_spec(adult={"temperature": 1.5}))
    assert payload["audience"] == "adult"
    assert payload["seed"] == 3
    assert payload["sampling"] == {"temperature": 1.5, "top_p": 0.95, "top_k": 60, "repetition_penalty": 1.1, "max_tokens": 7}


@pytest.mark.parametrize(
    ("audiences", "chosen"), [({}, "young"), ({"children": {}, "adult": {}}, "children"), ({"adult": {}, "young": {}}, "young")]
)
def test_without_an_audience_it_is_young_or_the_first_that_is_served(audiences: dict[str, Any], chosen: str) -> None:
    assert story_task.prepare(StoryRequest(prompt="x"), story_spec(**audiences))["audience"] == chosen


def test_an_audience_that_is_not_served_names_those_that_are() -> None:
    with pytest.raises(InvalidInput) as caught:
        story_task.prepare(StoryRequest(prompt="x", audience="adult"), story_spec(children={}))
    assert caught.value.faults[0].allowed == "children"


def test_a_task_that_this_version_lacks_says_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(cast("dict[str, object]", TASKS), "script")
    spec = parse_resource(generator("x", task="script", providers=[provider("http://h/v1")])).spec
    with pytest.raises(Misconfigured, match=", ".join(TASKS)):
        task_for(spec)
