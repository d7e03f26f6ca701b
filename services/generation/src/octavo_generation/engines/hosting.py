"""One loaded engine in a worker process, fed by any number of jobs.

Requests that come while the engine works wait and go together as the next batch, up to what the engine takes at once; their owners take
turns. The engine runs in a thread of its own; nothing here blocks the event loop. A request whose job has ended stops at the engine's
next step. A load that fails is tried again by the next request, so that a job's own attempts decide how long one insists.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from octavo_generation.engines.batching.fair_queue import FairQueue
from octavo_generation.engines.loading import ModelLoader
from octavo_generation.engines.port import EngineProfile, Generation, TextEngine, TextRequest


class TextHost(Protocol):
    """A model as a handler sees it, whatever way its engine makes batches."""

    @property
    def room(self) -> int | None:
        """How many jobs at once it has use for; None as long as that is not known."""
        ...

    async def profile(self, on_stage: Callable[[str], None]) -> EngineProfile:
        """The loaded engine's profile; loads it first where that has not happened, telling the stages to whoever asked first."""
        ...

    async def generate(
        self, request: TextRequest, *, owner: str, on_token: Callable[[str], None], is_ended: Callable[[], bool]
    ) -> Generation:
        """Call after `profile`. `on_token` is called from a thread. Raises `EngineError`."""
        ...

    async def close(self) -> None: ...


@dataclass(slots=True)
class _Waiting:
    request: TextRequest
    on_token: Callable[[str], None]
    is_ended: Callable[[], bool]
    future: asyncio.Future[Generation]


class EngineHost:
    """Implements `TextHost` for engines that take a whole batch and give it back when its last text has ended."""

    def __init__(self, open_engine: Callable[[], TextEngine]) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="engine")
        self._loader = ModelLoader(open_engine, self._thread)
        self._waiting: FairQueue[_Waiting] = FairQueue()
        self._working: asyncio.Task[None] | None = None

    @property
    def room(self) -> int | None:
        return None

    async def profile(self, on_stage: Callable[[str], None]) -> EngineProfile:
        return await self._loader.profile(on_stage)

    async def generate(
        self, request: TextRequest, *, owner: str, on_token: Callable[[str], None], is_ended: Callable[[], bool]
    ) -> Generation:
        waiting = _Waiting(request, on_token, is_ended, asyncio.get_running_loop().create_future())
        self._waiting.put(owner, waiting)
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        return await waiting.future

    async def close(self) -> None:
        if self._working is not None:
            with contextlib.suppress(Exception):
                await self._working
        if self._loader.engine is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._loader.engine.unload)
        self._thread.shutdown(wait=False)

    async def _work(self) -> None:
        engine, profile = self._loader.engine, self._loader.loaded
        assert engine is not None
        assert profile is not None
        loop = asyncio.get_running_loop()
        try:
            while len(self._waiting):
                batch: list[_Waiting] = []
                while len(self._waiting) and len(batch) < profile.max_batch:
                    item = self._waiting.take()
                    if not item.future.done():
                        batch.append(item)
                if not batch:
                    continue
                try:
                    generations = await loop.run_in_executor(self._thread, _generate, engine, batch)
                except Exception as error:
                    for item in batch:
                        if not item.future.done():
                            item.future.set_exception(error)
                    continue
                for item, generation in zip(batch, generations, strict=True):
                    if not item.future.done():
                        item.future.set_result(generation)
        finally:
            self._working = None


def _generate(engine: TextEngine, batch: list[_Waiting]) -> list[Generation]:
    return engine.generate(
        [item.request for item in batch],
        lambda index, text: batch[index].on_token(text),
        lambda index: batch[index].is_ended(),
    )
