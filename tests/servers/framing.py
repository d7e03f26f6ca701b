"""What schemathesis must leave alone when it makes up headers."""

from __future__ import annotations

from typing import Any

_FRAMING = {"connection", "content-length", "expect", "host", "te", "trailer", "transfer-encoding", "upgrade"}


def without_framing(case: Any) -> Any:
    """Without headers that say where a message ends or who it is for: a false one is refused below the application, in plain text."""
    for name in [name for name in case.headers or () if name.lower() in _FRAMING]:
        del case.headers[name]
    return case
