"""Black Forest Labs' submit-and-poll API behind the port: a task for each picture, one deadline, a key that stays at the API."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from tests.contract.generation.providers.making import Told, opening, png
from tests.servers.vendor_wire import Reply, Seen, VendorWire, vendor_wire

from octavo_core.errors import Moderated, ProviderError, ProviderRefused, ProviderTimeout, ProviderUnavailable
from octavo_generation.providers.flux.provider import open_provider
from octavo_generation.providers.port import ImagePrompt, ImageProvider, Picture

KEY = "bfl-key-0123456789"
MODEL = "/v1/flux-2-klein-4b"
LOOK = "/v1/get_result"


@pytest.fixture
async def api() -> AsyncIterator[VendorWire]:
    async with vendor_wire() as started:
        yield started


@pytest.fixture
async def delivery() -> AsyncIterator[VendorWire]:
    """Where pictures lie: another host."""
    async with vendor_wire() as started:
        started.on("GET", "/picture.png", Reply(body=png()))
        yield started


@pytest.fixture
async def flux(api: VendorWire) -> AsyncIterator[ImageProvider]:
    opened = open_provider(opening("flux", api.url, api_key=KEY))
    yield opened
    await opened.close()


def takes_tasks(api: VendorWire) -> None:
    """Each task is named by its seed."""

    def submit(asked: Seen) -> Reply:
        name = f"task-{asked.body.get('seed', 'x')}"
        return Reply(body={"id": name, "polling_url": f"{api.url}{LOOK}?id={name}"})

    api.on("POST", MODEL, submit)


def ready(delivery: VendorWire, **result: object) -> Reply:
    return Reply(body={"id": "t", "status": "Ready", "result": {"sample": f"{delivery.url}/picture.png?sig=abc", **result}})


PENDING = Reply(body={"id": "t", "status": "Pending", "result": None, "progress": 0.5})


async def test_a_picture(api: VendorWire, delivery: VendorWire, flux: ImageProvider) -> None:
    takes_tasks(api)
    api.on("GET", LOOK, PENDING, ready(delivery, seed=77, prompt="a fox"))
    told = Told()
    answer = await flux.draw(ImagePrompt("a fox", "1536x1024", user="u"), told)
    assert answer.model == "flux-2-klein-4b"
    assert answer.usage.images == 1
    (image,) = answer.images
    assert image.picture == Picture(png(), "image/png")
    assert (image.seed, image.revised_prompt) == (77, None)
    (submitted,) = api.at(MODEL)
    assert submitted.body == {"prompt": "a fox", "width": 1536, "height": 1024, "output_format": "png"}
    assert submitted.headers["x-key"] == KEY
    assert [look.query for look in api.at(LOOK)] == [{"id": "task-x"}] * 2
    assert told.stages == [("submitting", None), ("drawing", None), ("drawing", 0.5), ("downloading", None)]


async def test_the_key_stays_at_the_api(api: VendorWire, delivery: VendorWire, flux: ImageProvider) -> None:
    takes_tasks(api)
    api.on("GET", LOOK, ready(delivery))
    await flux.draw(ImagePrompt("a fox", "512x512"))
    (fetched,) = delivery.seen
    assert fetched.query == {"sig": "abc"}
    assert KEY not in repr(fetched)


async def test_a_polling_address_elsewhere_gets_no_key(api: VendorWire, delivery: VendorWire) -> None:
    # localhost is another host than 127.0.0.1 to whom the key does not belong.
    elsewhere = api.url.replace("127.0.0.1", "localhost")
    api.on("POST", MODEL, Reply(body={"id": "t", "polling_url": f"{elsewhere}/steal?id=t"}))
    api.on("GET", LOOK, ready(delivery))
    flux = open_provider(opening("flux", api.url, api_key=KEY))
    await flux.draw(ImagePrompt("a fox", "512x512"))
    await flux.close()
    assert api.at("/steal") == []
    assert [look.query for look in api.at(LOOK)] == [{"id": "t"}]


async def test_a_redirect_takes_no_key_along(api: VendorWire, delivery: VendorWire, flux: ImageProvider) -> None:
    api.on("POST", MODEL, Reply(status=307, headers={"location": f"{delivery.url}/steal"}))
    with pytest.raises(ProviderRefused):
        await flux.draw(ImagePrompt("a fox", "512x512"))
    assert delivery.seen == []


async def test_several_pictures_are_several_tasks_with_seeds_that_follow(
    api: VendorWire, delivery: VendorWire, flux: ImageProvider
) -> None:
    takes_tasks(api)

    def look(asked: Seen) -> Reply:
        seed = int(asked.query["id"].removeprefix("task-"))
        return Reply(body={"id": "t", "status": "Ready", "result": {"sample": f"{delivery.url}/{seed}.png", "seed": seed}})

    api.on("GET", LOOK, look)
    for seed, colour in ((42, "red"), (43, "green"), (44, "blue"), (45, "white")):
        delivery.on("GET", f"/{seed}.png", Reply(body=png(colour)))
    answer = await flux.draw(ImagePrompt("a fox", "1024x1024", count=4, seed=42))
    assert [image.seed for image in answer.images] == [42, 43, 44, 45]
    assert [image.picture.data for image in answer.images] == [png(colour) for colour in ("red", "green", "blue", "white")]
    assert sorted(asked.body["seed"] for asked in api.at(MODEL)) == [42, 43, 44, 45]
    assert answer.usage.images == 4


async def test_they_are_drawn_side_by_side(api: VendorWire, delivery: VendorWire, flux: ImageProvider) -> None:
    takes_tasks(api)
    api.on("GET", LOOK, lambda _: ready(delivery) if len(api.at(MODEL)) == 4 else PENDING)
    answer = await flux.draw(ImagePrompt("a fox", "1024x1024", count=4))
    assert len(answer.images) == 4, "none is ready before all are submitted"


async def test_what_the_vendor_rewrote_is_told(api: VendorWire, delivery: VendorWire, flux: ImageProvider) -> None:
    takes_tasks(api)
    api.on("GET", LOOK, ready(delivery, prompt="a red fox in snow"))
    (image,) = (await flux.draw(ImagePrompt("a fox", "512x512"))).images
    assert image.revised_prompt == "a red fox in snow"


@pytest.mark.parametrize("status", ["Request Moderated", "Content Moderated"])
@pytest.mark.parametrize("code", [200, 403])
async def test_moderated(api: VendorWire, flux: ImageProvider, status: str, code: int) -> None:
    takes_tasks(api)
    details = {"Moderation Reasons": ["Derivative Works Filter", KEY]}
    api.on("GET", LOOK, Reply(body={"id": "t", "status": status, "result": None, "details": details}, status=code))
    with pytest.raises(Moderated) as caught:
        await flux.draw(ImagePrompt("a mouse", "512x512"))
    assert "Derivative Works Filter" in caught.value.message
    assert KEY not in caught.value.message


@pytest.mark.parametrize("status", ["Error", "Task not found", "Failed"])
async def test_a_task_that_fails_may_be_tried_again(api: VendorWire, flux: ImageProvider, status: str) -> None:
    takes_tasks(api)
    api.on("GET", LOOK, Reply(body={"id": "t", "status": status, "details": {"error": f"out of memory {KEY}"}}))
    with pytest.raises(ProviderError, match=status) as caught:
        await flux.draw(ImagePrompt("a fox", "512x512"))
    assert caught.value.retryable
    assert "out of memory [redacted]" in caught.value.message


async def test_one_failure_ends_all_four(api: VendorWire, flux: ImageProvider) -> None:
    takes_tasks(api)
    failed = Reply(body={"id": "t", "status": "Content Moderated"})
    api.on("GET", LOOK, lambda asked: failed if asked.query["id"] == "task-3" else PENDING)
    began = time.monotonic()
    with pytest.raises(Moderated):
        await flux.draw(ImagePrompt("a fox", "512x512", count=4, seed=1))
    assert time.monotonic() - began < 5, "it does not wait for the others"


@pytest.mark.parametrize(
    ("status", "kind", "headers", "after"),
    [
        (429, ProviderUnavailable, {"retry-after": "7"}, 7.0),
        (503, ProviderUnavailable, {}, None),
        (402, ProviderRefused, {}, None),
        (403, ProviderRefused, {}, None),
        (422, ProviderRefused, {}, None),
    ],
)
async def test_what_is_not_taken(
    api: VendorWire, flux: ImageProvider, status: int, kind: type[ProviderError], headers: dict[str, str], after: float | None
) -> None:
    api.on("POST", MODEL, Reply(body={"detail": f"no {KEY}"}, status=status, headers=headers))
    with pytest.raises(ProviderError) as caught:
        await flux.draw(ImagePrompt("a fox", "512x512"))
    assert type(caught.value) is kind
    assert caught.value.message == f"art answered {status}: no [redacted]"
    assert caught.value.retry_after == after
    assert len(api.seen) == 1, "nobody retries in here"


async def test_a_look_that_finds_the_api_down_is_no_failure_of_the_task(api: VendorWire, delivery: VendorWire, flux: ImageProvider) -> None:
    takes_tasks(api)
    api.on("GET", LOOK, Reply(status=503), Reply(status=429, headers={"retry-after": "0.1"}), PENDING, Reply(status=500), ready(delivery))
    assert len((await flux.draw(ImagePrompt("a fox", "512x512"))).images) == 1
    assert len(api.at(MODEL)) == 1, "it was submitted once"


async def test_an_api_that_dies_while_it_is_polled(api: VendorWire, flux: ImageProvider) -> None:
    takes_tasks(api)
    api.on("GET", LOOK, PENDING)
    drawing = asyncio.create_task(flux.draw(ImagePrompt("a fox", "512x512")))
    await api.until_asked(LOOK)
    await api.stop()
    with pytest.raises(ProviderUnavailable, match="art cannot be reached"):
        await drawing


async def test_a_task_that_is_never_ready_ends_at_the_deadline(api: VendorWire) -> None:
    takes_tasks(api)
    api.on("GET", LOOK, PENDING)
    flux = open_provider(opening("flux", api.url, api_key=KEY, timeout_s=1))
    began = time.monotonic()
    with pytest.raises(ProviderTimeout, match="art did not finish in 1 s"):
        await flux.draw(ImagePrompt("a fox", "512x512"))
    assert time.monotonic() - began < 3
    await flux.close()


async def test_a_look_that_hangs_ends_at_the_deadline(api: VendorWire) -> None:
    takes_tasks(api)
    api.on("GET", LOOK, Reply(held=True))
    flux = open_provider(opening("flux", api.url, api_key=KEY, timeout_s=1))
    with pytest.raises(ProviderTimeout):
        await flux.draw(ImagePrompt("a fox", "512x512"))
    await flux.close()


async def test_a_caller_that_gives_up(api: VendorWire, flux: ImageProvider) -> None:
    takes_tasks(api)
    api.on("GET", LOOK, PENDING)
    drawing = asyncio.create_task(flux.draw(ImagePrompt("a fox", "512x512", count=2)))
    await api.until_asked(LOOK, 2)
    drawing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drawing
    left = [task for task in asyncio.all_tasks() if "FluxProvider" in repr(task.get_coro())]
    assert left == [], "nobody asks about it any more"


@pytest.mark.parametrize("answer", [b"<html>", [], {}, {"id": 3}, {"id": ""}])
async def test_a_submission_answered_with_garbage(api: VendorWire, flux: ImageProvider, answer: object) -> None:
    api.on("POST", MODEL, Reply(body=answer))
    with pytest.raises(ProviderError) as caught:
        await flux.draw(ImagePrompt("a fox", "512x512"))
    assert type(caught.value) is ProviderError


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        {},
        {"status": 3},
        {"status": "Ready"},
        {"status": "Ready", "result": "x"},
        {"status": "Ready", "result": {"sample": "file:///etc/passwd"}},
    ],
)
async def test_a_look_answered_with_garbage(api: VendorWire, flux: ImageProvider, answer: object) -> None:
    takes_tasks(api)
    api.on("GET", LOOK, Reply(body=answer))
    with pytest.raises(ProviderError) as caught:
        await flux.draw(ImagePrompt("a fox", "512x512"))
    assert type(caught.value) is ProviderError


@pytest.mark.parametrize(("reply", "kind"), [(Reply(body=b"<html>expired"), ProviderError), (Reply(status=403), ProviderRefused)])
async def test_a_picture_that_is_none(
    api: VendorWire, delivery: VendorWire, flux: ImageProvider, reply: Reply, kind: type[ProviderError]
) -> None:
    takes_tasks(api)
    api.on("GET", LOOK, ready(delivery))
    delivery.on("GET", "/picture.png", reply)
    with pytest.raises(ProviderError) as caught:
        await flux.draw(ImagePrompt("a fox", "512x512"))
    assert type(caught.value) is kind


async def test_a_server_that_is_not_there() -> None:
    flux = open_provider(opening("flux", "http://127.0.0.1:9", api_key=KEY))
    with pytest.raises(ProviderUnavailable, match="art cannot be reached"):
        await flux.draw(ImagePrompt("a fox", "512x512"))
    await flux.close()
