"""Sweeping for as long as the process lives, beside its other work."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import structlog

from octavo_core.errors import OctavoError

log = structlog.get_logger(__name__)

EVERY_S = 60.0


async def sweep_forever(sweep: Callable[[], Awaitable[int]], *, what: str = "pictures", every_s: float = EVERY_S) -> None:
    """`ImageLibrary.sweep`, of one or of several, or another sweep of `what`. Until it is cancelled. Processes that started together do not
    stay together; a storage or a database that is down is asked again."""
    while True:
        await asyncio.sleep(every_s * random.uniform(0.5, 1.5))
        try:
            removed = await sweep()
        except OctavoError as error:
            log.warning(f"{what} could not be swept", reason=error.message)
        else:
            if removed:
                log.info(f"{what} removed", count=removed)
