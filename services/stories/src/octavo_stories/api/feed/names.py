"""Names of people in paths and queries."""

from __future__ import annotations

import re

from octavo_core.errors import NotFound
from octavo_stories.api.feed.bodies import HANDLE
from octavo_stories.domain.feed.people import NO_SUCH

_HANDLE = re.compile(HANDLE)


def checked_handle(handle: str) -> str:
    """Raises `NotFound` for what cannot be a name, as for one that nobody has."""
    if not _HANDLE.fullmatch(handle):
        raise NotFound(NO_SUCH)
    return handle
