"""Ends of jobs that name a webhook: taken over from the stream where they wait, and told.

Every replica does this for all of them, as it does for webhooks that people keep: what follows from an end is written down once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from redis.exceptions import RedisError

from octavo_core.errors import OctavoError
from octavo_jobs.ending import end_task
from octavo_jobs.named_webhooks import NamedWebhook, NamedWebhooks

log = structlog.get_logger(__name__)

_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 10.0

Tell = Callable[[NamedWebhook], Awaitable[None]]
"""Durable when it returns. Idempotent; raises `OctavoError` when it cannot now, and is called again."""


class NamedDispatcher:
    def __init__(self, named: NamedWebhooks, tell: Tell) -> None:
        self._named = named
        self._tell = tell
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="webhooks of jobs")

    async def close(self) -> None:
        """What is under way is begun again by the next process."""
        if self._task is not None:
            await end_task(self._task)

    async def _run(self) -> None:
        position, pause_s = "0-0", _PAUSE_S
        while True:
            try:
                waiting, following = await self._named.after(position)
                for one in waiting:
                    await self._tell(one)
                    await self._named.done([one.id])
                position, pause_s = following, _PAUSE_S
                continue
            except OctavoError as error:
                log.warning("ends of jobs wait to be told", error=error.code)
            except (RedisError, OSError) as error:
                log.warning("ends of jobs wait for Redis", error=type(error).__name__)
                # It may come back empty, and count anew.
                position = "0-0"
            except Exception:
                log.exception("an end of a job could not be told")
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
