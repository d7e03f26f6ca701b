"""What a token is here: a word, or a sign between words. Plain, so that usage and text can be checked against each other by eye."""

from __future__ import annotations

import re

_PIECE = re.compile(r"\s*(?:\w+|[^\w\s])(?:\s+\Z)?")
PICTURE_TOKENS = 85
"""What a picture in a prompt counts for, whatever its size."""


def pieces(text: str) -> list[str]:
    """One token each, with the space before it, the last with that at the end too: joined they are the text."""
    return _PIECE.findall(text)


def count(text: str) -> int:
    return len(_PIECE.findall(text))


def shorten(text: str, max_tokens: int | None) -> tuple[str, bool]:
    """The text of at most so many tokens, and whether that cut it."""
    if max_tokens is None or len(text) <= max_tokens:
        return text, False
    found = _PIECE.findall(text)
    return ("".join(found[:max_tokens]), True) if len(found) > max_tokens else (text, False)


def stop_at(text: str, stops: tuple[str, ...]) -> tuple[str, str | None]:
    """The text before the first of the stops, and which that was."""
    places = [(text.find(stop), stop) for stop in stops if stop and stop in text]
    if not places:
        return text, None
    place, stop = min(places)
    return text[:place], stop
