"""A deleted account is forgotten everywhere: every registered service is told until it has answered, then auth forgets it too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import structlog

from octavo_auth.domain.ports import Users
from octavo_auth.domain.work import Work
from octavo_core.clock import Clock
from octavo_core.errors import Unavailable

log = structlog.get_logger(__name__)

Eraser = Callable[[str], Awaitable[None]]
"""Told a user's id, forgets all of them. Idempotent; raises `OctavoError` when it could not."""

_SWEEP = 100


class Erasing:
    def __init__(self, *, users: Users, erasers: Sequence[Eraser], clock: Clock) -> None:
        self._users = users
        self._erasers = erasers
        self._clock = clock

    async def run(self, erasure_id: str) -> None:
        """One attempt: all are asked, also when one fails; raises `Unavailable` while one of them has not done it. Idempotent."""
        erasure = await self._users.get_erasure(erasure_id)
        if erasure is None or erasure.user is None:
            return
        failed = 0
        for eraser in self._erasers:
            try:
                await eraser(erasure.user)
            except Exception as error:
                failed += 1
                log.warning("a service has not erased a user yet", erasure=erasure_id, error=type(error).__name__, reason=str(error)[:200])
        if failed:
            raise Unavailable(f"{failed} of {len(self._erasers)} services have not erased the user yet")
        await self._users.finish_erasure(erasure_id, self._clock.now_ms())

    async def sweep(self, work: Work) -> None:
        """Every erasure that is not done has a job that is not given up."""
        for erasure in await self._users.pending_erasures(_SWEEP):
            await work.erase(erasure.id)
