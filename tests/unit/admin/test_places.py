"""Moments, places and cursors: texts that sort as what they stand for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo_admin.adapters.merging import moment_of, place, placed
from octavo_admin.domain.cursors import decode_cursor, encode_cursor
from octavo_admin.domain.moments import nanoseconds_of, of_nanoseconds, with_nanoseconds
from octavo_core.errors import InvalidInput
from octavo_core.ids import first_uuid_of, generate_uuid

MOMENTS = st.integers(min_value=0, max_value=4_102_444_800_000_000_000)


@given(st.lists(MOMENTS, min_size=2, max_size=2))
def test_moments_sort_as_their_texts(moments: list[int]) -> None:
    assert [nanoseconds_of(of_nanoseconds(moment)) for moment in moments] == moments
    assert sorted(map(of_nanoseconds, moments)) == [of_nanoseconds(moment) for moment in sorted(moments)]


@pytest.mark.parametrize(
    ("said", "whole"),
    [
        ("2026-11-28T13:00:00Z", "2026-11-28T13:00:00.000000000Z"),
        ("2026-11-28T13:00:00.1Z", "2026-11-28T13:00:00.100000000Z"),
        ("2026-11-28T13:00:00.123456789Z", "2026-11-28T13:00:00.123456789Z"),
        ("2026-11-28T13:00:00+01:00", None),
        ("yesterday", None),
    ],
)
def test_kubernetes_leaves_zeros_out(said: str, whole: str | None) -> None:
    assert with_nanoseconds(said) == whole


def test_lines_of_one_moment_keep_their_order() -> None:
    first, second = of_nanoseconds(1), of_nanoseconds(2)
    places = [found for found, _, _ in placed([(first, "a"), (first, "b"), (second, "c")], "ns/pod|x/api")]
    assert places == sorted(places)
    assert len(set(places)) == 3
    assert [moment_of(found) for found in places] == [first, first, second]
    assert place(second, "~", 0) > places[-1]


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=200))
def test_a_cursor_is_what_was_given_out(text: str) -> None:
    cursor = encode_cursor(text)
    assert decode_cursor(cursor) == text
    assert cursor.isascii()
    assert set(cursor) & set("+/=&? ") == set()


@pytest.mark.parametrize("cursor", ["", "x", "===", "ñ", "' OR 1=1", "/etc/passwd", "_" * 500])
def test_what_was_never_given_out_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInput):
        decode_cursor(cursor)


def test_ids_of_a_moment_lie_between_its_bounds() -> None:
    before = round(datetime.now(UTC).timestamp() * 1000) - 1
    made = generate_uuid()
    after = round(datetime.now(UTC).timestamp() * 1000) + 2
    assert first_uuid_of(before) < made < first_uuid_of(after)
    assert first_uuid_of(-5) == "00000000-0000-7000-8000-000000000000"
