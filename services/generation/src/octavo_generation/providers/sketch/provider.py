"""The drawing engine behind the port. It draws in a thread, one picture after the other, so that the event loop stays free and a batch
takes one core; a call that is given up ends before its next picture."""

from __future__ import annotations

import asyncio
import random

from octavo_core.errors import EngineError, ProviderError
from octavo_generation.providers.opening import Opening
from octavo_generation.providers.pictures import picture_of
from octavo_generation.providers.port import DrawnImage, ImageAnswer, ImagePrompt, ImageProvider, OnStage, Picture, Usage
from octavo_generation.providers.profile import ModelProfile
from octavo_generation.providers.sketch.mapping import SEEDS, Drawing, drawings
from octavo_generation.providers.waiting import within


class SketchProvider:
    def __init__(self, *, name: str, model: str, profile: ModelProfile | None, timeout_s: float) -> None:
        self.name = name
        self.model = model
        self._profile = profile
        self._timeout_s = timeout_s

    async def draw(self, prompt: ImagePrompt, on_stage: OnStage | None = None) -> ImageAnswer:
        images: list[DrawnImage] = []
        async with within(self._timeout_s, self.name):
            for drawing in drawings(prompt, seed=random.randrange(SEEDS), profile=self._profile):
                if on_stage is not None:
                    on_stage("drawing", len(images) / prompt.count)
                picture = await asyncio.to_thread(self._draw, drawing)
                images.append(DrawnImage(picture, seed=drawing.seed))
        return ImageAnswer(tuple(images), model=self.model, usage=Usage(images=len(images)))

    async def close(self) -> None:
        """Nothing is open."""

    def _draw(self, drawing: Drawing) -> Picture:
        # Here and not above: numpy and Pillow are for those who draw.
        from octavo_generation.engines.sketch import draw_sketch

        try:
            data = draw_sketch(
                drawing.prompt,
                width=drawing.width,
                height=drawing.height,
                seed=drawing.seed,
                style=drawing.style,
                quality=drawing.quality,
            )
        except EngineError as error:
            raise ProviderError(f"{self.name} could not draw: {error.message}", provider=self.name) from error
        picture = picture_of(data)
        assert picture is not None, "the engine makes PNG"
        return picture


def open_provider(opening: Opening) -> ImageProvider:
    return SketchProvider(name=opening.name, model=opening.model, profile=opening.profile, timeout_s=opening.timeout_s)
