"""Octavo's own drawing behind the port: real pictures, decided by the seed, drawn beside the event loop."""

from __future__ import annotations

import asyncio
import io
import time

import pytest
from PIL import Image
from tests.contract.generation.providers.making import Told, opening

from octavo_core.errors import InvalidInput, ProviderTimeout
from octavo_generation.providers.port import ImagePrompt, ImageProvider
from octavo_generation.providers.sketch.provider import open_provider


@pytest.fixture
def sketch() -> ImageProvider:
    return open_provider(opening("sketch", ""))


async def test_a_picture_of_the_size_asked_for(sketch: ImageProvider) -> None:
    told = Told()
    answer = await sketch.draw(ImagePrompt("a red house by the sea", "512x512", seed=7, style="vivid"), told)
    assert (answer.model, answer.usage.images) == ("builtin://sketch", 1)
    (image,) = answer.images
    assert (image.picture.media_type, image.seed) == ("image/png", 7)
    picture = Image.open(io.BytesIO(image.picture.data))
    picture.load()
    assert (picture.format, picture.size) == ("PNG", (512, 512))
    assert told.stages == [("drawing", 0.0)]


async def test_the_same_seed_draws_the_same_pictures_and_another_others(sketch: ImageProvider) -> None:
    prompt = ImagePrompt("a red house by the sea", "256x256", count=2, seed=41)
    first, again = await sketch.draw(prompt), await sketch.draw(prompt)
    assert first == again
    assert [image.seed for image in first.images] == [41, 42]
    assert first.images[0].picture != first.images[1].picture
    alone = await sketch.draw(ImagePrompt("a red house by the sea", "256x256", seed=42))
    assert alone.images[0] == first.images[1], "each can be drawn again by the seed that was told with it"


async def test_a_seed_of_its_own_choice_is_told(sketch: ImageProvider) -> None:
    prompt = ImagePrompt("a red house by the sea", "256x256")
    one, other = (await sketch.draw(prompt)).images[0], (await sketch.draw(prompt)).images[0]
    assert one.seed != other.seed
    again = await sketch.draw(ImagePrompt("a red house by the sea", "256x256", seed=one.seed))
    assert again.images[0] == one


async def test_the_event_loop_stays_free(sketch: ImageProvider) -> None:
    drawing = asyncio.create_task(sketch.draw(ImagePrompt("a forest", "1536x1024", count=2)))
    longest = 0.0
    while not drawing.done():
        began = time.monotonic()
        await asyncio.sleep(0.01)
        longest = max(longest, time.monotonic() - began)
    assert len(drawing.result().images) == 2
    assert longest < 0.5


async def test_a_call_that_is_given_up_draws_no_further_picture(sketch: ImageProvider) -> None:
    told, began = Told(), asyncio.Event()

    def on_stage(stage: str, far: float | None) -> None:
        told(stage, far)
        began.set()

    drawing = asyncio.create_task(sketch.draw(ImagePrompt("a forest", "1024x1024", count=4), on_stage))
    await began.wait()
    drawing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drawing
    assert told.stages == [("drawing", 0.0)]


async def test_the_deadline() -> None:
    sketch = open_provider(opening("sketch", "", timeout_s=0.001))
    with pytest.raises(ProviderTimeout):
        await sketch.draw(ImagePrompt("a forest", "1536x1024", count=4))


@pytest.mark.parametrize("size", ["big", "0x0", "100000x1"])
async def test_a_size_that_is_none(sketch: ImageProvider, size: str) -> None:
    with pytest.raises(InvalidInput):
        await sketch.draw(ImagePrompt("a forest", size))
