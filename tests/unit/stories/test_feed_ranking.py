"""How posts are ranked: what any formula must hold that fades with time, for all numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo_core.errors import InvalidInput
from octavo_stories.domain.feed.ranking import DOUBLING_MS, KEPT_MS, MOST, cursor_of, place_of, rank_of

TIMES = st.integers(1_600_000_000_000, 2_500_000_000_000)
COUNTS = st.integers(0, 10_000_000)


@given(TIMES, COUNTS, COUNTS, st.integers(1, 1_000))
def test_more_regard_never_ranks_lower(at: int, likes: int, saves: int, more: int) -> None:
    assert rank_of(at, likes=likes + more, saves=saves) >= rank_of(at, likes=likes, saves=saves)
    assert rank_of(at, likes=likes, saves=saves + more) >= rank_of(at, likes=likes + more, saves=saves)


@given(TIMES, TIMES, COUNTS, COUNTS)
def test_of_equal_regard_the_younger_is_first(one: int, other: int, likes: int, saves: int) -> None:
    assert (rank_of(one, likes=likes, saves=saves) > rank_of(other, likes=likes, saves=saves)) is (one > other)


@given(TIMES, COUNTS, COUNTS)
def test_whatever_was_liked_is_passed_in_the_end(at: int, likes: int, saves: int) -> None:
    """It decays: a post that nobody has seen yet stands above it once as many doublings have gone by as its regard has."""
    doublings = (1 + likes + 2 * saves).bit_length()
    assert rank_of(at + doublings * DOUBLING_MS, likes=0, saves=0) >= rank_of(at, likes=likes, saves=saves)


@given(TIMES, st.integers(0, 20))
def test_twice_the_regard_makes_up_for_one_doubling(at: int, power: int) -> None:
    weight = 2**power
    older, younger = rank_of(at, likes=2 * weight - 1, saves=0), rank_of(at + DOUBLING_MS, likes=weight - 1, saves=0)
    assert abs(older - younger) <= 2


@given(st.integers(0, 2**53 - 1), st.integers(0, MOST))
def test_a_cursor_comes_back_as_the_place_that_it_was_of(bucket: int, place: int) -> None:
    assert place_of(cursor_of(bucket, place)) == (bucket, place)


@given(st.text(max_size=60))
def test_no_other_text_is_a_cursor_by_accident(text: str) -> None:
    refusal, bucket, place = None, 0, 0
    try:
        bucket, place = place_of(text)
    except InvalidInput as error:
        refusal = error
    assert refusal is None or refusal.faults[0].path == "cursor"
    assert bucket >= 0
    assert 0 <= place <= MOST


@pytest.mark.parametrize("said", ["", "W10", "WzEsLTFd", "WzEsMSwxXQ", "W3RydWUsMV0", "é" * 10, "WzEuNSwxXQ"])
def test_what_was_not_given_out_is_refused(said: str) -> None:
    with pytest.raises(InvalidInput):
        place_of(said)


def test_a_reader_has_hours_for_a_ranking() -> None:
    assert KEPT_MS >= 3_600_000
