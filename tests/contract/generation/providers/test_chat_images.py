"""Pictures over OpenAI's wire format: three generations of parameters, base64 and addresses, several calls for several pictures."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
from PIL import Image
from tests.contract.generation.providers.openings import KEY, open_against
from tests.servers.vendor_wire import Reply, VendorWire, vendor_wire

from octavo_core.errors import Moderated, ProviderError, ProviderRefused, ProviderTimeout, ProviderUnavailable
from octavo_core.spec import ProviderType
from octavo_generation.providers.port import DrawnImage, ImageAnswer, ImagePrompt, ImageProvider, Picture, Usage

DRAW = "/v1/images/generations"
FOX = ImagePrompt("A fox", "1024x1024")


def encoded(kind: str = "PNG") -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (2, 3), (200, 80, 20)).save(data, kind)
    return data.getvalue()


PNG = encoded()
BASE64 = base64.b64encode(PNG).decode()
ONE = {"created": 1, "data": [{"b64_json": BASE64, "revised_prompt": "A red fox."}]}


@pytest.fixture
async def vendor() -> AsyncIterator[VendorWire]:
    async with vendor_wire() as started:
        yield started


@pytest.fixture
async def dalle(vendor: VendorWire) -> AsyncIterator[ImageProvider]:
    opened: ImageProvider = open_against(vendor.url, "openai", "dall-e-3")
    yield opened
    await opened.close()


async def draw(vendor: VendorWire, kind: ProviderType, model: str, prompt: ImagePrompt) -> ImageAnswer:
    provider = open_against(vendor.url, kind, model)
    try:
        answer: ImageAnswer = await provider.draw(prompt)
        return answer
    finally:
        await provider.close()


async def test_a_picture_comes_back_in_our_words(dalle: ImageProvider, vendor: VendorWire) -> None:
    vendor.on("POST", DRAW, Reply(body=ONE))
    answer = await dalle.draw(ImagePrompt("A fox", "1792x1024", quality="hd", style="natural", seed=3, user="u-1"))
    drawn = DrawnImage(Picture(PNG, "image/png"), "A red fox.")
    assert answer == ImageAnswer((drawn,), "dall-e-3", Usage(images=1))
    assert vendor.seen[0].body == {
        "model": "dall-e-3",
        "prompt": "A fox",
        "n": 1,
        "size": "1792x1024",
        "quality": "hd",
        "style": "natural",
        "response_format": "b64_json",
        "user": "u-1",
    }
    assert vendor.seen[0].headers["authorization"] == f"Bearer {KEY}"


async def test_gpt_image_takes_no_style_and_no_format_and_counts_tokens(vendor: VendorWire) -> None:
    usage = {"input_tokens": 12, "output_tokens": 4160, "total_tokens": 4172}
    vendor.on("POST", DRAW, Reply(body={"data": [{"b64_json": BASE64}] * 2, "usage": usage}))
    prompt = ImagePrompt("A fox", "1536x1024", count=2, quality="high", style="vivid")
    answer = await draw(vendor, "openai", "gpt-image-2.6-sunburst", prompt)
    assert answer.usage == Usage(12, 4160, 2)
    assert [image.revised_prompt for image in answer.images] == [None, None]
    assert vendor.seen[0].body == {
        "model": "gpt-image-2.6-sunburst",
        "prompt": "A fox",
        "n": 2,
        "size": "1536x1024",
        "quality": "high",
    }


@pytest.mark.parametrize(
    ("model", "size", "sent"),
    [
        ("grok-2-image", "1024x768", {"response_format": "b64_json"}),
        ("grok-imagine-image", "1280x720", {"response_format": "b64_json", "aspect_ratio": "16:9"}),
        ("grok-imagine-image-2.0", "768x1152", {"response_format": "b64_json", "aspect_ratio": "2:3", "quality": "low"}),
    ],
)
async def test_grok_takes_a_shape_and_no_size(vendor: VendorWire, model: str, size: str, sent: dict[str, str]) -> None:
    vendor.on("POST", DRAW, Reply(body=ONE))
    await draw(vendor, "xai", model, ImagePrompt("A fox", size, quality="low", style="vivid"))
    assert vendor.seen[0].body == {"model": model, "prompt": "A fox", "n": 1, **sent}


@pytest.mark.parametrize(("kind", "asks"), [("openai", False), ("openai-compatible", True), ("xai", True)])
async def test_a_model_that_no_profile_knows(vendor: VendorWire, kind: ProviderType, asks: bool) -> None:
    vendor.on("POST", DRAW, Reply(body=ONE))
    await draw(vendor, kind, "image-9", ImagePrompt("A fox", "640x480", quality="fine", style="ink", count=3))
    body = vendor.seen[0].body
    assert {name: body[name] for name in ("size", "quality", "style", "n")} == {
        "size": "640x480",
        "quality": "fine",
        "style": "ink",
        "n": 3,
    }
    assert ("response_format" in body) is asks


async def test_a_server_that_takes_no_format_is_spared_it(vendor: VendorWire) -> None:
    vendor.on("POST", DRAW, Reply(400, {"error": {"message": "Unknown parameter: 'response_format'."}}), Reply(body=ONE))
    provider = open_against(vendor.url, "openai-compatible", "m")
    for _ in range(2):
        assert (await provider.draw(FOX)).images[0].picture.data == PNG
    await provider.close()
    assert ["response_format" in seen.body for seen in vendor.seen] == [True, False, False]


@pytest.mark.parametrize(
    ("kind", "media_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("GIF", "image/gif")]
)
async def test_the_media_type_is_the_pictures_own(dalle: ImageProvider, vendor: VendorWire, kind: str, media_type: str) -> None:
    data = encoded(kind)
    vendor.on("POST", DRAW, Reply(body={"data": [{"b64_json": base64.b64encode(data).decode(), "mime_type": "image/x"}]}))
    assert (await dalle.draw(FOX)).images[0].picture == Picture(data, media_type)


async def test_an_address_is_fetched_without_the_key(dalle: ImageProvider, vendor: VendorWire) -> None:
    vendor.on("POST", DRAW, Reply(body={"data": [{"url": f"{vendor.url}/store/a.png?sig=s", "revised_prompt": "r"}]}))
    vendor.on("GET", "/store/a.png", Reply(body=PNG, headers={"content-type": "application/octet-stream"}))
    answer = await dalle.draw(FOX)
    assert answer.images == (DrawnImage(Picture(PNG, "image/png"), "r"),)
    fetched = vendor.seen[1]
    assert (fetched.path, fetched.query) == ("/store/a.png", {"sig": "s"})
    assert KEY not in str(fetched.headers)


async def test_an_address_that_is_the_picture(dalle: ImageProvider, vendor: VendorWire) -> None:
    vendor.on("POST", DRAW, Reply(body={"data": [{"url": f"data:image/png;base64,{BASE64}"}]}))
    assert (await dalle.draw(FOX)).images[0].picture.data == PNG


async def test_more_pictures_than_a_call_makes_are_several_calls_side_by_side(dalle: ImageProvider, vendor: VendorWire) -> None:
    vendor.on("POST", DRAW, Reply(body=ONE, held=True))
    stages: list[tuple[str, float | None]] = []
    running = asyncio.create_task(dalle.draw(ImagePrompt("A fox", "1024x1024", count=3), lambda *stage: stages.append(stage)))
    await vendor.until_in_flight(3)
    vendor.released.set()
    answer = await running
    assert len(answer.images) == 3
    assert answer.usage == Usage(images=3)
    assert vendor.most_in_flight == 3
    assert [seen.body["n"] for seen in vendor.seen] == [1, 1, 1]
    assert stages == [("1 of 3 pictures drawn", 1 / 3), ("2 of 3 pictures drawn", 2 / 3), ("3 of 3 pictures drawn", 1.0)]


async def test_a_last_call_makes_what_is_left(vendor: VendorWire) -> None:
    vendor.on("POST", DRAW, Reply(body=ONE))
    await draw(vendor, "openai", "gpt-image-2", ImagePrompt("A fox", "1024x1024", count=23))
    assert sorted(seen.body["n"] for seen in vendor.seen) == [3, 10, 10]


async def test_when_one_of_several_calls_fails_the_others_end(dalle: ImageProvider, vendor: VendorWire) -> None:
    vendor.on("POST", DRAW, Reply(held=True), Reply(400, {"error": {"code": "content_policy_violation", "message": "no"}}))
    with pytest.raises(Moderated):
        await dalle.draw(ImagePrompt("A fox", "1024x1024", count=2))
    await asyncio.wait_for(vendor.left.wait(), 5)


async def test_a_call_that_is_cancelled_ends_all_its_connections(dalle: ImageProvider, vendor: VendorWire) -> None:
    vendor.on("POST", DRAW, Reply(held=True))
    running = asyncio.create_task(dalle.draw(ImagePrompt("A fox", "1024x1024", count=2)))
    await asyncio.wait_for(vendor.begun.wait(), 5)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await asyncio.wait_for(vendor.left.wait(), 5)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "without a picture"),
        ({"data": []}, "without a picture"),
        ({"data": [3]}, "without a picture"),
        ({"data": [{}]}, "without a picture"),
        ({"data": [{"url": "file:///etc/passwd"}]}, "without a picture"),
        ({"data": [{"url": "/relative.png"}]}, "without a picture"),
        ({"data": [{"b64_json": "!!!!"}]}, "not base64"),
        ({"data": [{"b64_json": "é"}]}, "not base64"),
        ({"data": [{"b64_json": base64.b64encode(b"<svg>").decode()}]}, "not a picture"),
        (b"<html>", "not a JSON object"),
    ],
)
async def test_what_is_no_picture(dalle: ImageProvider, vendor: VendorWire, body: Any, says: str) -> None:
    vendor.on("POST", DRAW, Reply(body=body))
    with pytest.raises(ProviderError, match=says) as caught:
        await dalle.draw(FOX)
    assert type(caught.value) is ProviderError


async def test_a_picture_that_was_rejected_after_it_was_drawn(vendor: VendorWire) -> None:
    vendor.on("POST", DRAW, Reply(body={"data": [{"url": "", "respect_moderation": False}]}))
    with pytest.raises(Moderated, match="up refused this for its content"):
        await draw(vendor, "xai", "grok-imagine-image", FOX)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(403, b"<Error>expired</Error>"), ProviderRefused),
        (Reply(500), ProviderUnavailable),
        (Reply(body=b"<html>", headers={"content-type": "image/png"}), ProviderError),
        (Reply(body=PNG, cut=True), ProviderUnavailable),
        (Reply(held=True), ProviderTimeout),
    ],
)
async def test_an_address_that_gives_nothing(vendor: VendorWire, reply: Reply, error: type[ProviderError]) -> None:
    provider = open_against(vendor.url, "openai", "dall-e-3", timeout_s=0.3)
    vendor.on("POST", DRAW, Reply(body={"data": [{"url": f"{vendor.url}/store/a.png"}]}))
    vendor.on("GET", "/store/a.png", reply)
    with pytest.raises(ProviderError) as caught:
        await provider.draw(FOX)
    await provider.close()
    assert type(caught.value) is error


async def test_a_picture_without_end_is_not_read_to_its_end(
    dalle: ImageProvider, vendor: VendorWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("octavo_generation.providers.wire.MAX_ANSWER_BYTES", 1_000_000)
    vendor.on("POST", DRAW, Reply(body={"data": [{"url": f"{vendor.url}/store/a.png"}]}))
    vendor.on("GET", "/store/a.png", Reply(body=PNG + bytes(3_000_000)))
    with pytest.raises(ProviderError, match="more than 1000000 bytes"):
        await dalle.draw(FOX)
