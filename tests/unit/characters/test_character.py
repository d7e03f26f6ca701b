"""A character's own rules, without a store."""

from __future__ import annotations

from octavo_characters.domain.character import asked_to_draw, drawn, new_body, not_drawn, picture_of, prompt_for, shown_of
from octavo_documents.pictures import KeptPicture

KEPT = KeptPicture("o/j-1.png", "image/png", 8, 8, 100)


def test_a_picture_lands_once_and_only_for_its_job() -> None:
    body = new_body("Marina", "a sailor")
    assert drawn(body, "j-1", KEPT) is None
    asked = asked_to_draw(body, job="j-1", key=None, generator="images", prompt="p", size=None, at=1)
    assert drawn(asked, "j-2", KEPT) is None
    done = drawn(asked, "j-1", KEPT)
    assert done is not None
    assert picture_of(done, "image") == KEPT
    assert drawn(done, "j-1", KEPT) is None
    assert not_drawn(done, "j-1", "late") is None


def test_a_failure_keeps_the_picture_that_was_there() -> None:
    body = {**new_body("Marina", ""), "image": KEPT.as_dict()}
    asked = asked_to_draw(body, job="j-1", key=None, generator="images", prompt="p", size=None, at=1)
    failed = not_drawn(asked, "j-1", "x" * 1_000)
    assert failed is not None
    assert picture_of(failed, "image") == KEPT
    assert len(failed["drawing"]["reason"]) == 300


def test_a_prompt_says_who_it_is_and_what_is_wished() -> None:
    assert prompt_for(new_body("Marina", "A sailor."), "watercolour") == "Portrait of Marina. A sailor. watercolour"
    assert prompt_for(new_body("Marina", ""), None) == "Portrait of Marina"
    assert len(prompt_for(new_body("M", "x" * 4_000), None)) == 1_000


def test_the_picture_that_was_chosen_is_shown_while_it_is_there() -> None:
    body = new_body("Marina", "")
    assert shown_of(body) is None
    both = {**body, "image": KEPT.as_dict(), "image_real": KEPT.as_dict()}
    assert shown_of(both) == "image"
    assert shown_of({**both, "shown": "image_real"}) == "image_real"
    assert shown_of({**both, "shown": "image_real", "image_real": None}) == "image"
    # One from before there was a choice.
    older = {name: value for name, value in both.items() if name != "shown"}
    assert shown_of({**older, "image": None}) == "image_real"
