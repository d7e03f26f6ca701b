"""From a post and who follows its author to pushes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from octavo_core.clock import Clock
from octavo_jobs.intake import JobIntake
from octavo_notifications.push.delivering import start_push
from octavo_notifications.push.model import PostNews
from octavo_notifications.settings import NotificationsTuning
from octavo_notifications.store import NotificationStore

_AT_ONCE = 100


class PushTeller:
    def __init__(self, store: NotificationStore, intake: JobIntake, clock: Clock, tuning: NotificationsTuning) -> None:
        self._store = store
        self._intake = intake
        self._clock = clock
        self._tuning = tuning

    async def tell(self, users: Sequence[str], news: PostNews) -> int:
        """A job for each browser of these users; how many there are. Idempotent: told again after it broke off, or beside itself, nothing
        comes twice. What is a day old is no news. Raises `Unavailable` and `Throttled`."""
        if news.seconds_left(self._clock.now_ms()) <= 0:
            return 0
        found = await self._store.pushes(users)
        for begin in range(0, len(found), _AT_ONCE):
            await asyncio.gather(*(start_push(self._intake, self._tuning, one, news) for one in found[begin : begin + _AT_ONCE]))
        return len(found)
