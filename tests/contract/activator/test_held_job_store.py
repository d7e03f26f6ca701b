"""The contract of the store of held jobs, on a real file."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from octavo_activator.held import HeldJob, HeldState
from octavo_activator.routes import Key
from octavo_activator.settings import ActivatorSettings
from octavo_activator.statements import Accepted, Count, KeyReused
from octavo_activator.store import HeldJobStore
from octavo_core.clock import ManualClock
from octavo_core.errors import Misconfigured
from octavo_core.identity import Principal
from octavo_core.ids import generate_uuid

TALES, POEMS = Key("default", "tales"), Key("default", "poems")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def settings(tmp_path: Path) -> ActivatorSettings:
    return ActivatorSettings(home=tmp_path, activator_token="t" * 16)


@pytest.fixture
async def store(settings: ActivatorSettings, clock: ManualClock) -> AsyncIterator[HeldJobStore]:
    opened = HeldJobStore(settings, clock)
    await opened.prepare()
    yield opened
    await opened.close()


def new(clock: ManualClock, key: Key = TALES, *, idempotency_key: str | None = None, body_hash: str = "a", **more: Any) -> HeldJob:
    now = clock.now_ms()
    return HeldJob(
        id=generate_uuid(),
        key=key,
        principal=more.pop("principal", Principal("ana", "admin")),
        body='{"prompt":"ñandú 🦊"}'.encode(),
        correlation_id="c-1",
        accepted_at=now,
        changed_at=now,
        idempotency_key=idempotency_key,
        body_hash=None if idempotency_key is None else body_hash * 64,
        **more,
    )


async def accept(store: HeldJobStore, *jobs: HeldJob) -> list[HeldJob]:
    accepted = []
    for answer in await store.accept([[job] for job in jobs]):
        assert not isinstance(answer, KeyReused)
        accepted += [one.job for one in answer]
    return accepted


async def test_a_job_reads_back_as_it_was_written(store: HeldJobStore, clock: ManualClock) -> None:
    job = new(clock, item=3, idempotency_key="k#3")
    await accept(store, job)
    assert await store.get(job.id) == job
    assert await store.get(generate_uuid()) is None


async def test_it_may_be_looked_at_without_its_body(store: HeldJobStore, clock: ManualClock) -> None:
    job = new(clock)
    await accept(store, job)
    assert await store.look(job.id) == replace(job, body=b"")
    assert await store.look(generate_uuid()) is None


async def test_no_more_is_offered_at_once_than_fits_into_memory(store: HeldJobStore, clock: ManualClock) -> None:
    small, large, larger = (replace(new(clock), body=bytes(size)) for size in (100, 3 * 1_048_576, 9 * 1_048_576))
    await accept(store, small, large, larger)
    for expected in ([small, large], [larger], []):
        offered = await store.offer(TALES, limit=64)
        assert [job.id for job in offered] == [job.id for job in expected]
        await store.forget(offered)


async def test_it_is_there_for_the_next_process(store: HeldJobStore, settings: ActivatorSettings, clock: ManualClock) -> None:
    job = new(clock)
    await accept(store, job)
    another = HeldJobStore(settings, clock)
    await another.prepare()
    assert await another.get(job.id) == job
    assert await another.counts() == [Count(TALES, held=1, all=1, bytes=len(job.body), oldest_at=job.accepted_at)]
    await another.close()


class TestIdempotencyKeys:
    async def test_the_same_key_and_body_is_the_earlier_job(self, store: HeldJobStore, clock: ManualClock) -> None:
        first, second = new(clock, idempotency_key="k"), new(clock, idempotency_key="k")
        assert await store.accept([[first]]) == [[Accepted(first, created=True)]]
        assert await store.accept([[second]]) == [[Accepted(first, created=False)]]
        assert await store.get(second.id) is None

    async def test_also_within_one_transaction(self, store: HeldJobStore, clock: ManualClock) -> None:
        jobs = [new(clock, idempotency_key="k") for _ in range(5)]
        answers = await store.accept([[job] for job in jobs])
        assert answers == [[Accepted(jobs[0], created=index == 0)] for index in range(5)]

    async def test_another_body_is_refused(self, store: HeldJobStore, clock: ManualClock) -> None:
        await accept(store, new(clock, idempotency_key="k"))
        other, beside = new(clock, idempotency_key="k", body_hash="b"), new(clock)
        assert await store.accept([[other], [beside]]) == [KeyReused(), [Accepted(beside, created=True)]]

    async def test_keys_belong_to_a_user_and_a_generator(self, store: HeldJobStore, clock: ManualClock) -> None:
        jobs = [
            new(clock, idempotency_key="k"),
            new(clock, POEMS, idempotency_key="k"),
            new(clock, idempotency_key="k", principal=Principal("ben")),
            new(clock, idempotency_key="K"),
        ]
        assert await accept(store, *jobs) == jobs
        assert await store.knows_key(TALES, "ben", ["j", "k"])
        assert not await store.knows_key(POEMS, "ben", ["k"])

    async def test_a_batch_is_taken_whole_or_not_at_all(self, store: HeldJobStore, clock: ManualClock) -> None:
        await accept(store, new(clock, idempotency_key="k#1"))
        batch = [new(clock, idempotency_key=f"k#{index}", body_hash="b", item=index) for index in range(3)]
        assert await store.accept([batch]) == [KeyReused()]
        assert [await store.get(job.id) for job in batch] == [None, None, None]


class TestOffering:
    async def test_those_that_wait_come_in_order_and_before_those_that_ended(self, store: HeldJobStore, clock: ManualClock) -> None:
        jobs = await accept(store, *(new(clock) for _ in range(5)))
        await store.cancel(jobs[0].id)
        offered = await store.offer(TALES, limit=4)
        assert [job.id for job in offered] == [job.id for job in jobs[1:]]
        assert [job.id for job in await store.offer(TALES, limit=9)][-1] == jobs[0].id
        assert await store.offer(POEMS, limit=9) == []

    async def test_what_was_offered_is_marked_before_anything_is_sent(self, store: HeldJobStore, clock: ManualClock) -> None:
        (job,) = await accept(store, new(clock))
        assert not job.offered
        await store.offer(TALES, limit=1)
        found = await store.get(job.id)
        assert found is not None
        assert found.offered

    async def test_what_was_put_off_comes_when_it_is_due(self, store: HeldJobStore, clock: ManualClock) -> None:
        (job,) = await accept(store, new(clock))
        due_at = clock.now_ms() + 5_000
        assert await store.save([(job, replace(job, attempts=1, due_at=due_at))], durable=False) == [True]
        assert await store.offer(TALES, limit=9) == []
        assert await store.next_due(TALES) == due_at
        clock.advance(5)
        (offered,) = await store.offer(TALES, limit=9)
        assert offered.attempts == 1

    async def test_what_was_refused_for_good_never_comes(self, store: HeldJobStore, clock: ManualClock) -> None:
        (job,) = await accept(store, new(clock))
        await store.save([(job, replace(job, state=HeldState.FAILED, due_at=None, error="{}"))], durable=True)
        clock.advance(86_400)
        assert await store.offer(TALES, limit=9) == []
        assert await store.next_due(TALES) is None


class TestForgetting:
    async def test_what_was_taken_is_gone(self, store: HeldJobStore, clock: ManualClock) -> None:
        one, two = await accept(store, new(clock), new(clock))
        assert await store.forget([one]) == [True]
        assert await store.get(one.id) is None
        assert await store.get(two.id) == two
        assert await store.forget([one]) == [False]

    async def test_a_cancel_that_came_meanwhile_is_not_forgotten(self, store: HeldJobStore, clock: ManualClock) -> None:
        await accept(store, new(clock))
        (offered,) = await store.offer(TALES, limit=1)
        await store.cancel(offered.id)
        assert await store.forget([offered]) == [False]
        (again,) = await store.offer(TALES, limit=1)
        assert again.state is HeldState.CANCELLED
        assert await store.forget([again]) == [True]


async def test_a_job_is_cancelled_once(store: HeldJobStore, clock: ManualClock) -> None:
    (job,) = await accept(store, new(clock))
    clock.advance(1)
    cancelled, did = await store.cancel(job.id)
    assert did
    assert cancelled == replace(job, state=HeldState.CANCELLED, changed_at=clock.now_ms(), due_at=clock.now_ms())
    assert await store.cancel(job.id) == (cancelled, False)
    assert await store.cancel(generate_uuid()) == (None, False)


async def test_what_waits_for_days_has_failed_and_goes_after_as_many_more(store: HeldJobStore, clock: ManualClock) -> None:
    (old,) = await accept(store, new(clock))
    clock.advance(6.9 * 86_400)
    (young,) = await accept(store, new(clock))
    assert await store.expire() == ([], [])
    clock.advance(0.2 * 86_400)
    (given_up,), deleted = await store.expire()
    assert given_up.id == old.id
    assert deleted == []
    found = await store.get(old.id)
    assert found is not None
    assert found.state is HeldState.FAILED
    assert "did not start within 7 days" in str(found.error)
    assert [job.id for job in await store.offer(TALES, limit=9)] == [young.id, old.id], "its generator shall know of it"
    clock.advance(7.1 * 86_400)
    _, deleted = await store.expire()
    assert [job.id for job in deleted] == [old.id]


async def test_many_at_once_are_all_there(store: HeldJobStore, clock: ManualClock) -> None:
    jobs = [new(clock) for _ in range(300)]
    await asyncio.gather(*(store.accept([[job]]) for job in jobs))
    (count,) = await store.counts()
    assert (count.held, count.all, count.bytes) == (300, 300, sum(len(job.body) for job in jobs))


async def test_a_file_of_a_newer_version_is_left_alone(settings: ActivatorSettings, clock: ManualClock) -> None:
    with closing(sqlite3.connect(settings.database_file)) as connection:
        connection.execute("PRAGMA user_version = 99")
    opened = HeldJobStore(settings, clock)
    with pytest.raises(Misconfigured, match="newer version"):
        await opened.prepare()
    await opened.close()
