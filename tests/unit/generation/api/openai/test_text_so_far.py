from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo_generation.api.openai.text_so_far import Diverged, TextSoFar


def test_pieces_are_passed_on_as_they_come() -> None:
    text = TextSoFar()
    assert [text.hear(1, 1, "one "), text.hear(1, 2, ""), text.hear(1, 3, "two")] == ["one ", "", "two"]
    assert text.rest("one two three") == " three"


def test_a_piece_that_comes_again_is_passed_over() -> None:
    text = TextSoFar()
    text.hear(1, 1, "one ")
    assert text.hear(1, 1, "one ") == ""
    assert text.rest("one ") == ""


def test_after_a_gap_nothing_is_passed_on_until_the_whole_is_known() -> None:
    text = TextSoFar()
    assert text.hear(1, 1, "one ") == "one "
    assert text.hear(1, 3, "three ") == ""
    assert text.hear(1, 4, "four") == ""
    assert text.rest("one two three four") == "two three four"


def test_a_later_attempt_is_silent_while_it_repeats_and_goes_on_from_there() -> None:
    text = TextSoFar()
    text.hear(1, 1, "one two")
    assert text.hear(2, 1, "one ") == ""
    assert text.hear(1, 2, " late words of the attempt before") == ""
    assert text.hear(2, 2, "two three") == " three"


def test_a_later_attempt_in_other_words_cannot_be_told() -> None:
    text = TextSoFar()
    text.hear(1, 1, "one two")
    with pytest.raises(Diverged):
        text.hear(2, 1, "once")


def test_a_result_in_other_words_cannot_be_told() -> None:
    text = TextSoFar()
    text.hear(1, 1, "one two")
    with pytest.raises(Diverged):
        text.rest("one three")


def test_white_space_at_the_end_is_no_difference() -> None:
    text = TextSoFar()
    text.hear(1, 1, "one \n")
    assert text.rest("one") == ""


@given(st.lists(st.text(max_size=5), max_size=8), st.sets(st.integers(0, 7)), st.integers(0, 8))
def test_whatever_is_lost_or_repeated_the_joined_text_is_the_result(pieces: list[str], lost: set[int], killed_after: int) -> None:
    """Attempt 1 ends after some pieces, attempt 2 says all; of both some are lost, and each comes twice."""
    text, told = TextSoFar(), ""
    for attempt, said in ((1, pieces[:killed_after]), (2, pieces)):
        for number, piece in enumerate(said):
            if number not in lost:
                told += text.hear(attempt, number + 1, piece) + text.hear(attempt, number + 1, piece)
    assert told + text.rest("".join(pieces)) == "".join(pieces)
