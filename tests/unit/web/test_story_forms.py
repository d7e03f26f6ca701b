"""A story as the service takes it, from the fields of a form."""

from __future__ import annotations

import pytest

from octavo_core.errors import InvalidInput, NotFound
from octavo_web.adapters.generators_api import _just_after
from octavo_web.domain.manuscript import text_of
from octavo_web.pages.editing import _is_already, _number
from octavo_web.pages.stories import _title, story_of


def test_what_was_left_empty_is_left_out() -> None:
    assert story_of({"title": " The sea ", "text": "Waves.", "language": " ", "audience": ""}) == {
        "title": "The sea",
        "content": {"chapters": [{"title": None, "text": "Waves."}]},
    }
    told = story_of({"title": "T", "text": "# One\nA\n# Two\nB", "language": "es", "audience": "young"})
    assert [chapter["title"] for chapter in told["content"]["chapters"]] == ["One", "Two"]
    assert (told["language"], told["audience"]) == ("es", "young")


def test_what_a_generator_wrote_is_one_chapter_whatever_stands_in_it() -> None:
    text = "# Not a chapter\n\nWords."
    chapters = story_of({"title": "T", "text": text}, is_manuscript=False)["content"]["chapters"]
    assert chapters == [{"title": None, "text": text}]
    assert text_of(chapters).startswith("\\# Not")


def test_an_audience_that_there_is_not_is_refused() -> None:
    with pytest.raises(InvalidInput):
        story_of({"title": "T", "text": "x", "audience": "everybody"})


def test_a_save_whose_answer_was_lost_is_known_again() -> None:
    meant = story_of({"title": "T", "text": "Waves.", "audience": "young"})
    story = {**meant, "language": None, "version": 4}
    assert _is_already(story, meant)
    assert not _is_already({**story, "title": "Another"}, meant)
    assert not _is_already({**story, "audience": None}, meant)
    assert not _is_already({**story, "content": {"chapters": [{"title": None, "text": "Waves"}]}}, meant)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("A fox finds a key", "A fox finds a key"),
        ("\n  First   line\nsecond", "First line"),
        ("word " * 40, ("word " * 15).strip() + "…"),
    ],
)
def test_a_kept_text_is_called_by_its_beginning(text: str, title: str) -> None:
    assert _title(text) == title


@pytest.mark.parametrize("revision", ["0", "-1", "x", "", "1.5", "٣", "9" * 11, "2147483649"])
def test_what_is_no_revision_is_not_there(revision: str) -> None:
    with pytest.raises(NotFound):
        _number(revision)


def test_a_page_of_the_history_goes_on_from_the_time_in_an_id() -> None:
    assert _just_after("0198c0de-0000-7000-8000-000000000000") == "2025-08-19T05:47:11.233Z"
    for nothing in ("", "x", "ffffffff-ffff-7000-8000-000000000000"):
        with pytest.raises(NotFound):
            _just_after(nothing)
