"""Jobs that run: ends, retries, bounds, cancels, drains."""

from __future__ import annotations

import asyncio
import time

import orjson
import pytest
import redis
from tests.integration.jobs.house import House, Stage
from tests.unit.jobs.making import eventually

from octavo_core.errors import Conflict, EngineError, NotFound, ProviderRefused, Throttled
from octavo_core.ids import generate_uuid
from octavo_jobs.channels import CANCEL_CHANNEL
from octavo_jobs.context import JobContext
from octavo_jobs.lifecycle import Job, State

pytestmark = pytest.mark.needs("redis")


async def story(job: Job, context: JobContext) -> str:
    context.progress("writing", 0.5)
    context.token("Once upon ")
    context.token("a time")
    return '{"text":"Once upon a time"}'


async def test_an_accepted_job_is_rung_for_runs_and_ends(house: House) -> None:
    house.worker(story).listen()
    job = await house.accept()
    ended = await house.until(job, State.SUCCEEDED)
    assert ended.result == '{"text":"Once upon a time"}'
    assert (ended.attempt, ended.failures, ended.worker) == (1, 0, "w1")
    # The first word goes at once, the last one stands before the end, and nothing is missing.
    assert await house.events() == ["job.accepted", "job.started", "job.progress", "job.token", "job.token", "job.succeeded"]


async def test_no_more_run_at_once_than_the_lane_allows(house: House) -> None:
    stage = Stage()
    worker = house.worker(stage, concurrency=3)
    jobs = [await house.accept() for _ in range(10)]
    taking = [worker.take(*jobs[:6]), worker.take(*jobs[6:])]
    await eventually(lambda: stage.at_once == 3, what="three begin")
    assert (await house.store.count_by_state("stories"))[State.RUNNING] == 3, "and no more are claimed than run"
    stage.gate.set()
    await asyncio.gather(*taking)
    for job in jobs:
        await house.until(job, State.SUCCEEDED)
    assert stage.most_at_once == 3


async def test_a_handler_that_has_no_use_for_more_leaves_them_to_others(house: House) -> None:
    stage, other = Stage(), Stage()
    known: list[int] = []
    worker = house.worker(stage, concurrency=8, room=lambda: known[-1] if known else None)
    jobs = [await house.accept() for _ in range(6)]
    known.append(2)
    taking = worker.take(*jobs)
    await eventually(lambda: stage.at_once == 2, what="two begin")
    assert (await house.store.count_by_state("stories"))[State.RUNNING] == 2, "and no more are claimed"
    second = house.worker(other, concurrency=8).take(*jobs)
    await eventually(lambda: other.at_once == 4, what="another worker has the rest")
    stage.gate.set()
    other.gate.set()
    await asyncio.gather(taking, second)
    for job in jobs:
        await house.until(job, State.SUCCEEDED)
    assert stage.most_at_once == 2


async def test_a_doubled_message_runs_a_job_once(house: House) -> None:
    stage = Stage()
    stage.gate.set()
    one, two = house.worker(stage), house.worker(stage)
    jobs = [await house.accept() for _ in range(4)]
    await asyncio.gather(*(worker.take(*jobs, *jobs) for worker in (one, two, one, two)))
    for job in jobs:
        await house.until(job, State.SUCCEEDED)
    await asyncio.gather(one.take(*jobs), two.take(*jobs))
    assert sorted(stage.begun) == sorted((job.id, 1) for job in jobs)
    # And every slot is free again.
    more = [await house.accept() for _ in range(8)]
    await asyncio.gather(one.take(*more), two.take(*more))
    for job in more:
        await house.until(job, State.SUCCEEDED)


async def test_a_failed_attempt_is_tried_again_and_may_pass(house: House) -> None:
    async def second_time_lucky(job: Job, _context: JobContext) -> str:
        if job.attempt == 1:
            raise EngineError("the model stumbled", retry_after=0.05)
        return "{}"

    house.worker(second_time_lucky).listen()
    job = await house.accept()
    waiting = await house.until(job, State.QUEUED, State.SUCCEEDED)

    async def retried() -> bool:
        await house.reaper.reap()
        return (await house.job(job)).state is State.SUCCEEDED

    await eventually(retried, what="the second attempt")
    ended = await house.job(job)
    assert (ended.attempt, ended.failures, ended.error) == (2, 1, None)
    assert ended.version > waiting.version


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (
            ProviderRefused("it will not write that", provider="grok"),
            {"error": "provider_refused", "message": "it will not write that", "provider": "grok"},
        ),
        (RuntimeError("password=geheim"), {"error": "internal_error", "message": "the generator failed (RuntimeError)"}),
        (TimeoutError("the socket's own"), {"error": "internal_error", "message": "the generator failed (TimeoutError)"}),
        (asyncio.CancelledError(), {"error": "internal_error", "message": "the generator failed (CancelledError)"}),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_a_dead_letter_says_what_went_wrong_and_nothing_more(house: House, error: BaseException, wanted: dict[str, str]) -> None:
    async def broken(_job: Job, _context: JobContext) -> str:
        raise error

    job = await house.accept(max_attempts=1)
    await house.worker(broken).take(job)
    dead = await house.until(job, State.FAILED)
    assert orjson.loads(dead.error or "") == wanted


async def test_an_attempt_that_takes_too_long_is_ended_and_tried_again_until_the_last(house: House) -> None:
    stage = Stage()
    worker = house.worker(stage)
    job = await house.accept(timeout_ms=60, max_attempts=2, retry_base_ms=10, retry_max_ms=10)
    await worker.take(job)
    first = await house.until_failures(job, 1)
    assert first.state is State.QUEUED
    assert orjson.loads(first.error or "") == {"error": "timeout", "message": "the job did not end within 0.06 s"}
    house.clock.advance(1)
    await worker.take(job)
    dead = await house.until(job, State.FAILED)
    assert dead.failures == 2
    assert stage.at_once == 0, "the work itself has stopped"


async def test_a_cancel_of_a_running_job_is_heard_at_once(house: House) -> None:
    stage = Stage()
    worker = house.worker(stage)
    # A lease so long that no renewal could tell of the cancel.
    job = await house.accept(lease_ms=600_000)
    await worker.take(job)
    await eventually(lambda: stage.begun, what="the job runs")
    await eventually(lambda: _heard(house), what="the worker hears cancels")
    started = time.monotonic()
    assert (await house.intake.cancel(job.id)).cancel_requested
    await house.until(job, State.CANCELLED, deadline_s=5)
    assert time.monotonic() - started < 1
    assert stage.at_once == 0
    assert (await house.events())[-1] == "job.cancelled"
    with pytest.raises(Conflict, match="cancelled"):
        await house.intake.cancel(job.id)


async def _heard(house: House) -> bool:
    ((_, listeners),) = await house.client.pubsub_numsub(CANCEL_CHANNEL)
    return bool(listeners)


async def test_a_cancel_that_redis_did_not_carry_is_heard_with_the_lease(house: House) -> None:
    stage = Stage()
    worker = house.worker(stage)
    job = await house.accept(lease_ms=600)
    await worker.take(job)
    await eventually(lambda: stage.begun, what="the job runs")
    # By the store alone, as when Redis is away.
    await house.store.cancel(job.id)
    await house.until(job, State.CANCELLED, deadline_s=5)
    assert stage.at_once == 0


@pytest.mark.parametrize("steps", range(5))
async def test_a_cancel_that_meets_the_claim_leaks_no_slot(house: House, steps: int) -> None:
    """The word of the cancel arrives in the very moment in which the job begins, a step of the loop earlier or later."""
    stage = Stage()
    worker = house.worker(stage, concurrency=1)
    await eventually(lambda: _heard(house), what="the worker hears cancels")
    job = await house.accept(lease_ms=900)
    speaker = redis.Redis.from_url(house.url)

    async def cancel() -> None:
        del worker.store.after["claim_many"]
        await house.store.cancel(job.id)
        # Not awaited: the word is on the wire before the loop makes another step.
        speaker.publish(CANCEL_CHANNEL, job.id)
        for _ in range(steps):
            await asyncio.sleep(0)

    worker.store.after["claim_many"] = cancel
    await worker.take(job)
    await house.until(job, State.CANCELLED, deadline_s=5)
    # Then the one slot is free for the next.
    stage.gate.set()
    following = await house.accept()
    worker.take(following)
    await house.until(following, State.SUCCEEDED, deadline_s=5)
    await eventually(lambda: worker.runner.running == 0, what="nothing runs")
    speaker.close()


async def test_cancel_knows_what_is_not_there_and_what_is_queued(house: House) -> None:
    with pytest.raises(NotFound):
        await house.intake.cancel(generate_uuid())
    job = await house.accept()
    assert (await house.intake.cancel(job.id)).state is State.CANCELLED
    stage = Stage()
    await house.worker(stage).take(job)
    assert stage.begun == []


async def test_a_drain_lets_end_what_ends_in_time_and_hands_back_the_rest(house: House) -> None:
    slow, quick = Stage(), asyncio.Event()

    async def act(job: Job, context: JobContext) -> str:
        if job.id == short.id:
            await quick.wait()
            return '"quick"'
        return await slow(job, context)

    old = house.worker(act)
    short, long = await house.accept(), await house.accept(max_attempts=1)
    # Their messages are spent, as if this worker had been given them.
    await house.intake.close()
    await house.client.flushall()
    await old.take(short, long)
    await eventually(lambda: slow.begun, what="both run")
    stopping = asyncio.create_task(old.stop(drain_s=0.4))
    await asyncio.sleep(0)
    quick.set()
    await stopping
    assert (await house.job(short)).result == '"quick"'
    back = await house.job(long)
    assert (back.state, back.failures, back.worker) == (State.QUEUED, 0, None)
    # Another worker hears of it by the bell, and the last attempt is still there to be used.
    stage = Stage()
    stage.gate.set()
    house.worker(stage).listen()
    ended = await house.until(long, State.SUCCEEDED)
    assert (ended.attempt, ended.failures) == (2, 0)


async def test_a_draining_worker_rings_for_what_it_is_still_given(house: House) -> None:
    old, stage = house.worker(Stage()), Stage()
    stage.gate.set()
    old.runner.refuse_new()
    job = await house.accept()
    await house.intake.close()
    await house.client.flushall()
    await old.take(job)
    assert (await house.job(job)).attempt == 0
    house.worker(stage).listen()
    await house.until(job, State.SUCCEEDED)


async def test_a_full_queue_says_when_to_come_back(house: House) -> None:
    for _ in range(3):
        await house.accept(max_queued=3)
    with pytest.raises(Throttled) as refused:
        await house.accept(max_queued=3)
    assert refused.value.retry_after
    stage = Stage()
    stage.gate.set()
    house.worker(stage).listen()

    async def room() -> bool:
        try:
            await house.accept(max_queued=3)
        except Throttled:
            return False
        return True

    await eventually(room, what="room in the queue")
