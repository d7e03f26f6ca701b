"""What the children write, kept for the admin's search: files of JSON lines under OCTAVO_HOME/logs, bounded in size and in age.

Their names and what a reader may rely on stand in `octavo_admin.adapters.log_files`. One writer; each line is one write, so that a reader
sees whole lines, and a crash loses nothing that was written.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import orjson

from octavo_admin.adapters.log_files import file_of, numbers_in
from octavo_core.clock import utc_now
from octavo_core.telemetry.logs import redact

FILE_BYTES = 4 * 1_048_576
FILES = 16
KEPT_S = 7 * 86_400.0
"""Lines may name people by their ids."""
MAX_LINE_BYTES = 65_536
_LOOK_EVERY_S = 3_600.0


class LogKeeper:
    """Give it every line of every process. A disk that is full, or a folder that is away, costs lines here and nothing else: it is said
    once, and tried again with the next file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor: int | None = None
        self._number = 0
        self._size = 0
        self._looked_at = time.monotonic()
        self._complained = False

    def __call__(self, process: str, line: str) -> None:
        raw = _record(process, line)
        try:
            if self._descriptor is None or self._size + len(raw) > FILE_BYTES:
                self._begin_file()
            elif time.monotonic() - self._looked_at > _LOOK_EVERY_S:
                self._let_go()
            assert self._descriptor is not None
            self._size += os.write(self._descriptor, raw)
        except OSError as error:
            if not self._complained:
                self._complained = True
                print(f"logs are not kept in {self._folder}: {error.strerror}", file=sys.stderr)  # noqa: T201 - there is no other place

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _begin_file(self) -> None:
        """A new file with each start, too: the last line of the one before may have been cut off."""
        self.close()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._number = max([self._number, *numbers_in(self._folder)]) + 1
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL
        self._descriptor, self._size = os.open(file_of(self._folder, self._number), flags, 0o600), 0
        self._let_go()

    def _let_go(self) -> None:
        self._looked_at = time.monotonic()
        numbers = numbers_in(self._folder)
        for number in numbers[:-1]:
            file = file_of(self._folder, number)
            if number <= self._number - FILES or time.time() - file.stat().st_mtime > KEPT_S:
                file.unlink()


def _record(process: str, line: str) -> bytes:
    try:
        record = orjson.loads(line) if line.startswith("{") else None
    except orjson.JSONDecodeError:
        record = None
    if not isinstance(record, dict):
        record = {"event": line}
    record.setdefault("timestamp", utc_now().isoformat(timespec="microseconds").replace("+00:00", "Z"))
    record.setdefault("level", "info")
    record["process"] = process
    redact(None, "", record)
    raw = orjson.dumps(record) + b"\n"
    if len(raw) > MAX_LINE_BYTES:
        kept = {name: record[name] for name in ("timestamp", "level", "service", "correlation_id", "process") if name in record}
        raw = orjson.dumps({**kept, "event": f"{str(record.get('event', ''))[:4_000]}… (a line of {len(raw)} bytes)"}) + b"\n"
    return raw
