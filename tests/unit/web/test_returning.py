"""Where a login may lead: here, and to a page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo_web.domain.returning import HOME, page_path, return_path


@pytest.mark.parametrize(
    "asked", ["/studio", "/studio/tiny-stories?from=0198", "/library", "/admin", "/", "/feed/@mar", "/library/stories?search=el+faro"]
)
def test_a_page_of_this_place_is_returned_to(asked: str) -> None:
    assert return_path(asked) == asked


@pytest.mark.parametrize(
    "asked",
    [
        None,
        "",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example/studio",
        "javascript:alert(1)",
        "/%2f%2fevil.example",
        "/%5Cevil.example",
        "/studio\r\nset-cookie: a=b",
        "/studio\tx",
        "/api/auth/me",
        "/logout",
        "/studio/../..//evil.example",
        "/studio//evil.example",
        "/studio/%2e%2e/x",
        "/studio/..",
        "/login?next=/studio",
        "studio",
        "/" + "a" * 600,
    ],
)
def test_anything_else_leads_home(asked: str | None) -> None:
    assert return_path(asked) == HOME


@given(st.text(max_size=60))
def test_no_text_leads_away(asked: str) -> None:
    found = page_path(asked)
    assert found.startswith("/")
    assert not found.startswith(("//", "/\\"))
    assert all(32 < ord(character) < 127 for character in found)
