"""The children's log lines as a person reads them: one colour a process, the event first, the rest behind it."""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Callable
from typing import Any

import orjson

_COLOURS = (36, 32, 35, 34, 33, 96, 92, 95, 94)
_LEVELS = {"debug": 2, "warning": 33, "error": 31, "critical": 31}
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")
_HIDDEN = frozenset({"timestamp", "event", "level", "service", "exception", "logger"})


class LinePrinter:
    """`raw` passes the JSON through, for machines. Writes to standard output, and gives each line to `keep`, where that is set."""

    def __init__(self, *, raw: bool, colour: bool | None = None) -> None:
        self.keep: Callable[[str, str], None] | None = None
        self._raw = raw
        self._colour = sys.stdout.isatty() if colour is None else colour

    def __call__(self, name: str, line: str) -> None:
        if self.keep is not None:
            self.keep(name, line)
        print(line if self._raw else self.format(name, line), flush=True)  # noqa: T201 - this is the terminal's own output

    def say(self, name: str, message: str, level: str = "info") -> None:
        """A line of the supervisor's own."""
        self(name, orjson.dumps({"event": message, "level": level, "service": name}).decode())

    def format(self, name: str, line: str) -> str:
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError:
            record = None
        head = self._paint(f"{name:<22.22}", _COLOURS[zlib.crc32(name.encode()) % len(_COLOURS)])
        if not isinstance(record, dict):
            return f"{head} {_plain(line)}"
        level = str(record.get("level", "info"))
        event = _plain(str(record.get("event", "")))
        text = self._paint(event, _LEVELS[level]) if level in _LEVELS else event
        rest = " ".join(
            f"{self._paint(_plain(key), 2)}{self._paint('=', 2)}{_short(value)}" for key, value in record.items() if key not in _HIDDEN
        )
        lines = [f"{head} {text}  {rest}".rstrip()]
        lines += [f"{head} {_plain(part)}" for part in str(record.get("exception", "")).splitlines()]
        return "\n".join(lines)

    def _paint(self, text: str, code: int) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return _plain(text if len(text) <= 300 else text[:297] + "…")


def _plain(text: str) -> str:
    """Callers write into logs (a path, a model's words); what would move a terminal's cursor or end a line is shown, not done."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
