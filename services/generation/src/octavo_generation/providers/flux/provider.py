"""Client and mapping, put together as the port asks. The API cannot call a task back: one that is given up ends there unseen."""

from __future__ import annotations

from octavo_generation.providers.flux.client import FluxClient
from octavo_generation.providers.flux.mapping import Ready, Running, is_content_refusal, seeds_of, to_wire
from octavo_generation.providers.opening import Opening
from octavo_generation.providers.port import DrawnImage, ImageAnswer, ImagePrompt, ImageProvider, OnStage, Usage
from octavo_generation.providers.profile import ModelProfile
from octavo_generation.providers.waiting import Stages, side_by_side, until_done, within
from octavo_generation.providers.wire import Wire

AT_ONCE = 4
"""Pictures of one prompt at most, each a task of its own: so many connections has a call."""
STAGES = ("submitting", "drawing", "downloading")


class FluxProvider:
    def __init__(self, *, name: str, model: str, profile: ModelProfile | None, timeout_s: float, client: FluxClient) -> None:
        self.name = name
        self.model = model
        self._profile = profile
        self._timeout_s = timeout_s
        self._client = client

    async def draw(self, prompt: ImagePrompt, on_stage: OnStage | None = None) -> ImageAnswer:
        stages = Stages(on_stage, STAGES, prompt.count)
        async with within(self._timeout_s, self.name):
            images = await side_by_side(self._one(prompt, call, seed, stages) for call, seed in enumerate(seeds_of(prompt)))
        return ImageAnswer(images, model=self.model, usage=Usage(images=len(images)))

    async def close(self) -> None:
        await self._client.close()

    async def _one(self, prompt: ImagePrompt, call: int, seed: int | None, stages: Stages) -> DrawnImage:
        stages.tell(call, "submitting")
        task = await self._client.submit(self.model, to_wire(prompt, model=self.model, profile=self._profile, seed=seed))
        stages.tell(call, "drawing")

        async def look() -> Ready | None:
            found = await self._client.look(task)
            if isinstance(found, Running):
                stages.tell(call, "drawing", found.progress)
                return None
            return found

        ready = await until_done(look)
        stages.tell(call, "downloading")
        picture = await self._client.download(ready.url)
        revised = ready.prompt if ready.prompt != prompt.prompt else None
        return DrawnImage(picture, revised_prompt=revised, seed=seed if ready.seed is None else ready.seed)


def open_provider(opening: Opening) -> ImageProvider:
    wire = Wire(
        provider=opening.name,
        base_url=opening.base_url,
        headers={"x-key": opening.api_key} if opening.api_key else {},
        secrets=opening.secrets,
        timeout_s=opening.timeout_s,
        max_connections=opening.max_connections * AT_ONCE,
        is_content_refusal=is_content_refusal,
    )
    return FluxProvider(
        name=opening.name, model=opening.model, profile=opening.profile, timeout_s=opening.timeout_s, client=FluxClient(wire)
    )
