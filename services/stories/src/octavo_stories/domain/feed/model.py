"""The feed's documents. Pure: bodies in, bodies out.

A post is its author's document: {title, text, tags, language, front_matter, story, pictures, state, published_at, reason}. All that others
do to it stands in documents of their own, one a deed, with an id made of who did it to what: doing it twice is doing it once. Nothing is
ever added up: a number that is shown was counted just then, so neither a crash nor two at once can make it wrong.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from typing import Any, Literal

from octavo_documents import Body, Collection

State = Literal["draft", "published", "removed"]

POST_BYTES = 320 * 1024
PICTURE_BYTES = 512 * 1024
MAX_PICTURES = 6
MAX_FOLLOWS = 200
"""How many one person may follow: the feed of those asks for the posts of each."""
TEXT_CHARS = 60_000

POSTS = Collection(
    "feed_posts",
    filters=("state", "language"),
    sorts={"published_at": "number"},
    searched=("title", "text", "tags"),
    max_bytes=POST_BYTES,
    listed=(("state", "published_at"),),
)
PICTURES = Collection("feed_pictures", filters=("post",), max_bytes=PICTURE_BYTES * 4 // 3 + 4_096)
"""A post's pictures lie beside it in the same store: they are small, and go with it."""
RANKS = Collection("feed_ranks", filters=("live",), sorts={"rank": "number"}, max_bytes=1_024, listed=(("live", "rank"),))
RANKINGS = Collection("feed_rankings", max_bytes=65_536)
LIKES = Collection("feed_likes", filters=("post",), max_bytes=1_024)
SAVES = Collection("feed_saves", filters=("post",), max_bytes=1_024)
COMMENTS = Collection("feed_comments", filters=("post",), max_bytes=16_384, listed=(("post", "created_at"),))
FOLLOWS = Collection("feed_follows", filters=("followed",), max_bytes=1_024, listed=(("followed", "created_at"),))
PEOPLE = Collection("feed_people", max_bytes=8_192)
"""One a person, by the hash of who they are: what they are called here."""
HANDLES = Collection("feed_handles", max_bytes=1_024)
"""One a name: whose it is."""
REPORTS = Collection(
    "feed_reports",
    filters=("state", "target", "post", "about", "decided_by"),
    max_bytes=16_384,
    listed=(("state", "created_at"),),
)

EDITABLE = ("title", "text", "tags", "language", "front_matter")
_DEEDS = uuid.UUID("5c0b8a1e-2f0d-4a53-9d0a-64a1b0a2c7e3")


def new_post(said: Mapping[str, Any], *, story: str | None) -> Body:
    return {
        **{name: said[name] for name in EDITABLE},
        "story": story,
        "pictures": {},
        "state": "draft",
        "published_at": None,
        "reason": None,
    }


def edited(body: Body, changes: Mapping[str, Any]) -> Body | None:
    """None where nothing changes."""
    wanted = {name: value for name, value in changes.items() if name in EDITABLE}
    return None if all(body[name] == value for name, value in wanted.items()) else {**body, **wanted}


def published(body: Body, at: int) -> Body | None:
    """The first time counts: what is taken back and published again does not come up anew."""
    if body["state"] == "published":
        return None
    return {**body, "state": "published", "published_at": body["published_at"] or at}


def withdrawn(body: Body) -> Body | None:
    return {**body, "state": "draft"} if body["state"] == "published" else None


def taken_down(body: Body, reason: str) -> Body | None:
    """By a moderator. Its author still sees it, and why; it cannot be published again."""
    return None if body["state"] == "removed" else {**body, "state": "removed", "reason": reason}


def with_picture(body: Body, place: str, picture: Mapping[str, Any] | None) -> Body | None:
    kept = {name: one for name, one in body["pictures"].items() if name != place}
    if picture is not None:
        kept[place] = dict(picture)
    return None if kept == body["pictures"] else {**body, "pictures": dict(sorted(kept.items()))}


def picture_id(post: str, place: str) -> str:
    return f"{post}.{place}"


def person_id(user: str) -> str:
    """A user's id is any text that an issuer of tokens names; this is of letters and digits."""
    return hashlib.sha256(user.encode()).hexdigest()[:40]


def deed_id(user: str, target: str) -> str:
    """Of one person's like, save or follow of one thing."""
    return f"{target}.{person_id(user)}"


def report_id(user: str, target: str) -> str:
    return str(uuid.uuid5(_DEEDS, f"{user}\n{target}"))


def keyed_id(user: str, key: str) -> str:
    """Of a post that was sent with an idempotency key."""
    return str(uuid.uuid5(_DEEDS, f"post\n{user}\n{key}"))


def text_of_story(content: Mapping[str, Any]) -> str:
    """A story's chapters as one text; their titles are paragraphs of their own."""
    parts = [part for chapter in content["chapters"] for part in (chapter.get("title"), chapter["text"]) if part]
    return "\n\n".join(parts)
