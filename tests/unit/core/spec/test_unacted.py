"""A person who sets what nothing acts on yet is told so; whoever sets nothing of it hears nothing."""

from __future__ import annotations

from tests.unit.core.spec.documents import STEP, Document, blog, story, text

from octavo_core.spec import parse_resource
from octavo_core.spec.resource import Spec
from octavo_core.spec.unacted import NOT_YET, not_acted_on_yet


def paths(document: Document) -> list[str]:
    return [fault.path for fault in not_acted_on_yet(parse_resource(document))]


def test_nothing_set_nothing_said() -> None:
    assert paths(story()) == []
    assert paths(text(limits={"maxPromptChars": 100}, auth={"mode": "jwt"}, jobs={"maxQueued": 5})) == []


def test_what_was_set_is_named() -> None:
    assert paths(blog(STEP)) == ["spec.pipeline"]


def test_a_default_that_is_written_out_is_no_promise() -> None:
    written = parse_resource(story()).model_dump(mode="json", exclude_none=True)
    assert paths(written) == []


def test_every_entry_names_a_field() -> None:
    for entry in NOT_YET:
        model: object = Spec
        for attribute in entry.attributes[:-1]:
            model = model.model_fields[attribute].annotation  # type: ignore[attr-defined]
        assert entry.attributes[-1] in model.model_fields  # type: ignore[attr-defined]
