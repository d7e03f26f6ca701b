"""Identifiers: UUID version 7 (RFC 9562), so that they sort by time and insert at the end of an index."""

from __future__ import annotations

import re

import uuid_utils

_CORRELATION = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")


def generate_uuid() -> str:
    """36 characters, lower case, unguessable in its last 74 bits."""
    return str(uuid_utils.uuid7())


def first_uuid_of(ms: int) -> str:
    """Below every id that `generate_uuid` makes in that millisecond since the epoch or later, and above those of before."""
    hexadecimal = f"{max(ms, 0):012x}"[-12:]
    return f"{hexadecimal[:8]}-{hexadecimal[8:]}-7000-8000-000000000000"


def generate_prefixed_id(prefix: str) -> str:
    """`proj_0198…`: 32 hexadecimal digits behind a prefix that names the kind."""
    return f"{prefix}_{uuid_utils.uuid7().hex}"


def correlation_id(offered: str | None) -> str:
    """The caller's id when it is safe to write into a header and a log line, a new one otherwise."""
    if offered is not None and _CORRELATION.fullmatch(offered):
        return offered
    return generate_uuid()
