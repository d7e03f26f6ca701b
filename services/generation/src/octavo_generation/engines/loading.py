"""Loads a model once, for all who ask.

A load that fails is tried again by the next who asks, so that a job's own attempts decide how long one insists.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Generic, Protocol, TypeVar

import structlog

from octavo_generation.engines.port import EngineProfile

log = structlog.get_logger(__name__)


class Loadable(Protocol):
    def load(self, on_stage: Callable[[str], None]) -> EngineProfile: ...


Opened = TypeVar("Opened", bound=Loadable)


class ModelLoader(Generic[Opened]):
    """On one event loop; the engine is made and loaded on `executor`."""

    def __init__(self, open_engine: Callable[[], Opened], executor: Executor) -> None:
        self._open_engine = open_engine
        self._executor = executor
        self._loading: asyncio.Task[EngineProfile] | None = None
        self._listening: list[Callable[[str], None]] = []
        self._stage = ""
        self.engine: Opened | None = None
        self.loaded: EngineProfile | None = None

    async def profile(self, on_stage: Callable[[str], None]) -> EngineProfile:
        """The loaded engine's profile; loads it first where that has not happened. Whoever waits is told the stages, from the one that
        it is at. Raises what the engine's `load` raises."""
        if self.loaded is not None:
            return self.loaded
        if self._loading is None:
            self._stage = ""
            self._loading = asyncio.create_task(self._load())
        elif self._stage:
            on_stage(self._stage)
        self._listening.append(on_stage)
        try:
            return await asyncio.shield(self._loading)
        finally:
            self._listening.remove(on_stage)
            if self._loading is not None and self._loading.done():
                self._loading = None

    def _tell(self, stage: str) -> None:
        self._stage = stage
        for listener in self._listening:
            listener(stage)

    async def _load(self) -> EngineProfile:
        loop = asyncio.get_running_loop()

        def stage(text: str) -> None:
            loop.call_soon_threadsafe(self._tell, text)

        def load() -> tuple[Opened, EngineProfile]:
            engine = self._open_engine()
            return engine, engine.load(stage)

        self.engine, profile = await loop.run_in_executor(self._executor, load)
        self.loaded = profile
        log.info("model loaded", model=profile.model, engine=profile.name)
        return profile
