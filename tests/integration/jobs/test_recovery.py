"""What is left of a job when a worker, the database or Redis fails under it: exactly one end."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path
from typing import cast

import pytest
from tests.integration.jobs.house import FaultyStore, House, Stage, counted
from tests.servers.redis import RedisServer
from tests.unit.jobs.making import eventually, new_job

from octavo_core.errors import Conflict, Unavailable
from octavo_jobs.context import JobContext
from octavo_jobs.intake import JobIntake
from octavo_jobs.lifecycle import Job, State
from octavo_jobs.reaper import MARK, Reaper
from octavo_jobs.store import JobStore, transactions

pytestmark = pytest.mark.needs("redis")

NEVER = 1_000_000


async def test_a_lost_lease_goes_to_another_worker_and_the_first_result_is_thrown_away(house: House) -> None:
    first, second = Stage(), Stage()
    second.gate.set()
    cut_off, sound = house.worker(first), house.worker(second)
    cut_off.store.failures["renew_many"] = NEVER
    job = await house.accept(lease_ms=30_000)
    await cut_off.take(job)
    await eventually(lambda: first.begun, what="the first attempt")

    house.clock.advance(31)
    await house.reaper.reap()
    assert (await house.job(job)).failures == 1
    await sound.take(job)
    ended = await house.until(job, State.SUCCEEDED)
    assert ended.result == '{"attempt":2}'

    fenced = counted("octavo_jobs_fenced_total")
    first.gate.set()
    await eventually(lambda: counted("octavo_jobs_fenced_total") == fenced + 1, what="the first result is refused")
    assert await house.job(job) == ended
    assert (await house.events()).count("job.succeeded") == 1


async def test_a_worker_that_learns_of_its_lost_lease_stops_the_work(house: House) -> None:
    stage = Stage()
    worker = house.worker(stage)
    job = await house.accept(lease_ms=600)
    await worker.take(job)
    await eventually(lambda: stage.begun, what="the attempt")
    house.clock.advance(5)
    await house.store.lose_overdue(10)
    await eventually(lambda: stage.at_once == 0, what="the work stops")
    assert (await house.job(job)).state is State.QUEUED


async def test_a_worker_may_be_given_a_job_again_that_it_has_lost_without_knowing(house: House) -> None:
    """One worker, cut off from the database for a while: its own old attempt must not stand in the way of its new one."""
    stubborn = asyncio.Event()
    begun: list[int] = []
    ended: list[int] = []

    async def act(job: Job, _context: JobContext) -> str:
        begun.append(job.attempt)
        if job.attempt == 1:
            try:
                await asyncio.Event().wait()
            finally:
                # An engine that notices late.
                await stubborn.wait()
                ended.append(1)
        await again.wait()
        return f'"{job.attempt}"'

    again = asyncio.Event()
    worker = house.worker(act)
    worker.store.failures["renew_many"] = 3
    job = await house.accept(lease_ms=30_000)
    await worker.take(job)
    await eventually(lambda: begun == [1], what="the first attempt")
    house.clock.advance(31)
    await house.reaper.reap()
    await worker.take(job)
    await eventually(lambda: begun == [1, 2], what="the second attempt")
    stubborn.set()
    # The old attempt is gone, and the new one is still known: it can be cancelled, renewed, counted.
    await eventually(lambda: ended == [1], what="the first attempt ends")
    assert worker.runner.running == 1
    again.set()
    assert (await house.until(job, State.SUCCEEDED)).result == '"2"'
    await eventually(lambda: worker.runner.running == 0, what="nothing runs")


async def test_leases_are_kept_while_the_work_goes_on(house: House) -> None:
    stage = Stage()
    worker = house.worker(stage)
    worker.store.failures["renew_many"] = 1
    job = await house.accept(lease_ms=500)
    await worker.take(job)
    claimed = await house.until(job, State.RUNNING)

    async def renewed_twice() -> bool:
        assert await house.store.lose_overdue(10) == []
        lease = (await house.job(job)).lease_until
        return lease is not None and claimed.lease_until is not None and lease > claimed.lease_until + 600

    await eventually(renewed_twice, what="the lease outlives itself")
    stage.gate.set()
    assert (await house.until(job, State.SUCCEEDED)).attempt == 1


async def test_a_result_waits_for_a_database_that_is_away_and_is_written_once(house: House) -> None:
    stage = Stage()
    stage.gate.set()
    worker = house.worker(stage)
    worker.store.failures["finish_many"] = 3
    job = await house.accept()
    await worker.take(job)
    ended = await house.until(job, State.SUCCEEDED)
    assert (ended.result, ended.attempt) == ('{"attempt":1}', 1)
    assert worker.store.calls.count("finish_many") == 4
    assert stage.begun == [(job.id, 1)]


async def test_a_database_away_at_the_claim_gives_the_slots_back(house: House) -> None:
    stage = Stage()
    stage.gate.set()
    worker = house.worker(stage, concurrency=1)
    worker.store.failures["claim_many"] = 3
    job = await house.accept()
    for _ in range(3):
        await worker.take(job)
    assert stage.begun == []
    await worker.take(job)
    await house.until(job, State.SUCCEEDED)


async def test_a_worker_that_vanishes_leaves_its_job_to_the_reaper(house: House) -> None:
    job = await house.accept(lease_ms=10_000)
    # Given a process that claimed and died:
    assert await house.store.claim_many([job.id], worker="dead")
    stage = Stage()
    stage.gate.set()
    house.worker(stage).listen()
    await house.reaper.reap()
    assert (await house.job(job)).state is State.RUNNING, "not before its lease is over"
    house.clock.advance(11)
    await house.reaper.reap()
    ended = await house.until(job, State.SUCCEEDED)
    assert (ended.attempt, ended.failures) == (2, 1)


async def test_a_redis_that_forgot_everything_between_accept_and_claim_loses_no_job(house: House) -> None:
    await house.reaper.reap()
    jobs = [await house.accept() for _ in range(5)]
    await house.intake.close()
    await house.client.flushall()
    stage = Stage()
    stage.gate.set()
    house.worker(stage).listen()
    # The reaper's mark is gone with the rest: it rings at once, long before the jobs' own appointments.
    await house.reaper.reap()
    for job in jobs:
        await house.until(job, State.SUCCEEDED)
    assert sorted(stage.begun) == sorted((job.id, 1) for job in jobs)


async def test_a_single_lost_message_is_rung_again_at_its_appointment(house: House) -> None:
    await house.reaper.reap()
    job = await house.accept()
    await house.intake.close()
    await house.client.delete(*await house.client.keys("octavo:bell*"))
    stage = Stage()
    stage.gate.set()
    house.worker(stage).listen()
    await house.reaper.reap()
    assert stage.begun == []
    house.clock.advance(5)
    await house.reaper.reap()
    await house.until(job, State.SUCCEEDED)


async def test_a_reaper_that_could_not_write_does_not_believe_that_it_rang(house: House) -> None:
    await house.accept()
    await house.intake.close()
    faulty = FaultyStore(house.store)
    faulty.failures["ring_soon"] = 1
    reaper = Reaper(store=cast("JobStore", faulty), bell=house.bell, publisher=house.publisher, client=house.client, clock=house.clock)
    with pytest.raises(Unavailable):
        await reaper.reap()
    assert await house.client.get(MARK) is None
    await reaper.reap()
    assert faulty.calls.count("ring_soon") == 2


async def test_rings_that_redis_did_not_take_are_made_up_for_when_it_is_back(own_redis: RedisServer, tmp_path: Path) -> None:
    """Also where Redis kept its data, so that the reaper's mark is still there."""
    house = House(own_redis.url, tmp_path)
    await house.open()
    stage = Stage()
    stage.gate.set()
    own_redis.stop()
    job = await house.accept()
    await house.intake.close()
    house.clock.advance(6)
    await house.reaper.reap()
    own_redis.start()
    await house.client.set(MARK, "1")
    house.worker(stage).listen()
    # Not one second later: the row's own next appointment is seconds off.
    await house.reaper.reap()
    await house.until(job, State.SUCCEEDED)
    await house.close()


async def test_a_cancel_that_comes_after_the_end_is_told_so_however_close(house: House) -> None:
    stage = Stage()
    worker = house.worker(stage)
    job = await house.accept()
    await worker.take(job)
    await eventually(lambda: stage.begun, what="the job runs")
    close = FaultyStore(house.store)

    async def end() -> None:
        stage.gate.set()
        await house.until(job, State.SUCCEEDED)

    close.after["get_many"] = end
    intake = JobIntake(cast("JobStore", close), house.bell, house.publisher, house.client)
    with pytest.raises(Conflict, match="succeeded"):
        await intake.cancel(job.id)
    assert (await house.job(job)).result == '{"attempt":1}'


async def test_one_key_makes_one_job_however_often_it_is_sent(house: House) -> None:
    stage = Stage()
    stage.gate.set()
    house.worker(stage).listen()
    answers = await asyncio.gather(*(house.intake.accept(new_job(key="k"), max_queued=100) for _ in range(10)))
    assert len({answer.job.id for answer in answers}) == 1
    assert sum(answer.created for answer in answers) == 1
    ended = await house.until(answers[0].job, State.SUCCEEDED)
    # Sent again after the end, it is the ended job.
    again = await house.intake.accept(new_job(key="k"), max_queued=100)
    assert not again.created
    assert again.job.result == ended.result
    with pytest.raises(Conflict, match="Idempotency-Key"):
        await house.intake.accept(new_job(key="k", body="b"), max_queued=100)
    assert len(stage.begun) == 1


async def test_a_dead_letter_is_replayed_and_ends(house: House) -> None:
    async def third_time_lucky(job: Job, _context: JobContext) -> str:
        if job.attempt < 2:
            raise RuntimeError
        return "{}"

    house.worker(third_time_lucky).listen()
    job = await house.accept(max_attempts=1)
    await house.until(job, State.FAILED)
    assert [replayed.id for replayed in await house.intake.replay([job.id])] == [job.id]
    await house.until(job, State.SUCCEEDED)
    assert await house.intake.replay([job.id]) == []


async def test_a_locked_file_keeps_nobody_waiting_longer_than_its_deadline(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "_BUSY_DEADLINE_S", 0.2)
    job = await house.accept()
    locker = sqlite3.connect(tmp_path / "jobs.db", isolation_level=None)
    locker.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    answers = await asyncio.gather(*(house.store.accept_many([new_job()]) for _ in range(20)), return_exceptions=True)
    assert {type(answer) for answer in answers} == {Unavailable}
    # One deadline for those that were under way and one for those that gathered behind them, not one for each.
    assert time.monotonic() - started < 2
    assert await house.job(job), "reading goes on"
    locker.execute("ROLLBACK")
    locker.close()
    assert await house.accept()
