"""Notices that the person's YAML files have changed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from watchfiles import Change, awatch

_SUFFIXES = (".yaml", ".yml")


async def watch_files(paths: Sequence[Path], on_change: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
    """Calls `on_change` after each change, until `stop`. Folders are watched, because editors replace files."""
    files = {path.resolve() for path in paths if path.is_file()}
    folders = {path.resolve() for path in paths if path.is_dir()}

    def concerns(_change: Change, changed: str) -> bool:
        path = Path(changed)
        return path in files or (path.parent in folders and path.suffix in _SUFFIXES)

    watched = folders | {path.parent for path in files}
    async for _ in awatch(*watched, watch_filter=concerns, stop_event=stop, recursive=False, debounce=200, step=50):
        await on_change()
