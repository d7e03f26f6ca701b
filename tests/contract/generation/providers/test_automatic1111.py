"""A Stable Diffusion web UI behind the port: drawn in one request, told of meanwhile, stopped when nobody waits any more."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.contract.generation.providers.making import Told, opening, png
from tests.servers.vendor_wire import Reply, Seen, VendorWire, vendor_wire

from octavo_core.errors import ProviderError, ProviderRefused, ProviderTimeout, ProviderUnavailable
from octavo_generation.providers.automatic1111.provider import open_provider
from octavo_generation.providers.port import ImagePrompt, ImageProvider

KEY = "ada:s3cret-0123456789"
BASIC = base64.b64encode(KEY.encode()).decode()
DRAW, PROGRESS, INTERRUPT = "/sdapi/v1/txt2img", "/sdapi/v1/progress", "/sdapi/v1/interrupt"


@pytest.fixture
async def ui() -> AsyncIterator[VendorWire]:
    async with vendor_wire() as started:
        started.on("POST", INTERRUPT, Reply(body={}))
        yield started


@pytest.fixture
async def art(ui: VendorWire) -> AsyncIterator[ImageProvider]:
    opened = open_provider(opening("automatic1111", ui.url, api_key=KEY))
    yield opened
    await opened.close()


def drawn(*colours: str, **info: Any) -> Reply:
    return Reply(
        body={"images": [base64.b64encode(png(colour)).decode() for colour in colours], "parameters": {}, "info": json.dumps(info)}
    )


def busy_with(ui: VendorWire, task: str | None, **more: Any) -> None:
    """The task that came last, where None is given."""

    def tell(_: Seen) -> Reply:
        asked = ui.at(DRAW)
        ours = asked[-1].body["force_task_id"] if asked else None
        return Reply(body={"progress": 0.4, "state": {"job_count": 1}, "current_task": task or ours, **more})

    ui.on("GET", PROGRESS, tell)


async def test_pictures(ui: VendorWire, art: ImageProvider) -> None:
    ui.on("POST", DRAW, drawn("red", "green", all_seeds=[42, 43], index_of_first_image=0, sd_model_name="dreamshaper_8"))
    answer = await art.draw(ImagePrompt("a fox", "1216x832", count=2, seed=42, quality="hd", negative_prompt="snow"))
    assert [(image.picture.data, image.seed) for image in answer.images] == [(png("red"), 42), (png("green"), 43)]
    assert answer.model == "dreamshaper_8"
    assert answer.usage.images == 2
    (asked,) = ui.seen
    body = asked.body
    assert body.pop("force_task_id")
    assert body == {
        "prompt": "a fox",
        "negative_prompt": "snow",
        "width": 1216,
        "height": 832,
        "seed": 42,
        "batch_size": 2,
        "steps": 40,
    }
    assert asked.headers["authorization"] == f"Basic {BASIC}"


async def test_a_grid_before_them_and_maps_behind_them_are_left_out(ui: VendorWire, art: ImageProvider) -> None:
    ui.on("POST", DRAW, drawn("white", "red", "green", "black", all_seeds=[1, 2], index_of_first_image=1))
    answer = await art.draw(ImagePrompt("a fox", "512x512", count=2))
    assert [image.picture.data for image in answer.images] == [png("red"), png("green")]
    assert [image.seed for image in answer.images] == [1, 2]


async def test_a_checkpoint_is_asked_for_by_its_name(ui: VendorWire) -> None:
    ui.on("POST", DRAW, drawn("red"))
    art = open_provider(opening("automatic1111", ui.url, model="sdxl.safetensors"))
    answer = await art.draw(ImagePrompt("a fox", "512x512"))
    await art.close()
    assert ui.seen[0].body["override_settings"] == {"sd_model_checkpoint": "sdxl.safetensors"}
    assert "authorization" not in ui.seen[0].headers
    assert (answer.model, answer.images[0].seed) == ("sdxl.safetensors", None), "as it was asked for, where the answer does not say"


async def test_how_far_it_is(ui: VendorWire, art: ImageProvider) -> None:
    seen = asyncio.Event()
    ui.on("POST", DRAW, Reply(held=True))
    busy_with(ui, None)

    def on_stage(stage: str, far: float | None) -> None:
        told(stage, far)
        seen.set()

    told = Told()
    drawing = asyncio.create_task(art.draw(ImagePrompt("a fox", "512x512"), on_stage))
    await asyncio.wait_for(seen.wait(), 10)
    assert told.stages == [("drawing", 0.4)]
    drawing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drawing


async def test_how_far_another_is_is_not_told_as_ours(ui: VendorWire, art: ImageProvider) -> None:
    ui.on("POST", DRAW, Reply(held=True))
    busy_with(ui, "somebody-elses")
    told = Told()
    drawing = asyncio.create_task(art.draw(ImagePrompt("a fox", "512x512"), told))
    await ui.until_asked(PROGRESS, 2)
    assert told.stages == [("waiting for the web UI", None)]
    drawing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drawing


async def test_progress_that_cannot_be_learned_is_no_failure(ui: VendorWire, art: ImageProvider) -> None:
    ui.on("POST", DRAW, drawn("red"))
    answer = await art.draw(ImagePrompt("a fox", "512x512"), Told())
    assert len(answer.images) == 1


async def test_a_caller_that_gives_up_stops_the_drawing(ui: VendorWire, art: ImageProvider) -> None:
    ui.on("POST", DRAW, Reply(held=True))
    busy_with(ui, None)
    drawing = asyncio.create_task(art.draw(ImagePrompt("a fox", "512x512")))
    await ui.until_asked(DRAW)
    drawing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drawing
    assert len(ui.at(INTERRUPT)) == 1
    assert ui.at(INTERRUPT)[0].headers["authorization"] == f"Basic {BASIC}"


async def test_what_somebody_else_has_drawn_is_not_stopped(ui: VendorWire, art: ImageProvider) -> None:
    ui.on("POST", DRAW, Reply(held=True))
    busy_with(ui, "somebody-elses")
    drawing = asyncio.create_task(art.draw(ImagePrompt("a fox", "512x512")))
    await ui.until_asked(DRAW)
    drawing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drawing
    assert len(ui.at(PROGRESS)) == 1
    assert ui.at(INTERRUPT) == []


@pytest.mark.parametrize(("calls", "stopped"), [(1, 1), (2, 0)])
async def test_a_web_ui_that_names_no_task_is_stopped_for_the_only_call(
    ui: VendorWire, art: ImageProvider, calls: int, stopped: int
) -> None:
    ui.on("POST", DRAW, Reply(held=True))
    ui.on("GET", PROGRESS, Reply(body={"progress": 0.4, "state": {"job_count": 1}}))
    drawings = [asyncio.create_task(art.draw(ImagePrompt("a fox", "512x512"))) for _ in range(calls)]
    await ui.until_asked(DRAW, calls)
    drawings[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await drawings[0]
    assert len(ui.at(INTERRUPT)) == stopped
    for drawing in drawings[1:]:
        drawing.cancel()
    await asyncio.gather(*drawings[1:], return_exceptions=True)


async def test_a_drawing_that_takes_too_long_is_stopped(ui: VendorWire) -> None:
    ui.on("POST", DRAW, Reply(held=True))
    busy_with(ui, None)
    art = open_provider(opening("automatic1111", ui.url, timeout_s=0.5))
    with pytest.raises(ProviderTimeout, match=r"0\.5 s"):
        await art.draw(ImagePrompt("a fox", "512x512"))
    await art.close()
    assert len(ui.at(INTERRUPT)) == 1


async def test_a_web_ui_that_does_not_answer_the_interruption_holds_nobody(ui: VendorWire, art: ImageProvider) -> None:
    ui.on("POST", DRAW, Reply(held=True))
    ui.on("GET", PROGRESS, Reply(held=True))
    drawing = asyncio.create_task(art.draw(ImagePrompt("a fox", "512x512")))
    await ui.until_asked(DRAW)
    drawing.cancel()
    done, _ = await asyncio.wait({drawing}, timeout=5)
    assert done == {drawing}
    assert drawing.cancelled()


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, ProviderRefused), (404, ProviderRefused), (422, ProviderRefused), (429, ProviderUnavailable), (500, ProviderUnavailable)],
)
async def test_an_error(ui: VendorWire, art: ImageProvider, status: int, kind: type[ProviderError]) -> None:
    ui.on("POST", DRAW, Reply(body={"detail": f"no {KEY}, {BASIC}, s3cret-0123456789"}, status=status, headers={"retry-after": "3"}))
    with pytest.raises(ProviderError) as caught:
        await art.draw(ImagePrompt("a fox", "512x512"))
    assert type(caught.value) is kind
    assert caught.value.message == f"art answered {status}: no [redacted], [redacted], [redacted]"
    assert caught.value.retry_after == (3.0 if kind is ProviderUnavailable else None)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=b"<html>"),
        Reply(body=[]),
        Reply(body={}),
        Reply(body={"images": 3}),
        Reply(body={"images": []}),
        Reply(body={"images": ["!"]}),
        Reply(body={"images": [base64.b64encode(b"no picture").decode()]}),
    ],
)
async def test_garbage(ui: VendorWire, art: ImageProvider, reply: Reply) -> None:
    ui.on("POST", DRAW, reply)
    with pytest.raises(ProviderError) as caught:
        await art.draw(ImagePrompt("a fox", "512x512"))
    assert type(caught.value) is ProviderError


async def test_a_web_ui_that_dies_while_it_draws(ui: VendorWire, art: ImageProvider) -> None:
    ui.on("POST", DRAW, Reply(body=b"", held=True))
    drawing = asyncio.create_task(art.draw(ImagePrompt("a fox", "512x512"), Told()))
    await ui.until_asked(DRAW)
    await ui.stop()
    with pytest.raises(ProviderError):
        await drawing
    with pytest.raises(ProviderUnavailable, match="art cannot be reached"):
        await art.draw(ImagePrompt("a fox", "512x512"))
