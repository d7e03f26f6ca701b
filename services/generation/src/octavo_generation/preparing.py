"""Loads the models of a worker process as it starts, so that it is ready once each has made a token.

A model that cannot be loaded ends no process, which would only be started again and again: its generator's jobs fail with the reason, the
process is not ready and says so, and the load is tried again with a growing pause, for a hub comes back and a volume gets its file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

from octavo_core.errors import OctavoError
from octavo_generation.handlers.handler import ModelHandler

log = structlog.get_logger(__name__)

LONGEST_PAUSE_S = 300.0


async def prepare_models(
    handlers: Mapping[str, ModelHandler],
    say: Callable[[Mapping[str, str]], None],
    note: Callable[[str, str | None], Awaitable[None]],
    *,
    first_pause_s: float,
) -> None:
    """Returns when all are loaded. `say` is told, whenever it changes, why each that is not loaded is not: by name, in words. `note` hears
    of each attempt that failed, and with None of the one that did not."""
    missing = dict.fromkeys(handlers, "loading the model")
    say(dict(missing))

    async def one(name: str, handler: ModelHandler) -> None:
        pause = first_pause_s
        while True:
            try:
                await handler.prepare()
            except OctavoError as error:
                reason = error.message
            except Exception as error:
                log.exception("a model cannot be loaded", generator=name)
                reason = f"{type(error).__name__}: {error}"[:300]
            else:
                del missing[name]
                say(dict(missing))
                await note(name, None)
                return
            if missing[name] != reason:
                log.error("a model cannot be loaded; its jobs fail meanwhile", generator=name, reason=reason, again_in_s=pause)
                missing[name] = reason
                say(dict(missing))
            await note(name, reason)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)

    await asyncio.gather(*(one(name, handler) for name, handler in handlers.items()))
