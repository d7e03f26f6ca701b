"""Client and mapping, put together as the port asks."""

from __future__ import annotations

from octavo_generation.providers.opening import Opening
from octavo_generation.providers.port import ImageAnswer, ImagePrompt, ImageProvider, OnStage, Usage
from octavo_generation.providers.profile import ModelProfile
from octavo_generation.providers.stability.client import StabilityClient
from octavo_generation.providers.stability.mapping import headers_for, is_content_refusal, route, seeds_of, to_form
from octavo_generation.providers.waiting import side_by_side, within
from octavo_generation.providers.wire import Wire

AT_ONCE = 4
"""Pictures of one prompt at most, each a request of its own: so many connections has a call."""


class StabilityProvider:
    def __init__(self, *, name: str, model: str, profile: ModelProfile | None, timeout_s: float, client: StabilityClient) -> None:
        self.name = name
        self.model = model
        self._profile = profile
        self._timeout_s = timeout_s
        self._client = client

    async def draw(self, prompt: ImagePrompt, on_stage: OnStage | None = None) -> ImageAnswer:
        if on_stage is not None:
            on_stage("drawing", None)
        calls = [
            self._client.generate(
                route(self.model),
                to_form(prompt, model=self.model, profile=self._profile, seed=seed),
                headers=headers_for(prompt),
                seed=seed,
            )
            for seed in seeds_of(prompt)
        ]
        async with within(self._timeout_s, self.name):
            images = await side_by_side(calls)
        return ImageAnswer(images, model=self.model, usage=Usage(images=len(images)))

    async def close(self) -> None:
        await self._client.close()


def open_provider(opening: Opening) -> ImageProvider:
    wire = Wire(
        provider=opening.name,
        base_url=opening.base_url,
        headers={"authorization": f"Bearer {opening.api_key}"} if opening.api_key else {},
        secrets=opening.secrets,
        timeout_s=opening.timeout_s,
        max_connections=opening.max_connections * AT_ONCE,
        is_content_refusal=is_content_refusal,
    )
    return StabilityProvider(
        name=opening.name, model=opening.model, profile=opening.profile, timeout_s=opening.timeout_s, client=StabilityClient(wire)
    )
