"""The request headers Range, If-Range and If-None-Match (RFC 9110, sections 13 and 14), for what never changes while it has its ETag."""

from __future__ import annotations

import re
from dataclasses import dataclass

_RANGE = re.compile(r"bytes=[ \t]*([0-9]*)-([0-9]*)[ \t]*", re.IGNORECASE)
_MAX_DIGITS = 18


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes [start, end); `end` is exclusive."""

    start: int
    end: int

    def content_range(self, size: int) -> str:
        return f"bytes {self.start}-{self.end - 1}/{size}"


class Unsatisfiable(Exception):
    """No byte of the range is there."""


def requested_range(header: str | None, if_range: str | None, *, etag: str, size: int) -> ByteRange | None:
    """The one range that is asked for; None where the whole is to be sent: none asked for, several, one that cannot be read (both may be
    ignored), or an If-Range that names another version. Raises `Unsatisfiable`."""
    if header is None or (if_range is not None and if_range.strip() != etag):
        return None
    match = _RANGE.fullmatch(header.strip())
    if match is None or match[1] == match[2] == "" or max(len(match[1]), len(match[2])) > _MAX_DIGITS:
        return None
    if match[1] == "":
        length = int(match[2])
        if length == 0 or size == 0:
            raise Unsatisfiable
        return ByteRange(max(0, size - length), size)
    start = int(match[1])
    end = size if match[2] == "" else min(int(match[2]) + 1, size)
    if match[2] != "" and int(match[2]) < start:
        return None
    if start >= size:
        raise Unsatisfiable
    return ByteRange(start, end)


def is_not_modified(if_none_match: str | None, etag: str) -> bool:
    """By weak comparison, as the header wants it."""
    if if_none_match is None:
        return False
    offered = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in offered or etag in offered
