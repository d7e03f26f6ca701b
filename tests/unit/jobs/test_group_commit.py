"""Calls that gather into commits."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from tests.unit.jobs.making import eventually

from octavo_jobs.group_commit import GroupCommit

POISON = -1


class Ledger:
    """A committer that writes down its batches, waits while it is held, and fails where `POISON` is among the items."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.under_way = 0
        self.open = asyncio.Event()
        self.open.set()

    async def commit(self, batch: Sequence[int]) -> list[int]:
        self.batches.append(list(batch))
        self.under_way += 1
        assert self.under_way == 1, "two commits at once"
        try:
            await self.open.wait()
        finally:
            self.under_way -= 1
        if POISON in batch:
            raise OSError("the disk is full")
        return [item * 10 for item in batch]


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


async def submit_all(commit: GroupCommit[int, int], items: Sequence[int]) -> list[asyncio.Task[int]]:
    tasks = [asyncio.create_task(commit.submit(item)) for item in items]
    await asyncio.sleep(0)
    return tasks


async def held(ledger: Ledger, commit: GroupCommit[int, int], first: int = 0) -> asyncio.Task[int]:
    """A commit of one item that does not come to its end."""
    ledger.open.clear()
    task = asyncio.create_task(commit.submit(first))
    await eventually(lambda: ledger.under_way, what="the commit begins")
    return task


async def test_alone_a_call_goes_at_once(ledger: Ledger) -> None:
    commit = GroupCommit(ledger.commit)
    for item in (1, 2, 3):
        assert await commit.submit(item) == item * 10
    assert ledger.batches == [[1], [2], [3]]


async def test_what_comes_during_a_commit_goes_together_in_the_next_in_its_order(ledger: Ledger) -> None:
    commit = GroupCommit(ledger.commit)
    first = await held(ledger, commit)
    rest = await submit_all(commit, range(1, 21))
    assert ledger.batches == [[0]]
    ledger.open.set()
    assert await asyncio.gather(first, *rest) == [item * 10 for item in range(21)]
    assert ledger.batches == [[0], list(range(1, 21))]


async def test_a_batch_has_a_bound(ledger: Ledger) -> None:
    commit = GroupCommit(ledger.commit, max_batch=8)
    first = await held(ledger, commit)
    rest = await submit_all(commit, range(1, 21))
    ledger.open.set()
    assert await asyncio.gather(first, *rest) == [item * 10 for item in range(21)]
    assert [item for batch in ledger.batches for item in batch] == list(range(21))
    assert max(len(batch) for batch in ledger.batches) == 8


async def test_a_failed_commit_is_told_to_its_own_callers_and_no_others(ledger: Ledger) -> None:
    commit = GroupCommit(ledger.commit, max_batch=2)
    first = await held(ledger, commit)
    rest = await submit_all(commit, [1, 2, 3, POISON, 5, 6])
    ledger.open.set()
    assert await first == 0
    outcomes = await asyncio.gather(*rest, return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["10", "20", "the disk is full", "the disk is full", "50", "60"]
    assert await commit.submit(7) == 70


async def test_a_caller_that_goes_away_harms_nobody(ledger: Ledger) -> None:
    commit = GroupCommit(ledger.commit)
    first = await held(ledger, commit)
    one, two, three = await submit_all(commit, [1, 2, 3])
    first.cancel()
    two.cancel()
    ledger.open.set()
    assert list(await asyncio.gather(one, three)) == [10, 30]
    with pytest.raises(asyncio.CancelledError):
        await two
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await commit.submit(4) == 40


async def test_a_commit_that_hangs_and_then_fails_holds_up_nothing_after_it(ledger: Ledger) -> None:
    commit = GroupCommit(ledger.commit)
    hung = await held(ledger, commit, POISON)
    waiting = await submit_all(commit, [1, 2])
    assert not any(task.done() for task in (hung, *waiting))
    ledger.open.set()
    with pytest.raises(OSError, match="the disk is full"):
        await hung
    assert list(await asyncio.gather(*waiting)) == [10, 20]


async def test_a_committer_that_answers_too_little_leaves_nobody_waiting() -> None:
    async def forgetful(batch: Sequence[int]) -> list[int]:
        return []

    commit: GroupCommit[int, int] = GroupCommit(forgetful)
    async with asyncio.timeout(5):
        for item in (1, 2):
            with pytest.raises(ValueError, match="1 items were committed with 0 outcomes"):
                await commit.submit(item)


async def test_a_thousand_calls_get_each_its_own_answer(ledger: Ledger) -> None:
    commit = GroupCommit(ledger.commit, max_batch=64)
    assert await asyncio.gather(*(commit.submit(item) for item in range(1_000))) == [item * 10 for item in range(1_000)]
    assert len(ledger.batches) <= 17
