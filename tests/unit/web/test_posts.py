"""A post as the feed's pages show it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo_web.adapters.feed_api import Marks
from octavo_web.pages.posts import handle_from, post_of, shots_of
from octavo_web.pages.publishing import tags_from, title_from

POST = "0198c0de-0000-7000-8000-000000000000"


def said(**more: Any) -> dict[str, Any]:
    return {
        "id": POST,
        "title": "El faro",
        "excerpt": "Érase",
        "tags": ["mar"],
        "language": "es",
        "author": {"handle": "mar", "name": "Mar"},
        "pictures": [{"url": f"/api/feed/posts/{POST}/pictures/1?v=0a1b", "alt": "A kite", "width": 4, "height": 3}],
        "likes": 2,
        "comments": 1,
        "published_at": "2026-01-01T00:00:00.000Z",
        "minutes": 3,
        **more,
    }


def test_a_post_with_the_marks_of_who_looks() -> None:
    card = post_of(said(), Marks(frozenset({POST}), frozenset(), frozenset()))
    assert (card.liked, card.saved, card.likes, card.path, card.author_path) == (True, False, 2, f"/feed/posts/{POST}", "/feed/@mar")
    assert post_of(said()).liked is False


def test_paragraphs_are_parted_by_empty_lines() -> None:
    assert post_of(said(text="One\nmore\n\n \n\nTwo\n")).paragraphs == ("One\nmore", "Two")


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/x.png",
        "//evil.example/x.png",
        "javascript:alert(1)",
        "data:image/svg+xml;base64,AAAA",
        f"/api/feed/posts/{POST}/pictures/7?v=0a",
        f"/api/feed/posts/{POST}/pictures/1?v=0a&x=1",
        f"/api/feed/posts/{POST}/../x/pictures/1?v=0a",
        "",
    ],
)
def test_only_the_feed_s_own_pictures_are_shown(url: str) -> None:
    assert shots_of([{"url": url, "alt": "x", "width": 1, "height": 1}]) == ()


@pytest.mark.parametrize("pictures", [None, "x", {}, [None, 3, {"alt": "no address"}]])
def test_what_is_no_list_of_pictures_is_none(pictures: object) -> None:
    assert shots_of(pictures) == ()


@pytest.mark.parametrize(
    ("name", "handle"),
    [("Mar", "mar"), ("María José Ñandú", "maria_jose_nandu"), ("A", ""), ("火", ""), ("  __x-y__  ", "x_y"), ("a" * 50, "a" * 30)],
)
def test_a_name_to_begin_with(name: str, handle: str) -> None:
    assert handle_from(name) == handle


@given(st.text(max_size=60))
def test_a_name_to_begin_with_is_one_or_empty(name: str) -> None:
    found = handle_from(name)
    assert found == "" or re.fullmatch(r"[a-z0-9][a-z0-9_]{1,28}[a-z0-9]", found)


def test_tags_are_words() -> None:
    assert tags_from("  #Mar, faro  mar,,kite ") == ["mar", "faro", "kite"]
    assert len(tags_from(",".join(map(str, range(40))))) == 10


def test_a_title_is_a_line_of_what_was_asked() -> None:
    assert title_from("A kite\nby the river") == "A kite"
    assert len(title_from("word " * 100)) <= 121
