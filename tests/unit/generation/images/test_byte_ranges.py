"""Range, If-Range and If-None-Match as RFC 9110 has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo_generation.images.byte_ranges import ByteRange, Unsatisfiable, is_not_modified, requested_range

ETAG = '"abc"'


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=0-9", (0, 10)),
        ("bytes=10-", (10, 100)),
        ("bytes=90-1000", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-1000", (0, 100)),
        ("BYTES=5-6", (5, 7)),
        (" bytes=5-6 ", (5, 7)),
        ("bytes=99-", (99, 100)),
    ],
)
def test_a_range(header: str, wanted: tuple[int, int]) -> None:
    assert requested_range(header, None, etag=ETAG, size=100) == ByteRange(*wanted)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=5-4",
        "bytes=a-b",
        "bytes=0-1,5-6",
        "lines=0-1",
        "bytes=0x1-2",
        "bytes=1-2-3",
        "bytes=" + "9" * 30 + "-",
    ],
)
def test_what_may_be_ignored_is_ignored(header: str | None) -> None:
    assert requested_range(header, None, etag=ETAG, size=100) is None


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=5000-5001"])
def test_no_byte_of_it_is_there(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        requested_range(header, None, etag=ETAG, size=100)


@pytest.mark.parametrize(
    ("if_range", "holds"), [(ETAG, True), ('"other"', False), ("W/" + ETAG, False), ("Wed, 21 Oct 2015 07:28:00 GMT", False)]
)
def test_a_range_of_another_version_is_the_whole(if_range: str, holds: bool) -> None:
    assert (requested_range("bytes=0-1", if_range, etag=ETAG, size=100) is not None) is holds


def test_the_answers_header() -> None:
    assert ByteRange(0, 10).content_range(100) == "bytes 0-9/100"


@given(st.text(max_size=40), st.integers(1, 10**9))
def test_no_header_breaks_it(text: str, size: int) -> None:
    try:
        found = requested_range("bytes=" + text, None, etag=ETAG, size=size)
    except Unsatisfiable:
        return
    assert found is None or 0 <= found.start < found.end <= size


@pytest.mark.parametrize(
    ("header", "matches"),
    [(None, False), (ETAG, True), ("W/" + ETAG, True), ('"x", ' + ETAG, True), ("*", True), ('"x"', False), ("", False), ("abc", False)],
)
def test_what_the_caller_has_already(header: str | None, matches: bool) -> None:
    assert is_not_modified(header, ETAG) is matches
