"""How a background task that talks to Redis is ended."""

from __future__ import annotations

import asyncio


async def end_task(task: asyncio.Task[None]) -> None:
    """Cancels until the task has ended: redis-py swallows a cancellation that meets an answer on its way in, and whoever
    awaited the task then would wait for ever."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=0.2)
    if not task.cancelled():
        task.exception()
