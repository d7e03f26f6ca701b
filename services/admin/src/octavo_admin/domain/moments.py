"""Moments as texts that sort as they do: RFC 3339 in UTC with all nine digits of its fraction. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z")


def with_nanoseconds(moment: str) -> str | None:
    """Kubernetes leaves trailing zeros out. None for what is no moment in UTC."""
    found = _MOMENT.fullmatch(moment)
    return None if found is None else f"{found[1]}.{(found[2] or '').ljust(9, '0')}Z"


def of_nanoseconds(since_epoch: int) -> str:
    seconds, rest = divmod(since_epoch, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def nanoseconds_of(moment: str) -> int | None:
    """Since the epoch; None for what is no moment in UTC."""
    whole = with_nanoseconds(moment)
    if whole is None:
        return None
    seconds = datetime.strptime(whole[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    return round(seconds.timestamp()) * 1_000_000_000 + int(whole[20:29])
