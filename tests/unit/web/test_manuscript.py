"""A story becomes a text to edit, and the text that story again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo_web.domain.manuscript import chapters_of, content_of, minutes_of, paragraphs_of, readable, text_of

LINES = st.text(st.characters(exclude_characters="\r\n", exclude_categories=("Cs",)), max_size=12) | st.sampled_from(
    ["# One", "#", "\\# Two", "\\\\#", "#Three", "  # Four", ""]
)
TEXTS = st.lists(LINES, max_size=6).map("\n".join).map(lambda text: text.strip("\n"))
TITLES = st.none() | st.from_regex(r"[A-Za-z#\\][A-Za-z0-9#\\]{0,8}( [A-Za-z#]{1,5})?", fullmatch=True)


@given(st.lists(st.fixed_dictionaries({"title": TITLES, "text": TEXTS}), min_size=1, max_size=5))
def test_what_is_not_changed_stays(chapters: list[dict[str, Any]]) -> None:
    kept = chapters_of(text_of(chapters))
    if len(chapters) > 1 and chapters[0]["title"] is None and not chapters[0]["text"].strip():
        # There is nothing to be seen of a first chapter without title and text.
        chapters = chapters[1:]
    assert kept == chapters


def test_headings_part_chapters() -> None:
    assert chapters_of("It began.\r\n\r\n# The sea\r\n\r\nWaves.\r\n\r\n#\r\nNo name.\r\n\\# not one\r\n#neither") == [
        {"title": None, "text": "It began."},
        {"title": "The sea", "text": "Waves."},
        {"title": None, "text": "No name.\n# not one\n#neither"},
    ]


def test_a_text_that_begins_with_a_heading_has_nothing_before_it() -> None:
    assert chapters_of("\n\n# The sea\nWaves.") == [{"title": "The sea", "text": "Waves."}]


def test_nothing_is_one_empty_chapter() -> None:
    assert chapters_of("") == [{"title": None, "text": ""}]
    assert text_of([]) == ""


def test_paragraphs_are_parted_by_empty_lines() -> None:
    assert paragraphs_of("One\nand more\n\n \n\nTwo\n") == ["One\nand more", "Two"]
    assert readable([{"title": " The  sea ", "text": "Waves."}]) == [("The sea", ["Waves."])]


@pytest.mark.parametrize(("words", "minutes"), [(0, 1), (90, 1), (400, 2), (3_000, 15)])
def test_how_long_one_reads(words: int, minutes: int) -> None:
    assert minutes_of([{"text": "word " * words}]) == minutes


@pytest.mark.parametrize("story", [{}, {"content": None}, {"content": {"chapters": None}}, {"content": {"chapters": ["x"]}}])
def test_what_is_no_story_has_no_chapters(story: dict[str, Any]) -> None:
    assert content_of(story) == []
