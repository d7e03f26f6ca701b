"""A line of a log, how it is read from what a process wrote, and which lines are asked for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from octavo_core.telemetry.logs import redact

Level = Literal["debug", "info", "warning", "error"]
RANKS: Mapping[str, int] = {"debug": 10, "info": 20, "warning": 30, "warn": 30, "error": 40, "exception": 40, "critical": 50}
MAX_MESSAGE_CHARS = 16_384
_SHOWN = frozenset({"timestamp", "level", "event", "service", "correlation_id", "process"})


@dataclass(frozen=True, slots=True)
class LogLine:
    """`position` is the line's place in its source: a text that sorts as the lines do, and that a page or a cursor may end at. `source` is
    the process or the pod that wrote it."""

    position: str
    at: str
    level: str
    service: str
    source: str
    message: str
    correlation_id: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LogQuery:
    """All that is given must hold. `service` is a service's, a process's or a generator's name; `level` the least; `text` a part of the
    line, whatever its case; times are RFC 3339 in UTC, as `LogLine.at`."""

    service: str | None = None
    level: Level | None = None
    correlation_id: str | None = None
    text: str | None = None
    since: str | None = None
    until: str | None = None

    def may_hold_in(self, raw: str) -> bool:
        """Cheaply, before the line is taken apart: False is certain."""
        if self.correlation_id is not None and self.correlation_id not in raw:
            return False
        return self.text is None or self.text.casefold() in raw.casefold()

    def holds_for(self, line: LogLine) -> bool:
        """Of a line for which `may_hold_in` did."""
        if self.correlation_id is not None and line.correlation_id != self.correlation_id:
            return False
        if self.level is not None and RANKS.get(line.level, RANKS["info"]) < RANKS[self.level]:
            return False
        if self.service is not None and self.service not in (line.service, line.source, line.fields.get("generator")):
            return False
        return (self.since is None or line.at >= self.since) and (self.until is None or line.at < self.until)


@dataclass(frozen=True, slots=True)
class LogPage:
    """Newest first. `next` is the position to go on from; `searched_back_to` is set where the search ended at its bound, and not for want
    of lines: what is older was not looked at."""

    lines: tuple[LogLine, ...]
    next: str | None = None
    searched_back_to: str | None = None


def read_line(raw: str, *, position: str, source: str, at: str = "") -> LogLine:
    """What is no JSON object of ours is a line all the same. `at`: when it was written, where it does not say so itself."""
    try:
        record = orjson.loads(raw) if raw.startswith("{") else None
    except orjson.JSONDecodeError:
        record = None
    if not isinstance(record, dict):
        record = {"event": raw}
    # Ours have been redacted where they were written; what others print has not.
    redact(None, "", record)
    said, correlation = record.get("timestamp"), record.get("correlation_id")
    return LogLine(
        position=position,
        at=_utc(said) if isinstance(said, str) and said else at,
        level=str(record.get("level", "info")).lower()[:20],
        service=str(record.get("service") or source)[:128],
        source=str(record.get("process") or source)[:256],
        message=str(record.get("event", ""))[:MAX_MESSAGE_CHARS],
        correlation_id=correlation if isinstance(correlation, str) else None,
        fields={key: value for key, value in record.items() if key not in _SHOWN},
    )


def _utc(said: str) -> str:
    """With microseconds or nanoseconds and Z: texts that sort as the times do, to the millisecond."""
    return said.replace("+00:00", "Z")
