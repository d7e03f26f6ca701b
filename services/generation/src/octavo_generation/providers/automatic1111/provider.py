"""Client and mapping, put together as the port asks.

A call that is given up stops the drawing, if it is its own that is drawn: one that still waits in the web UI's queue cannot be taken
out, and one of somebody else's must not come out half drawn.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib

from octavo_core.errors import ProviderError, ProviderTimeout
from octavo_core.ids import generate_uuid
from octavo_generation.providers.automatic1111.client import Automatic1111Client
from octavo_generation.providers.automatic1111.mapping import Progress, to_wire
from octavo_generation.providers.opening import Opening
from octavo_generation.providers.port import ImageAnswer, ImagePrompt, ImageProvider, OnStage, Usage
from octavo_generation.providers.waiting import within
from octavo_generation.providers.wire import Wire

LOOK_EVERY_S = 0.5
INTERRUPTING_S = 2.0
"""So long a caller that gives up waits at most for the drawing to be stopped."""


class Automatic1111Provider:
    def __init__(self, *, name: str, model: str, timeout_s: float, client: Automatic1111Client) -> None:
        self.name = name
        self.model = model
        self._timeout_s = timeout_s
        self._client = client
        self._drawing = 0

    async def draw(self, prompt: ImagePrompt, on_stage: OnStage | None = None) -> ImageAnswer:
        task = f"octavo-{generate_uuid()}"
        body = to_wire(prompt, model=self.model, task=task)
        self._drawing += 1
        watching = asyncio.create_task(self._watch(task, on_stage)) if on_stage is not None else None
        try:
            async with within(self._timeout_s, self.name):
                try:
                    images, model = await self._client.draw(body, count=prompt.count, model=self.model)
                except (asyncio.CancelledError, ProviderTimeout):
                    await self._interrupt(task)
                    raise
        finally:
            self._drawing -= 1
            if watching is not None:
                watching.cancel()
        return ImageAnswer(images, model=model, usage=Usage(images=len(images)))

    async def close(self) -> None:
        await self._client.close()

    async def _watch(self, task: str, on_stage: OnStage) -> None:
        """Until it is cancelled. That nothing can be learned of the progress is no reason to fail."""
        told: tuple[str, float | None] | None = None
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            with contextlib.suppress(ProviderError):
                found = await self._client.progress()
                now = ("drawing", found.far) if self._is_ours(found, task) else ("waiting for the web UI", None)
                if now != told:
                    told = now
                    on_stage(*now)

    async def _interrupt(self, task: str) -> None:
        with contextlib.suppress(ProviderError, TimeoutError):
            async with asyncio.timeout(INTERRUPTING_S):
                if self._is_ours(await self._client.progress(), task):
                    await self._client.interrupt()

    def _is_ours(self, found: Progress, task: str) -> bool:
        """A web UI that names no tasks is taken to be at ours where we have no other there."""
        return found.of(task) or (found.busy and found.task is None and self._drawing == 1)


def open_provider(opening: Opening) -> ImageProvider:
    """The key, where the web UI asks for one (`--api-auth`), is `user:password`."""
    key = opening.api_key
    basic = base64.b64encode(key.encode()).decode() if key else None
    wire = Wire(
        provider=opening.name,
        base_url=opening.base_url,
        headers={"authorization": f"Basic {basic}"} if basic else {},
        secrets=(key, basic, key.partition(":")[2]) if key and basic else (),
        timeout_s=opening.timeout_s,
        # A call holds one while it draws, and looks at the progress on another.
        max_connections=opening.max_connections * 2,
    )
    return Automatic1111Provider(name=opening.name, model=opening.model, timeout_s=opening.timeout_s, client=Automatic1111Client(wire))
