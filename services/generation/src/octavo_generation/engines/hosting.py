"""One loaded engine in a worker process, fed by any number of jobs.

Requests that come while the engine works wait and go together as the next batch, up to what the engine takes at once. The
engine runs in a thread of its own; nothing here blocks the event loop. A request whose job has ended stops at the engine's
next step. A load that fails is tried again by the next request, so that a job's own attempts decide how long one insists.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog

from octavo_generation.engines.port import EngineProfile, Generation, TextEngine, TextRequest

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Waiting:
    request: TextRequest
    on_token: Callable[[str], None]
    is_ended: Callable[[], bool]
    future: asyncio.Future[Generation]


class EngineHost:
    def __init__(self, open_engine: Callable[[], TextEngine]) -> None:
        self._open_engine = open_engine
        self._engine: TextEngine | None = None
        self._profile: EngineProfile | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="engine")
        self._loading: asyncio.Task[EngineProfile] | None = None
        self._waiting: deque[_Waiting] = deque()
        self._working: asyncio.Task[None] | None = None

    async def profile(self, on_stage: Callable[[str], None]) -> EngineProfile:
        """The loaded engine's profile; loads it first where that has not happened, telling the stages to whoever asked first."""
        if self._profile is not None:
            return self._profile
        if self._loading is None:
            self._loading = asyncio.create_task(self._load(on_stage))
        else:
            on_stage("loading the model")
        try:
            return await asyncio.shield(self._loading)
        finally:
            if self._loading is not None and self._loading.done():
                self._loading = None

    async def generate(self, request: TextRequest, *, on_token: Callable[[str], None], is_ended: Callable[[], bool]) -> Generation:
        """Call after `profile`. `on_token` is called from the engine's thread. Raises `EngineError`."""
        waiting = _Waiting(request, on_token, is_ended, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        return await waiting.future

    async def close(self) -> None:
        if self._working is not None:
            with contextlib.suppress(Exception):
                await self._working
        if self._engine is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._engine.unload)
        self._thread.shutdown(wait=False)

    async def _load(self, on_stage: Callable[[str], None]) -> EngineProfile:
        loop = asyncio.get_running_loop()

        def stage(text: str) -> None:
            loop.call_soon_threadsafe(on_stage, text)

        def load() -> tuple[TextEngine, EngineProfile]:
            engine = self._open_engine()
            return engine, engine.load(stage)

        engine, profile = await loop.run_in_executor(self._thread, load)
        self._engine, self._profile = engine, profile
        log.info("model loaded", model=profile.model, engine=profile.name)
        return profile

    async def _work(self) -> None:
        assert self._engine is not None
        assert self._profile is not None
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                batch: list[_Waiting] = []
                while self._waiting and len(batch) < self._profile.max_batch:
                    item = self._waiting.popleft()
                    if not item.future.done():
                        batch.append(item)
                if not batch:
                    continue
                try:
                    generations = await loop.run_in_executor(self._thread, _generate, self._engine, batch)
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
