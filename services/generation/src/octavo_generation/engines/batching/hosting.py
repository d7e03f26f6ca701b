"""The batcher's face on the event loop: one loaded model in a worker process, fed by any number of jobs, each of which joins at the model's
next step. Nothing here blocks the loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

from octavo_generation.engines.batching.loop import BatchLoop, Order
from octavo_generation.engines.loading import ModelLoader
from octavo_generation.engines.port import EngineProfile, Generation, StepEngine, TextRequest

Result = TypeVar("Result")

WAITING_FOR_EACH_SLOT = 1
"""Jobs that may wait here for each that writes: enough for the owners to take turns, and few enough for another worker to have the rest."""


class BatchHost:
    """Implements `octavo_generation.engines.hosting.TextHost`."""

    def __init__(self, open_engine: Callable[[], StepEngine]) -> None:
        # One thread loads, steps and unloads: OpenMP keeps threads for each that computes, and once there are more of them than cores
        # they wait for each other asleep instead of awake.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="engine")
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="prompts")
        self._loader = ModelLoader(open_engine, self._thread)
        self._loop: BatchLoop | None = None

    @property
    def room(self) -> int | None:
        profile = self._loader.loaded
        return None if profile is None else profile.max_batch * (1 + WAITING_FOR_EACH_SLOT)

    async def profile(self, on_stage: Callable[[str], None]) -> EngineProfile:
        profile = await self._loader.profile(on_stage)
        if self._loop is None:
            assert self._loader.engine is not None
            self._loop = BatchLoop(self._loader.engine.decoder, self._loader.engine)
            self._thread.submit(self._loop.run)
        return profile

    async def generate(
        self, request: TextRequest, *, owner: str, on_token: Callable[[str], None], is_ended: Callable[[], bool]
    ) -> Generation:
        engine, loop = self._loader.engine, self._loop
        assert engine is not None
        assert loop is not None
        running = asyncio.get_running_loop()
        future: asyncio.Future[Generation] = running.create_future()
        slot_tokens = engine.decoder.slot_tokens
        tokens = await running.run_in_executor(self._reading, engine.encode, request.prompt)
        # What is nearest to the answer is kept of a prompt that is too long.
        tokens = tokens[-max(1, slot_tokens // 2) :]
        limit = max(1, min(request.sampling.max_tokens, slot_tokens - len(tokens)))
        loop.submit(
            Order(
                owner=owner,
                tokens=tokens,
                sampling=replace(request.sampling, max_tokens=limit),
                language=request.language,
                on_token=on_token,
                is_ended=lambda: future.cancelled() or is_ended(),
                on_done=lambda generation: _tell(running, future, future.set_result, generation),
                on_failed=lambda error: _tell(running, future, future.set_exception, error),
            )
        )
        return await future

    async def close(self) -> None:
        running = asyncio.get_running_loop()
        if self._loop is not None:
            await running.run_in_executor(None, self._loop.stop)
        if self._loader.engine is not None:
            await running.run_in_executor(self._thread, self._loader.engine.unload)
        self._thread.shutdown(wait=False)
        self._reading.shutdown(wait=False)


def _tell(running: asyncio.AbstractEventLoop, future: asyncio.Future[Generation], how: Callable[[Result], None], result: Result) -> None:
    def told() -> None:
        if not future.done():
            how(result)

    # The process ends, and nobody listens any more.
    with contextlib.suppress(RuntimeError):
        running.call_soon_threadsafe(told)
