"""A post's own rules, without a store."""

from __future__ import annotations

from typing import Any

from octavo_documents import Body
from octavo_stories.domain.feed.model import (
    deed_id,
    edited,
    new_post,
    person_id,
    published,
    report_id,
    taken_down,
    text_of_story,
    with_picture,
    withdrawn,
)


def post(**more: Any) -> Body:
    said = {"title": "El faro", "text": "Érase", "tags": ["mar"], "language": "es", "front_matter": {}}
    return {**new_post(said, story=None), **more}


def test_a_post_is_a_draft_until_it_is_published() -> None:
    body = post()
    assert (body["state"], body["published_at"]) == ("draft", None)
    shown = published(body, 5)
    assert shown is not None
    assert (shown["state"], shown["published_at"]) == ("published", 5)
    assert published(shown, 9) is None


def test_what_is_published_again_does_not_come_up_anew() -> None:
    shown = published(post(), 5)
    assert shown is not None
    back = withdrawn(shown)
    assert back is not None
    assert withdrawn(back) is None
    again = published(back, 9)
    assert again is not None
    assert again["published_at"] == 5


def test_what_is_taken_down_says_why_and_stays_so() -> None:
    down = taken_down(post(state="published"), "unkind")
    assert down is not None
    assert (down["state"], down["reason"]) == ("removed", "unkind")
    assert taken_down(down, "again") is None


def test_an_edit_changes_what_may_be_edited_and_nothing_else() -> None:
    changed = edited(post(), {"title": "2", "state": "published", "published_at": 1})
    assert changed is not None
    assert (changed["title"], changed["state"], changed["published_at"]) == ("2", "draft", None)
    assert edited(post(), {"title": "El faro"}) is None


def test_pictures_have_places() -> None:
    one = with_picture(post(), "2", {"tag": "a"})
    assert one is not None
    two = with_picture(one, "1", {"tag": "b"})
    assert two is not None
    assert list(two["pictures"]) == ["1", "2"]
    assert with_picture(two, "1", {"tag": "b"}) is None
    assert with_picture(post(), "1", None) is None


def test_a_deed_has_one_id_and_tells_nobody_who() -> None:
    assert deed_id("ana@example.org", "p") == deed_id("ana@example.org", "p") != deed_id("eva", "p")
    assert "ana" not in deed_id("ana", "p")
    assert person_id("$ne/..").isalnum()
    assert report_id("ana", "p") != report_id("ana", "q")


def test_a_story_s_chapters_become_paragraphs() -> None:
    chapters = [{"title": "One", "text": "a\n\nb"}, {"title": None, "text": "c"}, {"text": ""}]
    assert text_of_story({"chapters": chapters}) == "One\n\na\n\nb\n\nc"
