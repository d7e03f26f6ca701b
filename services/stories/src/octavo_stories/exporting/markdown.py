"""CommonMark. What a text holds of Markdown's own signs is escaped: a story is words, and no markup of its own."""

from __future__ import annotations

import re

from octavo_stories.exporting.book import Book

_INLINE = re.compile(r"([\\`*_\[\]<>])")
_LINE_START = re.compile(r"^(\s*)([#+\-=~|]|\d{1,9}(?=[.)]))", re.MULTILINE)


def to_markdown(book: Book) -> bytes:
    parts = [f"# {_line(book.title)}"]
    for chapter in book.chapters:
        if chapter.title:
            parts.append(f"## {_line(chapter.title)}")
        parts.extend(_text(paragraph) for paragraph in chapter.paragraphs)
    return ("\n\n".join(parts) + "\n").encode()


def _line(text: str) -> str:
    return _INLINE.sub(r"\\\1", " ".join(text.split()))


def _text(paragraph: str) -> str:
    return _LINE_START.sub(_escaped_start, _INLINE.sub(r"\\\1", paragraph))


def _escaped_start(found: re.Match[str]) -> str:
    sign = found[2]
    # A number at a line's start would begin a list; the dot after it is what is escaped then.
    return f"{found[1]}{sign}\\" if sign.isdigit() else f"{found[1]}\\{sign}"
