"""What is printed of a story."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 does not allow, and no page shows."""
_PARAGRAPHS = re.compile(r"\n\s*\n|\r\n\s*\r\n")


@dataclass(frozen=True, slots=True)
class Chapter:
    title: str | None
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Book:
    """`language` as BCP 47 has it; `und` where nobody said. `changed` is RFC 3339 in whole seconds."""

    id: str
    title: str
    language: str
    chapters: tuple[Chapter, ...]
    changed: str


def book_of(story_id: str, body: dict[str, Any], changed: str) -> Book:
    chapters = tuple(
        Chapter(None if one["title"] is None else _clean(one["title"]), tuple(_paragraphs(one["text"])))
        for one in body["content"]["chapters"]
    )
    return Book(story_id, _clean(body["title"]), body["language"] or "und", chapters, changed)


def _clean(text: str) -> str:
    return _CONTROL.sub("", text)


def _paragraphs(text: str) -> list[str]:
    return [part.strip() for part in _PARAGRAPHS.split(_clean(text)) if part.strip()]
