"""Stability AI's API behind the port: a form for each picture."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from email.parser import BytesParser
from email.policy import HTTP

import pytest
from tests.contract.generation.providers.making import Told, opening, png
from tests.servers.vendor_wire import Reply, Seen, VendorWire, vendor_wire

from octavo_core.errors import Moderated, ProviderError, ProviderRefused, ProviderTimeout, ProviderUnavailable
from octavo_generation.providers.port import ImagePrompt, ImageProvider, Picture
from octavo_generation.providers.stability.provider import open_provider

KEY = "sk-stability-0123456789"
CORE = "/v2beta/stable-image/generate/core"
PICTURE = Reply(body=png(), headers={"content-type": "image/png", "finish-reason": "SUCCESS", "seed": "1234"})


@pytest.fixture
async def api() -> AsyncIterator[VendorWire]:
    async with vendor_wire() as started:
        yield started


@pytest.fixture
async def stability(api: VendorWire) -> AsyncIterator[ImageProvider]:
    opened = open_provider(opening("stability", api.url, api_key=KEY))
    yield opened
    await opened.close()


def form(asked: Seen) -> dict[str, str]:
    """Parsed by the standard library, not by what wrote it."""
    head = b"content-type: " + asked.headers["content-type"].encode() + b"\r\n\r\n"
    message = BytesParser(policy=HTTP).parsebytes(head + asked.raw)
    assert message.get_content_type() == "multipart/form-data"
    return {str(part.get_param("name", header="content-disposition")): part.get_content() for part in message.iter_parts()}  # type: ignore[attr-defined]


async def test_a_picture(api: VendorWire, stability: ImageProvider) -> None:
    api.on("POST", CORE, PICTURE)
    told = Told()
    prompt = ImagePrompt("a fox: the ü one", "1216x832", style="anime", seed=1234, negative_prompt="snow", user="u-1")
    answer = await stability.draw(prompt, told)
    assert answer.model == "stable-image-core"
    assert answer.usage.images == 1
    assert [(image.picture, image.seed) for image in answer.images] == [(Picture(png(), "image/png"), 1234)]
    (asked,) = api.seen
    assert form(asked) == {
        "prompt": "a fox: the ü one",
        "aspect_ratio": "3:2",
        "output_format": "png",
        "seed": "1234",
        "negative_prompt": "snow",
        "style_preset": "anime",
    }
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.headers["accept"] == "image/*"
    assert asked.headers["stability-client-user-id"] == "u-1"
    assert told.stages == [("drawing", None)]


async def test_a_gateway_that_answers_in_json(api: VendorWire, stability: ImageProvider) -> None:
    body = {"image": base64.b64encode(png("red")).decode(), "finish_reason": "SUCCESS", "seed": 5}
    api.on("POST", CORE, Reply(body=body, headers={"content-type": "application/json; type=image/png"}))
    (image,) = (await stability.draw(ImagePrompt("a fox", "1024x1024"))).images
    assert (image.picture.data, image.seed) == (png("red"), 5)


async def test_stable_diffusion_is_named_in_the_form(api: VendorWire) -> None:
    api.on("POST", "/v2beta/stable-image/generate/sd3", PICTURE)
    stability = open_provider(opening("stability", api.url, api_key=KEY, model="sd3.5-large-turbo"))
    await stability.draw(ImagePrompt("a fox", "1024x1024", negative_prompt="snow"))
    await stability.close()
    assert form(api.seen[0]) == {"prompt": "a fox", "aspect_ratio": "1:1", "output_format": "png", "model": "sd3.5-large-turbo"}


async def test_several_pictures_are_several_forms_with_seeds_that_follow(api: VendorWire, stability: ImageProvider) -> None:
    api.on("POST", CORE, lambda asked: Reply(body=png(), headers={"content-type": "image/png", "seed": form(asked)["seed"]}))
    answer = await stability.draw(ImagePrompt("a fox", "1024x1024", count=3, seed=7))
    assert [image.seed for image in answer.images] == [7, 8, 9]
    assert answer.usage.images == 3


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body={"id": "x", "name": "content_moderation", "errors": [f"Your request was flagged {KEY}"]}, status=403),
        Reply(body=png(), headers={"content-type": "image/png", "finish-reason": "CONTENT_FILTERED"}),
        Reply(body={"image": base64.b64encode(png()).decode(), "finish_reason": "CONTENT_FILTERED", "seed": 5}),
    ],
    ids=["the prompt", "the picture", "the picture in JSON"],
)
async def test_moderated(api: VendorWire, stability: ImageProvider, reply: Reply) -> None:
    api.on("POST", CORE, reply)
    with pytest.raises(Moderated) as caught:
        await stability.draw(ImagePrompt("a fox", "1024x1024", count=2))
    assert KEY not in caught.value.message


@pytest.mark.parametrize(
    ("status", "name", "kind"),
    [
        (400, "bad_request", ProviderRefused),
        (402, "payment_required", ProviderRefused),
        (403, "unauthorized", ProviderRefused),
        (422, "unprocessable_entity", ProviderRefused),
        (429, "rate_limit_exceeded", ProviderUnavailable),
        (500, "internal_error", ProviderUnavailable),
    ],
)
async def test_an_error(api: VendorWire, stability: ImageProvider, status: int, name: str, kind: type[ProviderError]) -> None:
    api.on(
        "POST", CORE, Reply(body={"id": "x", "name": name, "errors": [f"because of {KEY}"]}, status=status, headers={"retry-after": "60"})
    )
    with pytest.raises(ProviderError) as caught:
        await stability.draw(ImagePrompt("a fox", "1024x1024"))
    assert type(caught.value) is kind
    assert "because of [redacted]" in caught.value.message
    assert caught.value.retry_after == (60.0 if kind is ProviderUnavailable else None)
    assert len(api.seen) == 1, "nobody retries in here"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=b""),
        Reply(body=b"<html>", headers={"content-type": "text/html"}),
        Reply(body=b"<html>", headers={"content-type": "image/png"}),
        Reply(body={}),
        Reply(body=[]),
        Reply(body={"image": "not base64!"}),
        Reply(body={"image": base64.b64encode(b"no picture").decode()}),
    ],
)
async def test_garbage(api: VendorWire, stability: ImageProvider, reply: Reply) -> None:
    api.on("POST", CORE, reply)
    with pytest.raises(ProviderError) as caught:
        await stability.draw(ImagePrompt("a fox", "1024x1024"))
    assert type(caught.value) is ProviderError


async def test_an_answer_that_takes_too_long(api: VendorWire) -> None:
    api.on("POST", CORE, Reply(held=True))
    stability = open_provider(opening("stability", api.url, api_key=KEY, timeout_s=0.5))
    with pytest.raises(ProviderTimeout, match=r"0\.5 s"):
        await stability.draw(ImagePrompt("a fox", "1024x1024", count=2))
    await stability.close()


async def test_an_api_that_dies_while_it_draws(api: VendorWire, stability: ImageProvider) -> None:
    api.on("POST", CORE, Reply(held=True))
    drawing = asyncio.create_task(stability.draw(ImagePrompt("a fox", "1024x1024")))
    await api.until_asked(CORE)
    api.on("POST", CORE, Reply(body=b""))
    await api.stop()
    with pytest.raises(ProviderError):
        await drawing
    with pytest.raises(ProviderUnavailable, match="art cannot be reached"):
        await stability.draw(ImagePrompt("a fox", "1024x1024"))


async def test_a_caller_that_gives_up(api: VendorWire, stability: ImageProvider) -> None:
    api.on("POST", CORE, Reply(held=True))
    drawing = asyncio.create_task(stability.draw(ImagePrompt("a fox", "1024x1024", count=2)))
    await api.until_asked(CORE, 2)
    drawing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drawing
