"""The image providers against `octavo fake-providers`: the same vendors' APIs, written down a second time by somebody else."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from tests.servers.fake_providers import FakeProviders, fake_providers

from octavo_core.errors import ProviderUnavailable
from octavo_core.spec import Provider
from octavo_generation.providers.port import ImagePrompt, ImageProvider
from octavo_generation.providers.registry import FAKES_URL, open_provider

NO_KEY = {"env": "A_KEY_THAT_IS_NOT_HERE"}
PROVIDERS: tuple[dict[str, Any], ...] = (
    {"type": "flux", "credentials": NO_KEY},
    {"type": "flux", "credentials": NO_KEY, "model": "flux-2-pro"},
    {"type": "stability", "credentials": NO_KEY},
    {"type": "stability", "credentials": NO_KEY, "model": "sd3.5-large"},
    {"type": "automatic1111", "baseUrl": "http://web-ui.invalid", "credentials": NO_KEY},
    {"type": "midjourney", "baseUrl": "http://gateway.invalid", "credentials": NO_KEY},
)


@pytest.fixture(scope="module")
def fakes() -> Iterator[FakeProviders]:
    with fake_providers() as started:
        yield started


def opened(fakes: FakeProviders, document: dict[str, Any]) -> ImageProvider:
    provider = Provider.model_validate({"name": "art", **document})
    found = open_provider(provider, environment={FAKES_URL: fakes.url}, max_connections=5)
    assert isinstance(found, ImageProvider)
    return found


@pytest.mark.parametrize("document", PROVIDERS, ids=lambda document: f"{document['type']}-{document.get('model', 'default')}")
async def test_two_pictures_of_one_prompt(fakes: FakeProviders, document: dict[str, Any]) -> None:
    provider = opened(fakes, document)
    answer = await provider.draw(ImagePrompt("a fox", "1024x1024", count=2, seed=42))
    await provider.close()
    assert answer.usage.images == len(answer.images) == 2
    assert answer.images[0].picture != answer.images[1].picture
    assert [image.seed for image in answer.images] == ([42, 42] if document["type"] == "midjourney" else [42, 43])
    for image in answer.images:
        Image.open(io.BytesIO(image.picture.data)).load()


@pytest.mark.parametrize("kind", ["flux", "stability", "automatic1111", "midjourney"])
async def test_a_vendor_that_is_down(fakes: FakeProviders, kind: str) -> None:
    provider = opened(fakes, next(document for document in PROVIDERS if document["type"] == kind))
    fakes.down(**{kind: True})
    try:
        with pytest.raises(ProviderUnavailable):
            await provider.draw(ImagePrompt("a fox", "1024x1024"))
    finally:
        fakes.down(**{kind: False})
        await provider.close()
