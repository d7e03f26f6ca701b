"""Client and mapping, put together as the port asks.

One picture asked for or four: a grid is imagined once, and as many of its pictures are upscaled side by side. The gateway cannot take a
task back: one that is given up ends there unseen.
"""

from __future__ import annotations

from collections.abc import Callable

from octavo_core.errors import InvalidInput
from octavo_generation.providers.midjourney.client import MidjourneyClient
from octavo_generation.providers.midjourney.mapping import Task, imagine, is_content_refusal, upscale
from octavo_generation.providers.opening import Opening
from octavo_generation.providers.port import DrawnImage, ImageAnswer, ImagePrompt, ImageProvider, OnStage, Usage
from octavo_generation.providers.waiting import Stages, side_by_side, until_done, within
from octavo_generation.providers.wire import Wire

IN_A_GRID = 4
STAGES = ("imagining", "upscaling", "downloading")


class MidjourneyProvider:
    def __init__(self, *, name: str, model: str, timeout_s: float, client: MidjourneyClient) -> None:
        self.name = name
        self.model = model
        self._timeout_s = timeout_s
        self._client = client

    async def draw(self, prompt: ImagePrompt, on_stage: OnStage | None = None) -> ImageAnswer:
        if not 1 <= prompt.count <= IN_A_GRID:
            raise InvalidInput(f"{self.name} draws 1 to {IN_A_GRID} pictures of a prompt, not {prompt.count}")
        stages = Stages(on_stage, STAGES, prompt.count)

        def imagining(far: float | None) -> None:
            for call in range(prompt.count):
                stages.tell(call, "imagining", far)

        async with within(self._timeout_s, self.name):
            grid_id = await self._client.submit("/mj/submit/imagine", imagine(prompt, model=self.model))
            grid = await self._done(grid_id, imagining)
            calls = (self._upscaled(grid, grid_id, place, prompt.seed, stages) for place in range(1, prompt.count + 1))
            images = await side_by_side(calls)
        return ImageAnswer(images, model=self.model, usage=Usage(images=len(images)))

    async def close(self) -> None:
        await self._client.close()

    async def _upscaled(self, grid: Task, grid_id: str, place: int, seed: int | None, stages: Stages) -> DrawnImage:
        task = await self._client.submit(*upscale(grid, grid_id, place))
        done = await self._done(task, lambda far: stages.tell(place - 1, "upscaling", far))
        stages.tell(place - 1, "downloading")
        assert done.url is not None
        return DrawnImage(await self._client.download(done.url), seed=seed)

    async def _done(self, task: str, tell: Callable[[float | None], None]) -> Task:
        async def look() -> Task | None:
            found = await self._client.look(task)
            if found.status == "SUCCESS":
                return found
            tell(found.progress)
            return None

        tell(None)
        return await until_done(look)


def open_provider(opening: Opening) -> ImageProvider:
    wire = Wire(
        provider=opening.name,
        base_url=opening.base_url,
        headers={"mj-api-secret": opening.api_key} if opening.api_key else {},
        secrets=opening.secrets,
        timeout_s=opening.timeout_s,
        max_connections=opening.max_connections * IN_A_GRID,
        is_content_refusal=is_content_refusal,
    )
    return MidjourneyProvider(name=opening.name, model=opening.model, timeout_s=opening.timeout_s, client=MidjourneyClient(wire))
