from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from octavo_operator.queue import Queue

Handler = Callable[[str], Awaitable[float | None]]


@contextlib.asynccontextmanager
async def working(queue: Queue[str], handler: Handler, workers: int = 4) -> AsyncIterator[None]:
    task = asyncio.create_task(queue.work(handler, workers))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], bool], deadline_s: float = 5.0) -> None:
    async with asyncio.timeout(deadline_s):
        while not condition():
            await asyncio.sleep(0.002)


async def test_a_key_that_is_added_often_is_worked_on_once() -> None:
    queue: Queue[str] = Queue()
    seen: list[str] = []

    async def handle(item: str) -> None:
        seen.append(item)

    for _ in range(100):
        queue.add("a")
    queue.add("b")
    assert len(queue) == 2
    async with working(queue, handle):
        await until(lambda: len(seen) == 2)
        await asyncio.sleep(0.02)  # on purpose: nothing more may come
    assert sorted(seen) == ["a", "b"]


async def test_a_key_is_never_at_work_twice_and_once_more_after_news_came_meanwhile() -> None:
    queue: Queue[str] = Queue()
    at_work, most, runs = 0, 0, 0
    go = asyncio.Event()

    async def handle(_: str) -> None:
        nonlocal at_work, most, runs
        at_work += 1
        most, runs = max(most, at_work), runs + 1
        await go.wait()
        at_work -= 1

    async with working(queue, handle):
        queue.add("a")
        await until(lambda: runs == 1)
        queue.add("a")
        queue.add("a", 0.01)
        await asyncio.sleep(0.03)  # on purpose: nothing may begin
        assert runs == 1
        go.set()
        await until(lambda: runs == 2)
        await asyncio.sleep(0.03)  # on purpose: nothing more may come
    assert (most, runs) == (1, 2)


async def test_a_later_time_does_not_put_an_earlier_one_off() -> None:
    queue: Queue[str] = Queue()
    seen = asyncio.Event()

    async def handle(_: str) -> None:
        seen.set()

    async with working(queue, handle):
        queue.add("a", 0.02)
        queue.add("a", 60.0)
        async with asyncio.timeout(2):
            await seen.wait()
    assert queue.delayed == 0


async def test_what_fails_is_tried_again_later_and_later_and_then_afresh() -> None:
    queue: Queue[str] = Queue()
    times: list[float] = []
    fails = True

    async def handle(_: str) -> None:
        times.append(asyncio.get_running_loop().time())
        if fails:
            raise RuntimeError("not yet")

    async with working(queue, handle):
        queue.add("a")
        await until(lambda: len(times) == 3)
        first, second = times[1] - times[0], times[2] - times[1]
        assert first >= 0.14
        assert second > first
        assert queue.failures("a") == 3
        fails = False
        queue.hurry()
        await until(lambda: len(times) == 4)
        await until(lambda: queue.failures("a") == 0)


async def test_hurry_leaves_alone_what_only_waits_for_its_time() -> None:
    queue: Queue[str] = Queue()
    queue.add("patient", 60.0)
    queue.hurry()
    assert (len(queue), queue.delayed) == (0, 1)


async def test_a_handler_may_ask_to_be_called_again() -> None:
    queue: Queue[str] = Queue()
    runs = 0

    async def handle(_: str) -> float | None:
        nonlocal runs
        runs += 1
        return 0.01 if runs < 3 else None

    async with working(queue, handle):
        queue.add("a")
        await until(lambda: runs == 3)
        await asyncio.sleep(0.03)  # on purpose: nothing more may come
    assert runs == 3
    assert (len(queue), queue.delayed, queue.at_work) == (0, 0, 0)


async def test_what_is_forgotten_does_not_come_back_and_leaves_nothing_behind() -> None:
    queue: Queue[str] = Queue()
    runs = 0

    async def handle(_: str) -> None:
        nonlocal runs
        runs += 1
        raise RuntimeError("fails")

    async with working(queue, handle):
        queue.add("a")
        await until(lambda: queue.failures("a") == 1)
        queue.forget("a")
        queue.add("b", 0.01)
        queue.forget("b")
        await asyncio.sleep(0.4)  # on purpose: nothing more may come
    assert runs == 1
    assert (queue.delayed, queue.failures("a"), queue.failures("b")) == (0, 0, 0)


async def test_no_more_are_at_work_than_there_are_workers_and_the_first_come_first() -> None:
    queue: Queue[str] = Queue()
    order: list[str] = []
    most = 0

    async def handle(item: str) -> None:
        nonlocal most
        most = max(most, queue.at_work)
        order.append(item)
        await asyncio.sleep(0.001)  # on purpose: others get their turn

    items = [f"{number:03d}" for number in range(40)]
    for item in items:
        queue.add(item)
    async with working(queue, handle, workers=3):
        await until(lambda: len(order) == 40)
    assert most <= 3
    assert order == items


@pytest.mark.skipif(sys.platform == "win32", reason="there is no uvloop")
def test_a_time_that_has_passed_while_it_is_set_does_no_harm_on_uvloop() -> None:
    """uvloop answers with a handle that knows no time when the time is now."""
    import uvloop

    async def scene() -> int:
        queue: Queue[int] = Queue()
        seen: set[int] = set()

        async def handle(item: int) -> None:
            seen.add(item)

        task = asyncio.create_task(queue.work(handle, 2))
        for number in range(300):
            queue.add(number, 0.0005 * (number % 5))
            if number % 7 == 0:
                await asyncio.sleep(0)
        async with asyncio.timeout(5):
            while len(seen) < 300:
                await asyncio.sleep(0.002)
        task.cancel()
        return len(seen)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(scene()) == 300


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([0.0, 0.001, 0.004]), st.booleans()), max_size=40))
def test_every_news_is_followed_by_a_look(news: list[tuple[str, float, bool]]) -> None:
    """Whatever order things come in: a look begins after the last news of each key, and none runs beside another of the same key."""

    async def scene() -> None:
        queue: Queue[str] = Queue()
        told: dict[str, int] = {}
        looked: dict[str, int] = {}
        at_work: set[str] = set()

        async def handle(item: str) -> None:
            assert item not in at_work
            at_work.add(item)
            heard = told[item]
            await asyncio.sleep(0)
            at_work.discard(item)
            looked[item] = heard

        task = asyncio.create_task(queue.work(handle, 2))
        for item, delay, breathe in news:
            told[item] = told.get(item, 0) + 1
            queue.add(item, delay)
            if breathe:
                await asyncio.sleep(0)
        async with asyncio.timeout(5):
            while looked != told:
                assert not task.done(), task
                await asyncio.sleep(0.001)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(scene())
