"""A post as the feed's pages show it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from octavo_web.adapters.feed_api import NO_MARKS, Marks

_PICTURE = re.compile(r"/api/feed/(posts|mine)/[0-9a-f-]{36}/pictures/[1-6]\?v=[0-9a-f]{1,64}")
_NOT_IN_HANDLES = re.compile(r"[^a-z0-9_]+")


@dataclass(frozen=True, slots=True)
class Shot:
    url: str
    alt: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class PostCard:
    id: str
    title: str
    excerpt: str
    paragraphs: tuple[str, ...]
    tags: tuple[str, ...]
    language: str
    handle: str
    name: str
    pictures: tuple[Shot, ...]
    likes: int
    comments: int
    at: str
    minutes: int
    liked: bool = False
    saved: bool = False

    @property
    def path(self) -> str:
        return f"/feed/posts/{self.id}"

    @property
    def author_path(self) -> str:
        return f"/feed/@{self.handle}"


def post_of(said: Mapping[str, Any], marks: Marks = NO_MARKS) -> PostCard:
    """`said` as the feed's API answers it, whole or in a list."""
    found = said.get("author")
    author: dict[str, Any] = found if isinstance(found, dict) else {}
    post = str(said.get("id", ""))
    text = str(said.get("text") or "")
    return PostCard(
        id=post,
        title=str(said.get("title") or ""),
        excerpt=str(said.get("excerpt") or ""),
        paragraphs=tuple(part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()),
        tags=tuple(map(str, said.get("tags") or ())),
        language=str(said.get("language") or ""),
        handle=str(author.get("handle", "")),
        name=str(author.get("name", "")),
        pictures=shots_of(said.get("pictures")),
        likes=int(said.get("likes") or 0),
        comments=int(said.get("comments") or 0),
        at=str(said.get("published_at") or ""),
        minutes=int(said.get("minutes") or 1),
        liked=post in marks.liked,
        saved=post in marks.saved,
    )


def posts_of(items: Sequence[Mapping[str, Any]], marks: Marks) -> list[PostCard]:
    return [post_of(one, marks) for one in items]


def shots_of(said: object) -> tuple[Shot, ...]:
    """Only what stands in the feed itself becomes a picture of a page."""
    found = [one for one in said if isinstance(one, dict)] if isinstance(said, list) else []
    return tuple(
        Shot(str(one["url"]), str(one.get("alt") or ""), int(one.get("width") or 1), int(one.get("height") or 1))
        for one in found
        if _PICTURE.fullmatch(str(one.get("url", "")))
    )


def handle_from(name: str) -> str:
    """A name for the feed to begin with, from what somebody is called; empty where nothing of it can be used."""
    plain = _NOT_IN_HANDLES.sub("_", name.lower().translate(str.maketrans("áéíóúüñç", "aeiouunc"))).strip("_")[:30].strip("_")
    return plain if len(plain) >= 3 else ""
