"""The contract of the job store (octavo_jobs.store.port), against every real database."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from octavo_core.clock import ManualClock
from octavo_core.errors import Unavailable
from octavo_core.ids import generate_uuid
from octavo_jobs.lifecycle import RING_GRACE_MS, Failure, Job, Policy, State
from octavo_jobs.model import Accepted, CancelConfirmed, Finish, HandedBack, KeyReused, NewJob, PageRequest, Recent, Renewal, Succeeded
from octavo_jobs.store import JobStore, open_store, open_transactions
from octavo_jobs.store.migrations import JOBS, current
from octavo_jobs.store.schema import jobs, metadata

BOOM = Failure('{"error":"boom","message":"it broke"}', retryable=True)
FATAL = Failure('{"error":"fatal","message":"it will always break"}', retryable=False)


def new(key: str | None = None, *, owner: str = "ana", queue: str = "stories", body: str = "a", **policy: int) -> NewJob:
    return NewJob(
        id=generate_uuid(),
        queue=queue,
        owner=owner,
        request='{"prompt":"ñandú 🦊"}',
        correlation_id="c-1",
        policy=Policy(**policy),
        idempotency_key=key,
        body_hash=None if key is None else body * 64,
    )


async def accept(store: JobStore, *jobs: NewJob) -> list[Job]:
    answers = await store.accept_many(jobs)
    assert all(isinstance(answer, Accepted) for answer in answers)
    return [answer.job for answer in answers if isinstance(answer, Accepted)]


async def get(store: JobStore, job_id: str) -> Job:
    job = (await store.get_many([job_id]))[0]
    assert job is not None
    return job


async def running(store: JobStore, **policy: int) -> Job:
    (job,) = await accept(store, new(**policy))
    (claimed,) = await store.claim_many([job.id], worker="w1")
    return claimed


async def test_an_accepted_job_reads_back_as_it_was_written(store: JobStore, clock: ManualClock) -> None:
    wanted = new(max_attempts=7, lease_ms=1234)
    (accepted,) = await accept(store, wanted)
    found = await get(store, wanted.id)
    assert found == accepted
    assert found.state is State.QUEUED
    assert found.request == wanted.request
    assert found.policy == Policy(max_attempts=7, lease_ms=1234)
    assert found.created_at == clock.now_ms()
    assert found.version == 1


async def test_a_jobs_webhook_stays_with_it(store: JobStore) -> None:
    (accepted,) = await accept(store, replace(new(), webhook="https://example.com/hooks/ñ?key=1"))
    (claimed,) = await store.claim_many([accepted.id], worker="w1")
    (ended,) = await store.finish_many([Finish(accepted.id, claimed.attempt, Succeeded("{}"))])
    assert ended is not None
    assert [accepted.webhook, claimed.webhook, ended.webhook, (await get(store, accepted.id)).webhook] == [accepted.webhook] * 4


async def test_jobs_of_the_version_before_are_kept(database_url: str, clock: ManualClock) -> None:
    before = replace(JOBS, head="0001")
    transactions = open_transactions(database_url)
    await transactions.write(before.migrate)
    row = {
        "id": generate_uuid(), "queue": "stories", "owner": "ana", "state": "queued", "request": "{}", "policy": "{}",
        "correlation_id": "c",
        "created_at": 1, "updated_at": 1, "available_at": 1, "attempt": 0, "failures": 0, "version": 1, "published_version": 0,
        "cancel_requested": False,
    }  # fmt: skip
    columns = [column for column in jobs.c if column.name in row]
    old = sa.table("jobs", *(sa.column(column.name, column.type) for column in columns))
    await transactions.write(lambda connection: connection.execute(sa.insert(old).values(row)))
    await transactions.close()
    store = open_store(database_url, clock)
    await asyncio.gather(store.migrate(), store.migrate())
    assert (await get(store, str(row["id"]))).webhook is None
    await store.close()


async def test_answers_come_in_the_order_of_the_questions(store: JobStore) -> None:
    jobs = await accept(store, *(new() for _ in range(50)))
    ids = [job.id for job in jobs]
    assert [job.id for job in await store.get_many(ids[::-1]) if job] == ids[::-1]
    assert await store.get_many([generate_uuid()]) == [None]


async def test_a_job_is_claimed_once(store: JobStore) -> None:
    jobs = await accept(store, *(new() for _ in range(40)))
    ids = [job.id for job in jobs]
    rounds = await asyncio.gather(*(store.claim_many(ids, worker=f"w{n}") for n in range(8)))
    claimed = [job for jobs in rounds for job in jobs]
    # A claimer that met another's lock leaves the row out; whoever rings again gets what nobody took.
    claimed += await store.claim_many(ids, worker="late")
    assert sorted(job.id for job in claimed) == sorted(ids)
    assert all(job.attempt == 1 and job.state is State.RUNNING and job.lease_until is not None for job in claimed)


async def test_claiming_leaves_out_what_is_not_due_cancelled_or_unknown(store: JobStore, clock: ManualClock) -> None:
    job = await running(store, retry_base_ms=5_000, retry_max_ms=5_000)
    await store.finish_many([Finish(job.id, 1, BOOM)])
    (queued,) = await accept(store, new())
    await store.cancel(queued.id)
    assert await store.claim_many([job.id, queued.id, generate_uuid()], worker="w2") == []
    clock.advance(5)
    assert [claimed.id for claimed in await store.claim_many([job.id, queued.id], worker="w2")] == [job.id]


async def test_success_is_written_once_and_only_by_the_attempt_that_owns_the_job(store: JobStore) -> None:
    job = await running(store)
    (done,) = await store.finish_many([Finish(job.id, 1, Succeeded('{"n":1}'))])
    assert done is not None
    assert done.state is State.SUCCEEDED
    assert done.result == '{"n":1}'
    again = await store.finish_many([Finish(job.id, 1, Succeeded('{"n":2}')), Finish(job.id, 2, Succeeded('{"n":3}'))])
    assert again == [None, None]
    assert await get(store, job.id) == done


async def test_two_finishes_of_one_job_in_one_batch_count_once(store: JobStore) -> None:
    job = await running(store)
    answers = await store.finish_many([Finish(job.id, 1, Succeeded("1")), Finish(job.id, 1, Succeeded("2"))])
    assert answers[0] is not None
    assert answers[1] is None
    assert (await get(store, job.id)).result == "1"


async def test_an_old_attempt_is_fenced_out_after_its_lease_was_lost(store: JobStore, clock: ManualClock) -> None:
    job = await running(store, lease_ms=10_000)
    clock.advance(10)
    (lost,) = await store.lose_overdue(10)
    assert lost.state is State.QUEUED
    assert lost.failures == 1
    (second,) = await store.claim_many([job.id], worker="w2")
    assert second.attempt == 2
    assert await store.renew_many([Renewal(job.id, 1)]) == [None]
    assert await store.finish_many([Finish(job.id, 1, Succeeded("old"))]) == [None]
    (done,) = await store.finish_many([Finish(job.id, 2, Succeeded("new"))])
    assert done is not None
    assert done.result == "new"


async def test_a_renewed_lease_is_not_lost_and_keeps_the_progress(store: JobStore, clock: ManualClock) -> None:
    job = await running(store, lease_ms=10_000)
    clock.advance(9)
    (renewed,) = await store.renew_many([Renewal(job.id, 1, '{"fraction":0.4}')])
    assert renewed is not None
    assert renewed.version == job.version
    clock.advance(9)
    assert await store.lose_overdue(10) == []
    assert (await get(store, job.id)).progress == '{"fraction":0.4}'


async def test_failures_are_retried_with_growing_waits_until_the_last(store: JobStore, clock: ManualClock) -> None:
    (job,) = await accept(store, new(max_attempts=3, retry_base_ms=1_000, retry_max_ms=60_000))
    waits = []
    for attempt in (1, 2):
        assert await store.claim_many([job.id], worker="w")
        (failed,) = await store.finish_many([Finish(job.id, attempt, BOOM)])
        assert failed is not None
        assert failed.state is State.QUEUED
        waits.append(failed.available_at - clock.now_ms())
        clock.advance(61)
    assert 100 <= waits[0] <= 1_000
    assert 200 <= waits[1] <= 2_000
    assert await store.claim_many([job.id], worker="w")
    (dead,) = await store.finish_many([Finish(job.id, 3, BOOM)])
    assert dead is not None
    assert dead.state is State.FAILED
    assert dead.failures == 3
    assert dead.error == BOOM.error


async def test_a_failure_that_cannot_pass_ends_at_once(store: JobStore) -> None:
    job = await running(store)
    (dead,) = await store.finish_many([Finish(job.id, 1, FATAL)])
    assert dead is not None
    assert dead.state is State.FAILED


async def test_a_hand_back_costs_no_attempt(store: JobStore) -> None:
    job = await running(store, max_attempts=1)
    (back,) = await store.finish_many([Finish(job.id, 1, HandedBack())])
    assert back is not None
    assert back.state is State.QUEUED
    assert back.failures == 0
    assert [claimed.attempt for claimed in await store.claim_many([job.id], worker="w2")] == [2]


async def test_cancel_of_a_queued_job_ends_it(store: JobStore) -> None:
    (job,) = await accept(store, new())
    cancelled = await store.cancel(job.id)
    assert cancelled is not None
    assert cancelled.state is State.CANCELLED
    assert await store.cancel(generate_uuid()) is None


@pytest.mark.parametrize("outcome", [Succeeded("{}"), BOOM, HandedBack(), CancelConfirmed()], ids=lambda outcome: type(outcome).__name__)
async def test_cancel_of_a_running_job_wins_over_whatever_the_worker_says(store: JobStore, outcome: Succeeded | Failure) -> None:
    job = await running(store)
    marked = await store.cancel(job.id)
    assert marked is not None
    assert marked.state is State.RUNNING
    assert marked.cancel_requested
    (renewed,) = await store.renew_many([Renewal(job.id, 1)])
    assert renewed is not None
    assert renewed.cancel_requested
    (ended,) = await store.finish_many([Finish(job.id, 1, outcome)])
    assert ended is not None
    assert ended.state is State.CANCELLED
    assert ended.result is None


async def test_a_cancel_survives_the_death_of_the_worker(store: JobStore, clock: ManualClock) -> None:
    job = await running(store, lease_ms=10_000)
    await store.cancel(job.id)
    clock.advance(11)
    (ended,) = await store.lose_overdue(10)
    assert ended.state is State.CANCELLED


async def test_an_ended_job_cannot_be_cancelled(store: JobStore) -> None:
    job = await running(store)
    (done,) = await store.finish_many([Finish(job.id, 1, Succeeded("{}"))])
    assert await store.cancel(job.id) == done


async def test_the_same_key_and_body_give_the_same_job(store: JobStore) -> None:
    first, second = new("k"), new("k")
    (one,) = await store.accept_many([first])
    (two,) = await store.accept_many([second])
    assert isinstance(one, Accepted)
    assert isinstance(two, Accepted)
    assert one.created
    assert not two.created
    assert two.job.id == one.job.id


async def test_the_same_key_with_another_body_is_told(store: JobStore) -> None:
    first = new("k", body="a")
    answers = await store.accept_many([first, new("k", body="b"), new("k", body="a")])
    assert answers[1] == KeyReused(first.id)
    assert isinstance(answers[2], Accepted)
    assert answers[2].job.id == first.id


async def test_keys_belong_to_an_owner_and_a_queue_and_to_their_letters(store: JobStore) -> None:
    jobs = [new("k"), new("k", owner="ben"), new("k", queue="texts"), new("K"), new("ḱ")]
    answers = await store.accept_many(jobs)
    assert [isinstance(answer, Accepted) and answer.created for answer in answers] == [True] * 5


async def test_one_key_accepted_by_many_at_once_makes_one_job(store: JobStore) -> None:
    answers = await asyncio.gather(*(store.accept_many([new("k"), new()]) for _ in range(12)))
    keyed = [answer[0] for answer in answers]
    assert all(isinstance(answer, Accepted) for answer in keyed)
    assert len({answer.job.id for answer in keyed if isinstance(answer, Accepted)}) == 1
    assert sum(answer.created for answer in keyed if isinstance(answer, Accepted)) == 1


async def test_a_dead_letter_is_replayed_and_its_old_worker_stays_out(store: JobStore) -> None:
    job = await running(store, max_attempts=1)
    await store.finish_many([Finish(job.id, 1, BOOM)])
    (again,) = await store.replay_many([job.id])
    assert again is not None
    assert again.state is State.QUEUED
    assert again.failures == 0
    assert again.error is None
    (second,) = await store.claim_many([job.id], worker="w2")
    assert second.attempt == 2
    assert await store.finish_many([Finish(job.id, 1, Succeeded("old"))]) == [None]
    await store.finish_many([Finish(job.id, 2, Succeeded("{}"))])
    assert await store.replay_many([job.id]) == [None]


async def test_waiting_jobs_are_rung_again_at_their_appointment(store: JobStore, clock: ManualClock) -> None:
    jobs = await accept(store, *(new() for _ in range(5)))
    assert await store.ring_overdue(10) == []
    assert await store.next_appointment() is not None
    clock.advance(RING_GRACE_MS / 1000)
    assert {job.id for job in await store.ring_overdue(10)} == {job.id for job in jobs}
    assert await store.ring_overdue(10) == []
    await store.claim_many([jobs[0].id], worker="w")
    clock.advance(RING_GRACE_MS / 1000)
    assert {job.id for job in await store.ring_overdue(10)} == {job.id for job in jobs[1:]}
    assert await store.ring_soon(["stories"]) == 4
    assert len(await store.ring_overdue(3)) == 3
    assert len(await store.ring_overdue(3)) == 1
    assert await store.ring_soon(["texts"]) == 0


async def test_unmarked_transitions_are_found_and_marked_ones_are_not(store: JobStore, clock: ManualClock) -> None:
    one, two = await accept(store, new(), new())
    await store.mark_published([(one.id, 1)])
    clock.advance(3)
    assert [job.id for job in await store.unpublished(10)] == [two.id]
    await store.claim_many([one.id], worker="w")
    await store.mark_published([(one.id, 1), (two.id, 1)])
    clock.advance(3)
    # The mark of an older version leaves the newer one's appointment standing.
    assert [(job.id, job.version) for job in await store.unpublished(10)] == [(one.id, 2)]
    await store.mark_published([(one.id, 2)])
    clock.advance(3)
    assert await store.unpublished(10) == []


async def test_backlogs_count_what_is_due_delayed_and_running(store: JobStore, clock: ManualClock) -> None:
    start = clock.now_ms()
    await running(store)
    failed = await running(store, retry_base_ms=50_000, retry_max_ms=50_000)
    await store.finish_many([Finish(failed.id, 1, BOOM)])
    await accept(store, new())
    clock.advance(1)
    await accept(store, new(), new(queue="texts"))
    stories, empty, texts = await store.backlogs(["stories", "empty", "texts"])
    assert (stories.due, stories.delayed, stories.running, stories.oldest_due_ms) == (2, 1, 1, start)
    assert stories.open == 4
    assert (empty.open, empty.oldest_due_ms) == (0, None)
    assert texts.due == 1


async def test_the_line_is_of_those_who_wait_and_are_due_the_first_come_first(store: JobStore, clock: ManualClock) -> None:
    await running(store)
    failed = await running(store, retry_base_ms=50_000, retry_max_ms=50_000)
    await store.finish_many([Finish(failed.id, 1, BOOM)])
    await accept(store, new(queue="texts"))
    waiting = await accept(store, new(), new(owner="ben"), new())
    assert await store.line("stories", 10) == [job.id for job in waiting]
    assert await store.line("stories", 2) == [job.id for job in waiting[:2]]
    assert await store.line("empty", 10) == []
    clock.advance(100_000)
    # What is due again stands where it stood at first.
    assert await store.line("stories", 10) == [failed.id, *(job.id for job in waiting)]


async def test_pages_go_from_new_to_old_without_gap_or_repeat(store: JobStore) -> None:
    mine = await accept(store, *(new() for _ in range(7)))
    await accept(store, new(owner="ben"), new(queue="texts"))
    seen: list[str] = []
    before = None
    while page := await store.page(PageRequest(limit=3, before=before, queue="stories", owner="ana")):
        seen += [job.id for job in page]
        before = page[-1].id
    assert seen == [job.id for job in mine][::-1]
    await store.cancel(mine[2].id)
    (cancelled,) = await store.page(PageRequest(limit=9, queue="stories", states=(State.CANCELLED,)))
    assert cancelled.id == mine[2].id


async def test_pages_begin_after_an_id_and_recent_work_is_counted_from_a_moment(store: JobStore, clock: ManualClock) -> None:
    mine = await accept(store, *(new() for _ in range(4)), new(queue="texts"))
    page = await store.page(PageRequest(limit=9, after=mine[1].id, before=mine[3].id, queue="stories"))
    assert [job.id for job in page] == [mine[2].id]
    await store.claim_many([mine[0].id, mine[1].id], worker="w")
    await store.finish_many([Finish(mine[0].id, 1, Succeeded("{}")), Finish(mine[1].id, 1, FATAL)])
    await store.cancel(mine[2].id)
    # Ids are made by the machine's clock.
    accepted = int(mine[0].id.replace("-", "")[:12], 16)
    assert await store.recent(["texts", "stories", "none"], accepted) == [
        Recent("texts", accepted=1),
        Recent("stories", accepted=4, succeeded=1, failed=1, cancelled=1),
        Recent("none"),
    ]
    assert await store.recent(["stories"], accepted + 3_600_000) == [Recent("stories")]
    assert await store.recent([], accepted) == []


async def test_ended_jobs_go_when_their_time_is_over(store: JobStore, clock: ManualClock) -> None:
    job = await running(store, retention_ms=60_000)
    await store.finish_many([Finish(job.id, 1, Succeeded("{}"))])
    (waiting,) = await accept(store, new(retention_ms=1))
    clock.advance(59)
    assert await store.delete_expired(10) == 0
    clock.advance(2)
    assert await store.delete_expired(10) == 1
    assert await store.get_many([job.id]) == [None]
    assert await get(store, waiting.id) == waiting
    assert await store.count_by_state("stories") == {State.QUEUED: 1}


async def test_large_and_odd_texts_survive(store: JobStore) -> None:
    text = '"' + "ñ🦊\\u0000'%s;--" * 20_000 + '"'
    job = await running(store)
    (done,) = await store.finish_many([Finish(job.id, 1, Succeeded(text))])
    assert done is not None
    assert (await get(store, job.id)).result == text


async def test_empty_batches_cost_nothing(store: JobStore) -> None:
    assert await store.accept_many([]) == []
    assert await store.claim_many([], worker="w") == []
    assert await store.finish_many([]) == []
    assert await store.renew_many([]) == []
    assert await store.get_many([]) == []
    assert await store.replay_many([]) == []
    assert await store.backlogs([]) == []
    await store.mark_published([])


async def test_many_batches_over_the_same_rows_do_not_deadlock(store: JobStore) -> None:
    jobs = await accept(store, *(new() for _ in range(60)))
    ids = [job.id for job in jobs]

    async def claim_and_finish(order: list[str], worker: str) -> int:
        claimed = await store.claim_many(order, worker=worker)
        finished = await store.finish_many([Finish(job.id, job.attempt, Succeeded("{}")) for job in reversed(claimed)])
        await store.mark_published([(job.id, job.version) for job in reversed(finished) if job])
        return sum(job is not None for job in finished)

    async with asyncio.timeout(60):
        counts = await asyncio.gather(*(claim_and_finish(ids if n % 2 else ids[::-1], f"w{n}") for n in range(10)))
        counts.append(await claim_and_finish(ids, "late"))
    assert sum(counts) == 60
    assert await store.count_by_state("stories") == {State.SUCCEEDED: 60}


async def test_migrating_twice_and_at_once_is_harmless(database_url: str, clock: ManualClock) -> None:
    stores = [open_store(database_url, clock) for _ in range(4)]
    await asyncio.gather(*(store.migrate() for store in stores))
    await stores[0].migrate()
    await accept(stores[1], new())
    for store in stores:
        await store.close()


async def test_the_migrated_schema_is_the_one_that_the_code_uses(store: JobStore, migrated_url: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    url = sa.make_url(migrated_url)
    driver = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "mysql": "mysql+aiomysql"}[url.drivername]

    def differences(connection: sa.Connection) -> list[object]:
        assert current(connection) is not None
        context = MigrationContext.configure(
            connection, opts={"include_name": lambda name, kind, _: kind != "table" or name == "jobs", "compare_type": False}
        )
        return list(compare_metadata(context, metadata))

    if url.drivername == "sqlite":
        with sa.create_engine(migrated_url).connect() as connection:
            assert differences(connection) == []
        return
    engine = create_async_engine(url.set(drivername=driver))
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_a_database_that_is_not_there_is_unavailable() -> None:
    for url in ("postgresql://nobody:geheim@127.0.0.1:1/none", "mysql://nobody:geheim@127.0.0.1:1/none"):
        store = open_store(url, ManualClock())
        with pytest.raises(Unavailable) as caught:
            await store.ping()
        assert "geheim" not in caught.value.message
        with pytest.raises(Unavailable):
            await store.accept_many([new()])
        await store.close()


async def test_open_jobs_are_counted_by_queue_and_owner(store: JobStore) -> None:
    mine = await accept(store, *(new(owner="ana") for _ in range(4)))
    await accept(store, new(owner="Ana"), new(owner="luis"), new(owner="ana", queue="images"))
    assert await store.count_open("stories", "ana") == 4
    claimed = await store.claim_many([mine[0].id, mine[1].id], worker="w1")
    assert await store.count_open("stories", "ana") == 4, "running is open, too"
    await store.finish_many([Finish(claimed[0].id, 1, Succeeded("{}")), Finish(claimed[1].id, 1, FATAL)])
    await store.cancel(mine[2].id)
    assert await store.count_open("stories", "ana") == 1
    assert await store.count_open("stories", "Ana") == 1
    assert await store.count_open("nothing", "ana") == 0
    assert await store.count_open("stories", "nobody") == 0


async def test_a_failed_attempt_that_will_be_tried_again_is_open(store: JobStore) -> None:
    job = await running(store)
    await store.finish_many([Finish(job.id, job.attempt, BOOM)])
    assert await store.count_open("stories", "ana") == 1


async def test_an_owners_jobs_are_forgotten_in_the_queues_that_are_named(store: JobStore) -> None:
    mine = await accept(store, *(new(owner="ana") for _ in range(3)))
    others = await accept(store, new(owner="Ana"), new(owner="ana", queue="images"))
    [claimed] = await store.claim_many([mine[0].id], worker="w1")
    assert await store.forget("ana", ["stories", "nothing"], 2) == 2
    assert await store.forget("ana", ["stories", "nothing"], 2) == 1
    assert await store.forget("ana", ["stories"], 2) == 0
    assert await store.forget("ana", [], 2) == 0
    assert await store.get_many([job.id for job in mine]) == [None] * 3
    assert await store.finish_many([Finish(claimed.id, 1, Succeeded("{}"))]) == [None]
    assert None not in await store.get_many([job.id for job in others])
    assert await store.forget("ana", None, 10) == 1
    assert [job is None for job in await store.get_many([job.id for job in others])] == [False, True]
