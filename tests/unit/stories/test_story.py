"""A story's own rules, without a store."""

from __future__ import annotations

from typing import Any

from octavo_stories.domain.story import CastMember, Wish, asked_for, edited, not_written, prompt_with, request_for, title_from, written

MARINA = CastMember("c-1", "Marina", "una marinera de nueve años")


def asked(**changes: Any) -> dict[str, Any]:
    return asked_for(Wish(**{"prompt": "Un faro", "cast": (MARINA,), "generator": "tale", **changes}), job="j-1", at=1)


def test_a_text_lands_once_and_only_for_its_job() -> None:
    body = asked()
    ready = written(body, "j-1", "Érase", "es")
    assert ready is not None
    assert ready["content"] == {"chapters": [{"title": None, "text": "Érase"}]}
    assert (ready["state"], ready["language"]) == ("ready", "es")
    assert written(ready, "j-1", "Again", "en") is None
    assert written(body, "j-2", "Other", "en") is None
    assert not_written(ready, "j-1", "late") is None


def test_the_language_that_was_asked_for_stays() -> None:
    ready = written(asked(language="es"), "j-1", "x", "en")
    assert ready is not None
    assert ready["language"] == "es"


def test_a_story_that_failed_says_why_and_can_be_written_by_hand() -> None:
    failed = not_written(asked(), "j-1", "no generator")
    assert failed is not None
    assert (failed["state"], failed["reason"]) == ("failed", "no generator")
    mended = edited(failed, {"content": {"chapters": [{"title": None, "text": "mine"}]}})
    assert mended is not None
    assert (mended["state"], mended["reason"], mended["revision"]) == ("ready", None, 2)


def test_an_edit_touches_what_is_editable_and_nothing_else() -> None:
    body = asked()
    assert edited(body, {"title": body["title"]}) is None
    assert edited(body, {"state": "ready", "job": None, "owner": "eva"}) is None
    changed = edited(body, {"title": "New", "prompt": "other"})
    assert changed is not None
    assert (changed["title"], changed["prompt"]) == ("New", "Un faro")


def test_the_generator_hears_of_the_characters_in_the_storys_language() -> None:
    assert request_for(asked(language="es", seed=3)) == {
        "prompt": "Un faro\n\nPersonajes: Marina (una marinera de nueve años).",
        "language": "es",
        "seed": 3,
    }
    assert prompt_with("A lighthouse", [{"name": "Tom", "description": " "}], None) == "A lighthouse\n\nCharacters: Tom."
    assert prompt_with("A lighthouse", [], "en") == "A lighthouse"


def test_a_title_is_the_beginning_of_the_prompt() -> None:
    assert title_from("Un faro\nque canta") == "Un faro"
    long = title_from("palabra " * 30)
    assert len(long) <= 80
    assert long.endswith("palabra…")
