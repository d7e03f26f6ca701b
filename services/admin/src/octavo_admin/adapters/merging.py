"""Places of lines that come from several streams: the moment, the stream, and which of the lines of that moment it is. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from octavo_core.errors import Fault, InvalidInput

_PLACE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z)\|([^|]{1,1000})\|(\d{6})")


def place(moment: str, stream: str, number: int) -> str:
    return f"{moment}|{stream.replace('|', '/')}|{number:06d}"


def moment_of(position: str) -> str:
    """Raises `InvalidInput` for what is no place."""
    found = _PLACE.fullmatch(position)
    if found is None:
        raise InvalidInput("cursor: not a cursor that was given out here", faults=(Fault("cursor", "not a cursor"),))
    return found[1]


def placed(lines: Iterable[tuple[str, str]], stream: str) -> Iterator[tuple[str, str, str]]:
    """(moment, text) of one stream in its order, to (place, moment, text)."""
    number, before = 0, ""
    for moment, text in lines:
        number = number + 1 if moment == before else 0
        before = moment
        yield place(moment, stream, number), moment, text
