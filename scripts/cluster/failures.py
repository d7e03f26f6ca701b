"""What can go wrong, told to a person: what failed, why, how to mend it, and the end of the log that shows it."""

from __future__ import annotations

from pathlib import Path

_TAIL_BYTES = 16_384
_TAIL_LINES = 15


class ClusterFailure(Exception):
    """A step that did not work. `str()` of it is all that a person needs, except for the log's tail, which `tail()` reads."""

    def __init__(self, what: str, *, why: str = "", mend: str = "", log: Path | None = None) -> None:
        super().__init__(what)
        self.what, self.why, self.mend, self.log = what, why, mend, log

    def __str__(self) -> str:
        parts = [self.what, self.why and f"why: {self.why}", self.mend and f"to mend it: {self.mend}"]
        return "\n".join(part for part in parts if part)

    def tail(self) -> str:
        return tail(self.log) if self.log is not None else ""


def tail(log: Path, lines: int = _TAIL_LINES) -> str:
    """The last lines of a log; empty where there is none."""
    try:
        with log.open("rb") as stream:
            stream.seek(0, 2)
            stream.seek(max(0, stream.tell() - _TAIL_BYTES))
            text = stream.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
