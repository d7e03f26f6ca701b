"""A midjourney-proxy behind the port: one grid, as many upscales as pictures are asked for, one deadline for all of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.contract.generation.providers.making import Told, opening, png
from tests.servers.vendor_wire import Reply, Seen, VendorWire, vendor_wire

from octavo_core.errors import InvalidInput, Moderated, ProviderError, ProviderRefused, ProviderTimeout, ProviderUnavailable
from octavo_generation.providers.midjourney.provider import open_provider
from octavo_generation.providers.port import ImagePrompt, ImageProvider

KEY = "mj-secret-0123456789"
IMAGINE, CHANGE, ACTION = "/mj/submit/imagine", "/mj/submit/change", "/mj/submit/action"
GRID = "/mj/task/grid/fetch"
RUNNING = Reply(body={"id": "grid", "status": "IN_PROGRESS", "progress": "43%", "imageUrl": "https://cdn.invalid/preview.webp"})


@pytest.fixture
async def gateway() -> AsyncIterator[VendorWire]:
    async with vendor_wire() as started:
        started.on("POST", IMAGINE, Reply(body={"code": 1, "description": "Submit success", "result": "grid"}))
        started.on("POST", CHANGE, lambda asked: Reply(body={"code": 22, "description": "queued", "result": f"up-{asked.body['index']}"}))
        yield started


@pytest.fixture
async def cdn() -> AsyncIterator[VendorWire]:
    async with vendor_wire() as started:
        for place, colour in enumerate(("red", "green", "blue", "white"), 1):
            started.on("GET", f"/{place}.png", Reply(body=png(colour)))
        yield started


@pytest.fixture
async def art(gateway: VendorWire) -> AsyncIterator[ImageProvider]:
    opened = open_provider(opening("midjourney", gateway.url, api_key=KEY))
    yield opened
    await opened.close()


def done(url: str, **more: object) -> Reply:
    return Reply(body={"id": "x", "status": "SUCCESS", "progress": "100%", "imageUrl": url, **more})


def upscales(gateway: VendorWire, cdn: VendorWire) -> None:
    for place in range(1, 5):
        gateway.on("GET", f"/mj/task/up-{place}/fetch", done(f"{cdn.url}/{place}.png"))


async def test_as_many_pictures_of_one_grid_as_are_asked_for(gateway: VendorWire, cdn: VendorWire, art: ImageProvider) -> None:
    gateway.on(
        "GET",
        GRID,
        Reply(body={"status": "NOT_START"}),
        Reply(body={"status": "SUBMITTED", "progress": "0%"}),
        RUNNING,
        done(f"{cdn.url}/grid.png"),
    )
    upscales(gateway, cdn)
    told = Told()
    answer = await art.draw(ImagePrompt("a fox", "1344x896", count=3, seed=42, negative_prompt="snow", style="raw"), told)
    assert [image.picture.data for image in answer.images] == [png("red"), png("green"), png("blue")]
    assert [image.seed for image in answer.images] == [42, 42, 42]
    assert (answer.model, answer.usage.images) == ("midjourney", 3)
    (imagined,) = gateway.at(IMAGINE)
    assert imagined.body == {"prompt": "a fox --ar 3:2 --no snow --style raw --seed 42"}
    assert imagined.headers["mj-api-secret"] == KEY
    assert sorted((asked.body["index"], asked.body["action"], asked.body["taskId"]) for asked in gateway.at(CHANGE)) == [
        (1, "UPSCALE", "grid"),
        (2, "UPSCALE", "grid"),
        (3, "UPSCALE", "grid"),
    ]
    assert ("imagining", 0.43) in told.stages
    assert [stage for stage, _ in told.stages][-1] == "downloading"
    assert len(cdn.seen) == 3, "the grid is not fetched"
    assert KEY not in repr(cdn.seen)


async def test_a_gateway_with_buttons_is_told_which_to_press(gateway: VendorWire, cdn: VendorWire, art: ImageProvider) -> None:
    buttons = [{"customId": f"MJ::JOB::{kind}::{place}::abc"} for kind in ("upsample", "variation") for place in (1, 2, 3, 4)]
    gateway.on("GET", GRID, done(f"{cdn.url}/grid.png", buttons=buttons))
    gateway.on("POST", ACTION, lambda asked: Reply(body={"code": 1, "result": f"up-{asked.body['customId'].split('::')[3]}"}))
    upscales(gateway, cdn)
    answer = await art.draw(ImagePrompt("a fox", "1024x1024", count=2))
    assert [image.picture.data for image in answer.images] == [png("red"), png("green")]
    assert sorted(asked.body["customId"] for asked in gateway.at(ACTION)) == ["MJ::JOB::upsample::1::abc", "MJ::JOB::upsample::2::abc"]
    assert gateway.at(CHANGE) == []


async def test_an_upscale_that_exists_already(gateway: VendorWire, cdn: VendorWire, art: ImageProvider) -> None:
    gateway.on("GET", GRID, done(f"{cdn.url}/grid.png"))
    gateway.on("POST", CHANGE, Reply(body={"code": 21, "description": "exists", "result": "up-1", "properties": {"status": "SUCCESS"}}))
    upscales(gateway, cdn)
    assert len((await art.draw(ImagePrompt("a fox", "1024x1024"))).images) == 1


async def test_a_picture_at_the_gateway_itself(gateway: VendorWire, art: ImageProvider) -> None:
    gateway.on("GET", GRID, done("/mj/image/grid"))
    gateway.on("GET", "/mj/task/up-1/fetch", done("/mj/image/1"))
    gateway.on("GET", "/mj/image/1", Reply(body=png("red")))
    (image,) = (await art.draw(ImagePrompt("a fox", "1024x1024"))).images
    assert image.picture.data == png("red")


async def test_more_than_a_grid_has(art: ImageProvider, gateway: VendorWire) -> None:
    with pytest.raises(InvalidInput, match="1 to 4"):
        await art.draw(ImagePrompt("a fox", "1024x1024", count=5))
    assert gateway.seen == []


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"code": 24, "description": "banned {KEY}", "properties": {"bannedWord": "nude"}}, Moderated),
        ({"code": 23, "description": "queue is full {KEY}", "result": "grid"}, ProviderUnavailable),
        ({"code": 4, "description": "prompt must not be empty {KEY}"}, ProviderRefused),
        ({"code": 3, "description": "no account {KEY}"}, ProviderError),
        ({"code": 9, "description": "failure {KEY}"}, ProviderError),
        ({"code": 1, "description": "no id {KEY}"}, ProviderError),
    ],
)
async def test_what_is_not_taken(gateway: VendorWire, art: ImageProvider, answer: dict[str, object], kind: type[Exception]) -> None:
    answer["description"] = str(answer["description"]).replace("{KEY}", KEY)
    gateway.on("POST", IMAGINE, Reply(body=answer))
    with pytest.raises(kind) as caught:
        await art.draw(ImagePrompt("a fox", "1024x1024"))
    assert type(caught.value) is kind
    assert KEY not in str(caught.value)
    assert "[redacted]" in str(caught.value)
    assert len(gateway.seen) == 1


async def test_a_banned_prompt_with_an_errors_status(gateway: VendorWire, art: ImageProvider) -> None:
    gateway.on("POST", IMAGINE, Reply(body={"code": 24, "description": "banned prompt"}, status=400))
    with pytest.raises(Moderated):
        await art.draw(ImagePrompt("a fox", "1024x1024"))


async def test_too_many_requests(gateway: VendorWire, art: ImageProvider) -> None:
    gateway.on("POST", IMAGINE, Reply(body={"error": {"message": "slow down"}}, status=429, headers={"retry-after": "9"}))
    with pytest.raises(ProviderUnavailable) as caught:
        await art.draw(ImagePrompt("a fox", "1024x1024"))
    assert caught.value.retry_after == 9.0


@pytest.mark.parametrize(
    ("status", "why", "kind"),
    [
        ("FAILURE", "[Banned prompt detected] nude", Moderated),
        ("FAILURE", "Sorry! Our AI moderator thinks this prompt is probably against our community standards.", Moderated),
        ("FAILURE", "[Invalid parameter] Invalid value provided for argument --ar", ProviderRefused),
        ("FAILURE", f"Timeout of the task {KEY}", ProviderError),
        ("CANCEL", "cancelled by the operator", ProviderError),
    ],
)
async def test_a_task_that_fails(gateway: VendorWire, art: ImageProvider, status: str, why: str, kind: type[Exception]) -> None:
    gateway.on("GET", GRID, RUNNING, Reply(body={"status": status, "failReason": why, "progress": ""}))
    with pytest.raises(kind) as caught:
        await art.draw(ImagePrompt("a fox", "1024x1024"))
    assert type(caught.value) is kind
    assert KEY not in str(caught.value)


async def test_one_upscale_that_fails_ends_all(gateway: VendorWire, cdn: VendorWire, art: ImageProvider) -> None:
    gateway.on("GET", GRID, done(f"{cdn.url}/grid.png"))
    for place in (1, 2, 4):
        gateway.on("GET", f"/mj/task/up-{place}/fetch", RUNNING)
    gateway.on("GET", "/mj/task/up-3/fetch", Reply(body={"status": "FAILURE", "failReason": "gone"}))
    with pytest.raises(ProviderError, match="gone"):
        await art.draw(ImagePrompt("a fox", "1024x1024", count=4))


async def test_a_task_that_is_never_done_ends_at_the_deadline(gateway: VendorWire) -> None:
    gateway.on("GET", GRID, RUNNING)
    art = open_provider(opening("midjourney", gateway.url, api_key=KEY, timeout_s=1))
    with pytest.raises(ProviderTimeout, match="art did not finish in 1 s"):
        await art.draw(ImagePrompt("a fox", "1024x1024"))
    await art.close()


async def test_a_gateway_that_dies_while_it_is_polled(gateway: VendorWire, art: ImageProvider) -> None:
    gateway.on("GET", GRID, RUNNING)
    drawing = asyncio.create_task(art.draw(ImagePrompt("a fox", "1024x1024")))
    await gateway.until_asked(GRID)
    await gateway.stop()
    with pytest.raises(ProviderUnavailable, match="art cannot be reached"):
        await drawing


async def test_a_caller_that_gives_up(gateway: VendorWire, art: ImageProvider) -> None:
    gateway.on("GET", GRID, RUNNING)
    drawing = asyncio.create_task(art.draw(ImagePrompt("a fox", "1024x1024")))
    await gateway.until_asked(GRID)
    drawing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drawing
    assert gateway.at(CHANGE) == []


@pytest.mark.parametrize("answer", [b"<html>", None, [], {}, {"code": "1", "result": "grid"}, {"code": True, "result": "grid"}])
async def test_a_submission_answered_with_garbage(gateway: VendorWire, art: ImageProvider, answer: object) -> None:
    gateway.on("POST", IMAGINE, Reply(body=answer))
    with pytest.raises(ProviderError) as caught:
        await art.draw(ImagePrompt("a fox", "1024x1024"))
    assert type(caught.value) is ProviderError


@pytest.mark.parametrize("answer", [b"", None, {}, {"status": 3}, {"status": "SUCCESS"}, {"status": "SUCCESS", "imageUrl": "ftp://x/y"}])
async def test_a_look_answered_with_garbage(gateway: VendorWire, art: ImageProvider, answer: object) -> None:
    gateway.on("GET", GRID, Reply(body=answer))
    with pytest.raises(ProviderError) as caught:
        await art.draw(ImagePrompt("a fox", "1024x1024"))
    assert type(caught.value) is ProviderError


async def test_a_picture_that_is_none(gateway: VendorWire, cdn: VendorWire, art: ImageProvider) -> None:
    gateway.on("GET", GRID, done(f"{cdn.url}/grid.png"))
    upscales(gateway, cdn)
    cdn.on("GET", "/1.png", Reply(body=b"<html>expired"))
    with pytest.raises(ProviderError, match="not a picture"):
        await art.draw(ImagePrompt("a fox", "1024x1024"))


async def test_an_id_without_quotes(gateway: VendorWire, cdn: VendorWire, art: ImageProvider) -> None:
    gateway.on("POST", IMAGINE, Reply(body={"code": 1, "description": "ok", "result": 1320098173412546}))
    gateway.on("GET", "/mj/task/1320098173412546/fetch", done(f"{cdn.url}/grid.png"))
    upscales(gateway, cdn)

    def change(asked: Seen) -> Reply:
        assert asked.body["taskId"] == "1320098173412546"
        return Reply(body={"code": 1, "result": "up-1"})

    gateway.on("POST", CHANGE, change)
    assert len((await art.draw(ImagePrompt("a fox", "1024x1024"))).images) == 1
