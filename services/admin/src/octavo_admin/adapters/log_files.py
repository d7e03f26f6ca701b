"""Logs of a laptop: files of JSON lines that the runner writes under OCTAVO_HOME.

The files are `000001.jsonl`, `000002.jsonl` and so on; only the newest grows, the oldest go, and none is renamed. So a line's place, the
number of its file and its offset there, is its own for as long as it is kept. The last line of the newest file may not be whole yet.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

from octavo_admin.domain.log_lines import LogLine, LogPage, LogQuery, read_line
from octavo_core.clock import to_iso
from octavo_core.errors import Fault, InvalidInput, Unavailable

SUFFIX = ".jsonl"
LOOK_EVERY_S = 0.2
_PLACE = re.compile(r"([0-9]{8})\.([0-9]{12})")
_READ_BYTES = 1_048_576
_GRACE_MS = 60_000
"""Who writes a line says when it was, and not the disk."""
_SOURCE = "octavo"
"""What a line is said to be from that does not say it itself."""


def file_of(folder: Path, number: int) -> Path:
    return folder / f"{number:06d}{SUFFIX}"


def numbers_in(folder: Path) -> list[int]:
    """Of the files that are there, ascending; none where the folder is not."""
    try:
        return sorted(int(file.stem) for file in folder.iterdir() if file.suffix == SUFFIX and file.stem.isdigit())
    except FileNotFoundError:
        return []


class LogFiles:
    """See `ports.LogSource`. Files are read in a thread. The bound of a search is what the runner keeps."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def search(self, query: LogQuery, *, limit: int, before: str | None) -> LogPage:
        place = None if before is None else _place_of(before)
        return await asyncio.to_thread(self._search, query, limit, place)

    @asynccontextmanager
    async def follow(self, query: LogQuery) -> AsyncIterator[AsyncIterator[LogLine]]:
        start = await asyncio.to_thread(self._end)
        async with aclosing(self._following(query, *start)) as lines:
            yield lines

    async def erase(self, word: str) -> int:
        """Writes `x` over each letter of it, wherever it stands, such as the id of a person who is no more; how many times. No line moves,
        so that the runner may go on writing, and readers reading. Idempotent. Raises `Unavailable`."""
        return await asyncio.to_thread(self._erase, word.encode())

    async def close(self) -> None:
        """Holds nothing."""

    def _search(self, query: LogQuery, limit: int, place: tuple[int, int] | None) -> LogPage:
        found: list[LogLine] = []
        for text, position in self._backwards(query.since, place):
            if query.may_hold_in(text) and query.holds_for(line := read_line(text, position=position, source=_SOURCE)):
                found.append(line)
                if len(found) > limit:
                    return LogPage(tuple(found[:limit]), next=found[limit - 1].position)
        return LogPage(tuple(found))

    def _backwards(self, since: str | None, place: tuple[int, int] | None) -> Iterator[tuple[str, str]]:
        """Lines and their places. A file that was last written well before `since` ends it."""
        for number in reversed(numbers_in(self._folder)):
            if place is not None and number > place[0]:
                continue
            file = file_of(self._folder, number)
            try:
                if since is not None and to_iso(file.stat().st_mtime_ns // 1_000_000 + _GRACE_MS) < since:
                    return
                raw = file.read_bytes()
            except FileNotFoundError:
                continue  # it was the oldest, and has gone meanwhile
            except OSError as error:
                raise Unavailable(f"the logs cannot be read ({error.strerror})") from None
            if place is not None and number == place[0]:
                raw = raw[: place[1]]
            end = raw.rfind(b"\n")
            while end >= 0:
                start = raw.rfind(b"\n", 0, end) + 1
                yield raw[start:end].decode("utf-8", "replace"), _position(number, start)
                end = start - 1

    def _erase(self, word: bytes) -> int:
        count, numbers = 0, numbers_in(self._folder)
        for number in numbers:
            try:
                with file_of(self._folder, number).open("r+b") as file:
                    before, raw = os.fstat(file.fileno()), file.read()
                    place = raw.find(word)
                    while place >= 0:
                        os.pwrite(file.fileno(), b"x" * len(word), place)
                        count += 1
                        place = raw.find(word, place + len(word))
                    if number != numbers[-1]:
                        # It goes when its lines are old enough, and they are no younger for this.
                        os.utime(file.fileno(), ns=(before.st_atime_ns, before.st_mtime_ns))
            except FileNotFoundError:
                continue
            except OSError as error:
                raise Unavailable(f"the logs cannot be written ({error.strerror})") from None
        return count

    def _end(self) -> tuple[int, int]:
        numbers = numbers_in(self._folder)
        if not numbers:
            return 1, 0
        raw_size = file_of(self._folder, numbers[-1]).stat().st_size
        # The beginning of the line that is being written, if one is.
        with file_of(self._folder, numbers[-1]).open("rb") as file:
            start = max(0, raw_size - _READ_BYTES)
            file.seek(start)
            tail = file.read(raw_size - start)
        return numbers[-1], start + tail.rfind(b"\n") + 1

    async def _following(self, query: LogQuery, number: int, offset: int) -> AsyncGenerator[LogLine, None]:
        while True:
            raw, newer = await asyncio.to_thread(self._read_on, number, offset)
            if raw:
                for text in raw[:-1].split(b"\n"):
                    decoded = text.decode("utf-8", "replace")
                    if query.may_hold_in(decoded):
                        line = read_line(decoded, position=_position(number, offset), source=_SOURCE)
                        if query.holds_for(line):
                            yield line
                    offset += len(text) + 1
            elif newer is not None:
                number, offset = newer, 0
            else:
                await asyncio.sleep(LOOK_EVERY_S)

    def _read_on(self, number: int, offset: int) -> tuple[bytes, int | None]:
        """Whole lines from there, and the next file where this one has no more. Which files are there is looked up first: a file that has a
        successor then does not grow any more."""
        newer = next((one for one in numbers_in(self._folder) if one > number), None)
        try:
            with file_of(self._folder, number).open("rb") as file:
                file.seek(offset)
                raw = file.read(_READ_BYTES)
        except FileNotFoundError:
            raw = b""
        except OSError as error:
            raise Unavailable(f"the logs cannot be read ({error.strerror})") from None
        return raw[: raw.rfind(b"\n") + 1], newer


def _position(number: int, offset: int) -> str:
    return f"{number:08d}.{offset:012d}"


def _place_of(position: str) -> tuple[int, int]:
    match = _PLACE.fullmatch(position)
    if match is None:
        raise InvalidInput("cursor: not a cursor that was given out here", faults=(Fault("cursor", "not a cursor"),))
    return int(match[1]), int(match[2])
