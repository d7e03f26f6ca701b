"""Who is asked when, what becomes of the answers, and that nothing is asked for ever or kept for ever."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from octavo_operator.backlog import Backlogs, is_news, is_quiet, next_poll_s
from octavo_operator.reach import Answer, Target
from octavo_operator.resource import Backlog, BacklogUnknown, Key

A, B = Key("prod", "a"), Key("prod", "b")
EMPTY = Backlog(0, 0, 0, 0)
BUSY = Backlog(3, 1, 0, 5)


class Generators:
    """Answers as it is told, and remembers who was asked when."""

    def __init__(self) -> None:
        self.answers: dict[Key, Answer] = {}
        self.asked: list[Key] = []
        self.at_once = self.most_at_once = 0
        self.gate: asyncio.Event | None = None
        self.error: Exception | None = None

    async def __call__(self, target: Target) -> Answer:
        self.asked.append(target.key)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self.gate is not None:
                await self.gate.wait()
            if self.error is not None:
                raise self.error
            return self.answers.get(target.key, EMPTY)
        finally:
            self.at_once -= 1


@contextlib.asynccontextmanager
async def running(ask: Callable[[Target], Awaitable[Answer]], **options: float) -> AsyncIterator[tuple[Backlogs, list[Key]]]:
    """Waits a hundred times less than in earnest."""
    news: list[Key] = []
    settings = {"busy_s": 0.02, "idle_s": 0.1, **options}
    backlogs = Backlogs(ask, news.append, jitter=lambda: 1.0, **settings)  # type: ignore[arg-type]
    task = asyncio.create_task(backlogs.run())
    try:
        yield backlogs, news
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.002)


# ---- the schedule


@pytest.mark.parametrize(("quiet_s", "seconds"), [(0, 2), (10, 2), (25, 5), (50, 10), (1e9, 10)])
def test_seldom_at_rest_and_often_else(quiet_s: float, seconds: float) -> None:
    assert next_poll_s(quiet_s) == seconds


@pytest.mark.parametrize(
    ("answer", "quiet"),
    [(EMPTY, True), (BUSY, False), (Backlog(0, 0, 1, 0), False), (Backlog(0, 0, 0, 0, 1), False), (BacklogUnknown("away"), True)],
)
def test_rest_is_no_work_and_no_request(answer: Answer, quiet: bool) -> None:
    assert is_quiet(answer) == quiet


@pytest.mark.parametrize(
    ("before", "after", "news"),
    [
        (None, EMPTY, True),
        (EMPTY, EMPTY, False),
        (EMPTY, BacklogUnknown("x"), True),
        (BacklogUnknown("x"), EMPTY, True),
        (BacklogUnknown("no answer 1"), BacklogUnknown("no answer 2"), False),
        (BacklogUnknown("x"), BacklogUnknown("x", said=True), True),
        (BacklogUnknown("x", said=True), BacklogUnknown("y", said=True), True),
        (Backlog(0, 1, 0, 0), Backlog(0, 1, 0, 0), False),
        (Backlog(1, 1, 0, 3), Backlog(1, 1, 0, 5), True),
        (Backlog(0, 0, 0, 0, 1), Backlog(0, 0, 0, 0, 5), False),
        (Backlog(0, 0, 0, 0, 1), EMPTY, True),
        (EMPTY, Backlog(0, 0, 0, 0, 0, "2026-01-01T00:00:00Z"), True),
    ],
)
def test_news_is_what_may_change_a_decision(before: Answer | None, after: Answer, news: bool) -> None:
    assert is_news(before, after) == news


# ---- the loop


async def test_a_new_one_is_asked_at_once_and_its_answer_kept() -> None:
    generators = Generators()
    generators.answers[A] = BUSY
    async with running(generators, busy_s=60, idle_s=60) as (backlogs, news):
        assert backlogs.latest(A) is None
        backlogs.follow(Target(A))
        await until(lambda: backlogs.latest(A) is not None)
        assert backlogs.latest(A) == BUSY
        assert news == [A]
        backlogs.follow(Target(A))
        assert generators.asked == [A]


async def test_one_with_work_is_asked_more_often_than_one_at_rest() -> None:
    generators = Generators()
    generators.answers = {A: BUSY, B: EMPTY}
    async with running(generators, idle_s=0.4) as (backlogs, _):
        backlogs.follow(Target(A))
        backlogs.follow(Target(B))
        await until(lambda: generators.asked.count(A) >= 60)
        assert generators.asked.count(B) < generators.asked.count(A) / 2


async def test_news_is_told_once() -> None:
    generators = Generators()
    async with running(generators) as (backlogs, news):
        backlogs.follow(Target(A))
        await until(lambda: len(generators.asked) >= 4)
        assert news == [A]
        generators.answers[A] = Backlog(0, 2, 0, 0)
        await until(lambda: len(news) >= 2)
        seen = len(generators.asked)
        await until(lambda: len(generators.asked) >= seen + 3)
        assert news == [A, A]


async def test_what_is_forgotten_is_asked_no_more() -> None:
    generators = Generators()
    async with running(generators) as (backlogs, _):
        backlogs.follow(Target(A))
        backlogs.follow(Target(B))
        await until(lambda: len(generators.asked) >= 4)
        backlogs.forget(A)
        asked = generators.asked.count(A)
        await until(lambda: generators.asked.count(B) >= 6)
        assert generators.asked.count(A) == asked
        assert backlogs.latest(A) is None
        assert len(backlogs) == 1


async def test_an_answer_that_comes_after_it_was_forgotten_is_dropped() -> None:
    generators = Generators()
    generators.gate = asyncio.Event()
    async with running(generators) as (backlogs, news):
        backlogs.follow(Target(A))
        await until(lambda: generators.asked == [A])
        backlogs.forget(A)
        generators.gate.set()
        await until(lambda: generators.at_once == 0)
        assert (news, backlogs.latest(A)) == ([], None)


async def test_hurry_asks_at_once_also_when_a_question_is_under_way() -> None:
    generators = Generators()
    async with running(generators, busy_s=60, idle_s=60) as (backlogs, _):
        backlogs.follow(Target(A))
        await until(lambda: backlogs.latest(A) is not None)
        generators.gate = asyncio.Event()
        backlogs.hurry(A)
        await until(lambda: len(generators.asked) == 2)
        backlogs.hurry(A)
        generators.gate.set()
        await until(lambda: len(generators.asked) == 3)
        backlogs.hurry(B)


async def test_another_readiness_is_asked_about_at_once() -> None:
    generators = Generators()
    async with running(generators, busy_s=60, idle_s=60) as (backlogs, _):
        backlogs.follow(Target(A, ready=False))
        await until(lambda: len(generators.asked) == 1 and generators.at_once == 0)
        backlogs.follow(Target(A, ready=True))
        await until(lambda: len(generators.asked) == 2)


async def test_no_more_than_so_many_at_once() -> None:
    generators = Generators()
    generators.gate = asyncio.Event()
    async with running(generators, at_once=3) as (backlogs, _):
        for number in range(20):
            backlogs.follow(Target(Key("prod", f"g{number}")))
        await until(lambda: generators.at_once == 3)
        generators.gate.set()
        await until(lambda: len(set(generators.asked)) == 20)
        assert generators.most_at_once == 3


async def test_a_question_that_breaks_does_not_end_the_asking() -> None:
    generators = Generators()
    generators.error = RuntimeError("secret-thing")
    async with running(generators) as (backlogs, _):
        backlogs.follow(Target(A))
        await until(lambda: len(generators.asked) >= 3)
        assert backlogs.latest(A) == BacklogUnknown("the API could not be asked (RuntimeError)")
        generators.error = None
        await until(lambda: backlogs.latest(A) == EMPTY)


async def test_what_is_no_longer_ours_is_forgotten_when_it_is_due() -> None:
    generators, ours = Generators(), {A, B}
    backlogs = Backlogs(generators, lambda _: None, busy_s=0.02, idle_s=0.02, keep=ours.__contains__)
    task = asyncio.create_task(backlogs.run())
    backlogs.follow(Target(A))
    backlogs.follow(Target(B))
    await until(lambda: generators.asked.count(A) >= 2)
    ours.discard(A)
    await until(lambda: len(backlogs) == 1)
    task.cancel()


async def test_an_answer_is_as_old_as_its_question() -> None:
    generators = Generators()
    now = [100.0]
    backlogs = Backlogs(generators, lambda _: None, clock=lambda: now[0])
    task = asyncio.create_task(backlogs.run())
    assert backlogs.answered_at(A) == float("-inf")
    generators.gate = asyncio.Event()
    backlogs.follow(Target(A))
    await until(lambda: generators.at_once == 1)
    now[0] = 105.0
    generators.gate.set()
    await until(lambda: backlogs.latest(A) is not None)
    assert backlogs.answered_at(A) == 100.0
    task.cancel()


async def test_trouble_that_the_api_tells_of_counts_when_it_lasts() -> None:
    generators, now = Generators(), [100.0]
    trouble = BacklogUnknown("the database of jobs does not answer", said=True)
    generators.answers[A] = trouble
    backlogs = Backlogs(generators, lambda _: None, clock=lambda: now[0], jitter=lambda: 1.0)
    task = asyncio.create_task(backlogs.run())

    async def ask_after(seconds: float) -> Answer | None:
        now[0] += seconds
        asked = len(generators.asked)
        backlogs.follow(Target(A))
        backlogs.hurry(A)
        await until(lambda: len(generators.asked) > asked and generators.at_once == 0)
        await asyncio.sleep(0)
        return backlogs.latest(A)

    assert await ask_after(0) == BacklogUnknown(trouble.message, said=False)
    assert await ask_after(9) == BacklogUnknown(trouble.message, said=False)
    assert await ask_after(1) == trouble
    generators.answers[A] = EMPTY
    assert await ask_after(1) == EMPTY
    generators.answers[A] = trouble
    assert await ask_after(1) == BacklogUnknown(trouble.message, said=False)
    task.cancel()


async def test_cancelled_it_leaves_no_question_behind() -> None:
    generators = Generators()
    generators.gate = asyncio.Event()
    before = len(asyncio.all_tasks())
    async with running(generators) as (backlogs, _):
        backlogs.follow(Target(A))
        await until(lambda: generators.at_once == 1)
    assert generators.at_once == 0
    assert len(asyncio.all_tasks()) == before


async def test_following_and_forgetting_for_ever_keeps_nothing() -> None:
    generators = Generators()
    backlogs = Backlogs(generators, lambda _: None)
    for number in range(10_000):
        key = Key("prod", f"g{number}")
        backlogs.follow(Target(key))
        for _ in range(3):
            backlogs.hurry(key)
        backlogs.forget(key)
    assert len(backlogs) == 0
    assert len(backlogs._heap) < 300
