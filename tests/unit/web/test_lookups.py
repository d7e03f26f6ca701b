"""What lists are narrowed by: from a query to the API's, and into links."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo_core.errors import InvalidInput
from octavo_web.domain.lookups import Field, lookup_of, typed_of

FIELDS = (
    Field("state", "choice", ("queued", "failed")),
    Field("generator", pattern=r"[a-z0-9]([-a-z0-9._/]*[a-z0-9])?", max_chars=127),
    Field("text", max_chars=5),
    Field("since", "moment"),
)


def test_what_was_left_empty_is_not_asked_for() -> None:
    lookup = lookup_of(FIELDS, {"state": "", "generator": "  ", "nobody": "asked"})
    assert lookup.query == {}
    assert not lookup.is_narrowed
    assert lookup.link("/admin/jobs") == "/admin/jobs"


def test_what_was_typed_is_asked_for_and_stands_in_links() -> None:
    lookup = lookup_of(FIELDS, {"state": "failed", "generator": " prod/text ", "since": "2026-11-28T13:00", "text": "too long"})
    assert lookup.query == {"state": "failed", "generator": "prod/text", "since": "2026-11-28T13:00:00.000Z", "text": "too l"}
    assert lookup.is_narrowed
    assert lookup.link("/p", "c1") == "/p?state=failed&generator=prod%2Ftext&text=too+l&since=2026-11-28T13%3A00&cursor=c1"


def test_a_further_page_is_not_the_first() -> None:
    lookup = lookup_of(FIELDS, {"cursor": "c1", "state": "failed"})
    assert lookup.query == {"state": "failed", "cursor": "c1"}
    assert not lookup.is_first
    assert lookup.link("/p") == "/p?state=failed"


@pytest.mark.parametrize(
    "moment", ["yesterday", "2026-02-30T00:00", "2026-11-28", "0001-01-01T00:00", "2026-11-28T13:00+01:00", "9999-01-01T00:00"]
)
def test_what_is_no_moment_is_said(moment: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        lookup_of(FIELDS, {"since": moment})
    assert [fault.path for fault in caught.value.faults] == ["since"]


@pytest.mark.parametrize("moment", ["2026-11-28T13:00", "2026-11-28T13:00:01", "2026-11-28T13:00:01.5"])
def test_moments_as_browsers_send_them(moment: str) -> None:
    assert lookup_of(FIELDS, {"since": moment}).query["since"].startswith("2026-11-28T13:00:0")


def test_all_that_is_wrong_is_said_at_once_and_given_back() -> None:
    given_ = {"state": "asleep", "generator": "../x", "text": "a\nb"}
    with pytest.raises(InvalidInput) as caught:
        lookup_of(FIELDS, given_)
    assert {fault.path for fault in caught.value.faults} == {"state", "generator", "text"}
    assert typed_of(FIELDS, given_) == {"state": "asleep", "generator": "../x", "text": "a\nb", "since": ""}


@given(st.dictionaries(st.sampled_from(["state", "generator", "text", "since", "cursor", "other"]), st.text(max_size=40)))
def test_nothing_else_gets_into_a_query(given_: dict[str, str]) -> None:
    try:
        lookup = lookup_of(FIELDS, given_)
    except InvalidInput:
        return
    assert set(lookup.query) <= {"state", "generator", "text", "since", "cursor"}
    assert lookup.link("/p", "next").startswith("/p?")
    assert lookup.link("/p").isascii()
