"""Waiting for upstreams: pauses that grow, a few looks that find nobody, and what several calls tell as one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from tests.contract.generation.providers.making import Told

from octavo_core.errors import ProviderError, ProviderRefused, ProviderTimeout, ProviderUnavailable
from octavo_generation.providers.waiting import (
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    PATIENCE,
    Stages,
    pause_after,
    side_by_side,
    until_done,
    within,
)

DOWN = ProviderUnavailable("down", provider="p")


def finds(*results: str | Exception | None) -> Callable[[], Awaitable[str | None]]:
    left = list(results)

    async def look() -> str | None:
        found = left.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    return look


def test_a_pause_grows_with_the_wait_between_its_bounds() -> None:
    assert pause_after(0) == FIRST_PAUSE_S
    assert pause_after(8) == 1.0
    assert pause_after(3600) == LONGEST_PAUSE_S
    waited, looks = 0.0, 0
    while waited < 120:
        waited, looks = waited + pause_after(waited), looks + 1
    assert looks < 70, "a task of two minutes is not asked about hundreds of times"


async def test_looks_until_there_is_something() -> None:
    assert await until_done(finds(None, DOWN, DOWN, None, DOWN, DOWN, "found")) == "found"


async def test_an_upstream_that_stays_down_ends_the_wait() -> None:
    look = finds(*[DOWN] * PATIENCE, "too late")
    with pytest.raises(ProviderUnavailable):
        await until_done(look)
    assert await look() == "too late"


async def test_what_will_be_refused_again_ends_the_wait_at_once() -> None:
    look = finds(ProviderRefused("no", provider="p"), "too late")
    with pytest.raises(ProviderRefused):
        await until_done(look)
    assert await look() == "too late"


async def test_an_upstream_that_says_when_to_come_back_is_not_asked_before() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    await until_done(finds(ProviderUnavailable("busy", provider="p", retry_after=1.0), "found"))
    assert loop.time() - began >= FIRST_PAUSE_S + 1.0


async def test_a_deadline_cancels_what_is_inside() -> None:
    ended = asyncio.Event()

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(ProviderTimeout, match=r"p did not finish in 0\.05 s"):
        async with within(0.05, "p"):
            await forever()
    assert ended.is_set()


async def test_the_first_failure_ends_the_others_and_comes_out_as_itself() -> None:
    ended = asyncio.Event()

    async def slow() -> str:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return ""

    async def fails() -> str:
        raise ProviderError("broken", provider="p")

    with pytest.raises(ProviderError, match="broken"):
        await side_by_side([slow(), fails()])
    assert ended.is_set()


async def test_results_in_their_order() -> None:
    async def after(turns: int) -> int:
        for _ in range(turns):
            await asyncio.sleep(0)
        return turns

    assert await side_by_side(after(turns) for turns in (3, 1, 2)) == (3, 1, 2)


def test_several_calls_are_as_far_as_the_one_that_is_least_far() -> None:
    told = Told()
    stages = Stages(told, ("drawing", "downloading"), 2)
    stages.tell(0, "drawing", 0.5)
    stages.tell(1, "drawing", 0.1)
    stages.tell(1, "drawing", 0.1)
    stages.tell(0, "downloading")
    stages.tell(1, "downloading")
    assert told.stages == [("drawing", 0.25), ("drawing", 0.3), ("drawing", 0.55), ("downloading", None)]


def test_nobody_needs_to_listen() -> None:
    Stages(None, ("drawing",), 1).tell(0, "drawing", 0.5)
