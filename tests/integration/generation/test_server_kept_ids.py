"""A job that keeps the id under which somebody else accepted it, on each database and from several processes at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.generation.test_server_start import new_database

from octavo_core.clock import ManualClock
from octavo_core.ids import generate_uuid
from octavo_jobs.lifecycle import State
from octavo_jobs.model import Accepted, KeyReused, NewJob
from octavo_jobs.store import JobStore, open_store


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.needs("postgresql")),
        pytest.param("mariadb", marks=pytest.mark.needs("mariadb")),
    ]
)
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[list[JobStore]]:
    """Two processes' stores on one database."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/jobs.db"
    else:
        url = await asyncio.to_thread(new_database, request.getfixturevalue(f"{request.param}_url"))
    opened = [open_store(url, ManualClock()) for _ in range(2)]
    await opened[0].migrate()
    yield opened
    for store in opened:
        await store.close()


def kept(job_id: str, *, body: str = "a", **more: Any) -> NewJob:
    given = {"queue": "tales", "owner": "ana", "request": "{}", "correlation_id": "c", "body_hash": body * 64, "keeps_id": True, **more}
    return NewJob(id=job_id, **given)


async def test_the_same_id_again_is_the_same_job(stores: list[JobStore]) -> None:
    job_id = generate_uuid()
    (first,) = await stores[0].accept_many([kept(job_id)])
    (second,) = await stores[1].accept_many([kept(job_id)])
    assert isinstance(first, Accepted)
    assert second == Accepted(first.job, created=False)


async def test_many_deliveries_at_once_and_within_one_transaction_are_one_job(stores: list[JobStore]) -> None:
    ids = [generate_uuid() for _ in range(5)]
    rounds = await asyncio.gather(*(store.accept_many([kept(job_id) for job_id in ids * 2]) for store in stores * 4))
    answers = [answer for answers in rounds for answer in answers]
    assert all(isinstance(answer, Accepted) for answer in answers)
    created = [answer.job.id for answer in answers if isinstance(answer, Accepted) and answer.created]
    assert sorted(created) == sorted(ids)


async def test_an_ordinary_job_beside_a_repeat_is_accepted(stores: list[JobStore]) -> None:
    job_id = generate_uuid()
    await stores[0].accept_many([kept(job_id)])
    plain = NewJob(id=generate_uuid(), queue="tales", owner="ben", request="{}", correlation_id="c")
    repeat, accepted = await stores[1].accept_many([kept(job_id), plain])
    assert isinstance(repeat, Accepted)
    assert not repeat.created
    assert isinstance(accepted, Accepted)
    assert accepted.created


@pytest.mark.parametrize("other", [{"body": "b"}, {"owner": "ben"}, {"queue": "poems"}])
async def test_an_id_is_nobody_elses(stores: list[JobStore], other: dict[str, str]) -> None:
    job_id = generate_uuid()
    await stores[0].accept_many([kept(job_id)])
    assert await stores[1].accept_many([kept(job_id, **other)]) == [KeyReused(job_id)]


async def test_a_key_that_is_known_comes_before_a_new_id(stores: list[JobStore]) -> None:
    first, second = generate_uuid(), generate_uuid()
    await stores[0].accept_many([kept(first, idempotency_key="k")])
    (answer,) = await stores[1].accept_many([kept(second, idempotency_key="k")])
    assert isinstance(answer, Accepted)
    assert (answer.job.id, answer.created) == (first, False)


@pytest.mark.parametrize(
    ("state", "more"),
    [(State.CANCELLED, {}), (State.FAILED, {"error": '{"error":"x"}'}), (State.SUCCEEDED, {"result": '{"result":{}}'})],
)
async def test_a_job_that_ended_before_it_came_is_written_with_its_end(stores: list[JobStore], state: State, more: dict[str, str]) -> None:
    job_id, accepted_at = generate_uuid(), ManualClock().now_ms() - 60_000
    (answer,) = await stores[0].accept_many([kept(job_id, ended=state, created_at=accepted_at, **more)])
    assert isinstance(answer, Accepted)
    (found,) = await stores[1].get_many([job_id])
    assert found == answer.job
    assert (found.state, found.created_at, found.result, found.error) == (state, accepted_at, more.get("result"), more.get("error"))
    assert found.ended_at is not None
    assert found.expires_at is not None
    assert found.ring_due is None
    assert await stores[1].claim_many([job_id], worker="w") == []
    assert [job.id for job in await stores[1].unpublished(10)] == [], "not before its grace has passed"
    assert (await stores[1].backlogs(["tales"]))[0].open == 0
