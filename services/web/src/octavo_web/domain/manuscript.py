"""A story as one text that a person edits, and back. Pure.

A chapter begins with a line `# Title`, or `#` alone where it has no title; what stands before the first such line is the first chapter.
A line of the story that looks like one bears a backslash in the text: `\\# `. Empty lines around a chapter are no part of it. So
`chapters_of(text_of(chapters))` is what `chapters` were, but for those empty lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

WORDS_A_MINUTE = 200
_HEADING = re.compile(r"#(?:[ \t]+(.*))?")
_LIKE_A_HEADING = re.compile(r"\\*#(?:[ \t].*)?")

Chapter = dict[str, str | None]


def text_of(chapters: Iterable[Mapping[str, Any]]) -> str:
    parts = []
    for place, chapter in enumerate(chapters):
        title, text = _title_of(chapter), _lines(str(chapter.get("text") or ""))
        body = "\n".join(f"\\{line}" if _LIKE_A_HEADING.fullmatch(line) else line for line in text)
        if title:
            parts.append(f"# {title}\n\n{body}")
        else:
            parts.append(body if place == 0 else f"#\n\n{body}")
    return "\n\n".join(parts)


def plain_text(chapters: Iterable[Mapping[str, Any]]) -> str:
    """As it is told: titles and texts, without marks."""
    return "\n\n".join(part for chapter in chapters for part in (_title_of(chapter), str(chapter.get("text") or "").strip("\n")) if part)


def chapters_of(text: str) -> list[Chapter]:
    """One chapter or more; an empty text is one that is empty."""
    found: list[tuple[str | None, list[str]]] = [(None, [])]
    for line in _lines(text):
        heading = _HEADING.fullmatch(line)
        if heading is not None:
            found.append(((heading[1] or "").strip() or None, []))
        else:
            found[-1][1].append(line[1:] if line.startswith("\\") and _LIKE_A_HEADING.fullmatch(line) else line)
    chapters: list[Chapter] = [{"title": title, "text": "\n".join(lines).strip("\n")} for title, lines in found]
    # What stands before the first heading is a chapter only if there is something.
    return chapters[1:] if len(chapters) > 1 and not str(chapters[0]["text"]).strip() else chapters


def paragraphs_of(text: str) -> list[str]:
    return [part.strip("\n") for part in re.split(r"\n[ \t]*(?:\n[ \t]*)+", "\n".join(_lines(text))) if part.strip()]


def readable(chapters: Sequence[Mapping[str, Any]]) -> list[tuple[str | None, list[str]]]:
    """Title and paragraphs of each."""
    return [(_title_of(chapter), paragraphs_of(str(chapter.get("text") or ""))) for chapter in chapters]


def minutes_of(chapters: Iterable[Mapping[str, Any]]) -> int:
    """How long one reads, at least one."""
    words = sum(len(str(chapter.get("text") or "").split()) for chapter in chapters)
    return max(1, round(words / WORDS_A_MINUTE))


def content_of(story: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The chapters of a story as the service answers it."""
    content = story.get("content")
    chapters = content.get("chapters") if isinstance(content, Mapping) else None
    return [one for one in chapters if isinstance(one, dict)] if isinstance(chapters, list) else []


def _title_of(chapter: Mapping[str, Any]) -> str | None:
    return " ".join(str(chapter.get("title") or "").split()) or None


def _lines(text: str) -> list[str]:
    """Not `splitlines`, which parts at characters that a text may hold. Forms send each end of line as CR LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
