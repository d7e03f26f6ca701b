"""What the publisher of events promises, against a real Redis and a real store: order, marks, and that nothing is lost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import orjson
import pytest
import redis.asyncio
from tests.servers.redis import RedisServer
from tests.unit.jobs.making import eventually, new_job, queued

from octavo_core.clock import ManualClock
from octavo_core.ids import generate_uuid
from octavo_jobs.channels import WEBHOOKS, stream_key
from octavo_jobs.context import TOKEN_BUFFER_CHARS, JobContext
from octavo_jobs.events import STREAM_TTL_S, Event, EventPublisher
from octavo_jobs.lifecycle import Job, State
from octavo_jobs.model import Accepted, Finish, Succeeded
from octavo_jobs.named_webhooks import NamedWebhooks
from octavo_jobs.reaper import Reaper
from octavo_jobs.redis_client import open_redis
from octavo_jobs.store import JobStore, open_store
from octavo_jobs.transport import Bell

pytestmark = pytest.mark.needs("redis")


@pytest.fixture
async def jobs_store(tmp_path: Path, clock: ManualClock) -> AsyncIterator[JobStore]:
    """The events do not care which database it is; the store's own contract asks all three."""
    opened = open_store(f"sqlite:///{tmp_path}/jobs.db", clock)
    await opened.migrate()
    yield opened
    await opened.close()


@pytest.fixture
async def client(redis_server: RedisServer) -> AsyncIterator[redis.asyncio.Redis]:
    opened = open_redis(redis_server.url)
    yield opened
    await opened.aclose()


@pytest.fixture
async def publisher(client: redis.asyncio.Redis, jobs_store: JobStore) -> AsyncIterator[EventPublisher]:
    opened = EventPublisher(client, jobs_store)
    yield opened
    await opened.close()


async def stored(client: redis.asyncio.Redis, user: str = "ana") -> list[dict[str, Any]]:
    entries = cast("list[tuple[bytes, dict[bytes, bytes]]]", await client.xrange(stream_key(user)))
    return [orjson.loads(fields[b"e"]) for _, fields in entries]


async def stored_at_least(client: redis.asyncio.Redis, count: int, user: str = "ana") -> list[dict[str, Any]]:
    async def enough() -> list[dict[str, Any]]:
        events = await stored(client, user)
        return events if len(events) >= count else []

    return await eventually(enough, what=f"{count} events of {user}")


async def accept(store: JobStore, owner: str = "ana") -> Job:
    (answer,) = await store.accept_many([new_job(owner=owner)])
    assert isinstance(answer, Accepted)
    return answer.job


async def get(store: JobStore, job: Job) -> Job:
    found = (await store.get_many([job.id]))[0]
    assert found is not None
    return found


def said(number: int, user: str = "ana") -> Event:
    return Event("job.progress", "j", "stories", user, 1, 0, {"n": number}, transition=False)


async def test_events_stand_in_their_streams_in_the_order_in_which_they_were_given(
    publisher: EventPublisher, client: redis.asyncio.Redis
) -> None:
    for number in range(1_500):
        publisher.publish(said(number, "ana" if number % 3 else "ben"))
        if number % 100 == 0:
            await asyncio.sleep(0)
    ana, ben = await stored_at_least(client, 1_000, "ana"), await stored_at_least(client, 500, "ben")
    assert [event["data"]["n"] for event in ana] == [number for number in range(1_500) if number % 3]
    assert [event["data"]["n"] for event in ben] == list(range(0, 1_500, 3))
    assert 0 < await client.ttl(stream_key("ana")) <= STREAM_TTL_S


async def test_a_published_transition_is_marked_in_its_row(
    publisher: EventPublisher, client: redis.asyncio.Redis, jobs_store: JobStore
) -> None:
    job = await accept(jobs_store)
    publisher.publish_transitions([job])
    assert (await get(jobs_store, job)).published_version == 0, "marked before it was out"
    await stored_at_least(client, 1)
    marked = await eventually(lambda: _published(jobs_store, job), what="the mark")
    assert marked.publish_due is None


async def _published(store: JobStore, job: Job) -> Job | None:
    found = await get(store, job)
    return found if found.published_version == found.version else None


async def test_the_latest_of_several_transitions_is_the_one_that_is_marked(
    publisher: EventPublisher, client: redis.asyncio.Redis, jobs_store: JobStore
) -> None:
    job = await accept(jobs_store)
    publisher.publish_transitions([job])
    (claimed,) = await jobs_store.claim_many([job.id], worker="w")
    publisher.publish_transitions([claimed])
    (ended,) = await jobs_store.finish_many([Finish(job.id, 1, Succeeded("{}"))])
    assert ended is not None
    publisher.publish_transitions([ended])
    await publisher.close()
    assert [event["type"] for event in await stored(client)] == ["job.accepted", "job.started", "job.succeeded"]
    assert (await get(jobs_store, job)).published_version == 3


async def test_without_redis_nothing_is_raised_and_the_reaper_publishes_what_was_missed(
    own_redis: RedisServer, jobs_store: JobStore, clock: ManualClock
) -> None:
    client = open_redis(own_redis.url)
    publisher, bell = EventPublisher(client, jobs_store), Bell(own_redis.url)
    reaper = Reaper(store=jobs_store, bell=bell, publisher=publisher, client=client, clock=clock)
    job = await accept(jobs_store)

    own_redis.stop()
    publisher.publish_transitions([job])
    await publisher.close()
    assert (await get(jobs_store, job)).published_version == 0
    # A pass without Redis raises nothing and marks nothing.
    clock.advance(3)
    await reaper.reap()
    await publisher.close()
    assert (await get(jobs_store, job)).published_version == 0

    own_redis.start()
    clock.advance(3)
    await reaper.reap()
    assert [event["version"] for event in await stored_at_least(client, 1)] == [1]
    await eventually(lambda: _published(jobs_store, job), what="the mark")
    clock.advance(3)
    await reaper.reap()
    await publisher.close()
    assert len(await stored(client)) == 1, "a marked transition is not repeated"
    await bell.close()
    await client.aclose()


async def test_a_crash_between_publishing_and_marking_repeats_the_event_with_its_version(
    client: redis.asyncio.Redis, jobs_store: JobStore, redis_server: RedisServer, clock: ManualClock
) -> None:
    job = await accept(jobs_store)
    crashed = EventPublisher(client, jobs_store)
    crashed.publish_transitions([job])
    await stored_at_least(client, 1)
    # Given a process that ends here, before its mark; another process has the reaper.
    publisher, bell = EventPublisher(client, jobs_store), Bell(redis_server.url)
    clock.advance(3)
    await Reaper(store=jobs_store, bell=bell, publisher=publisher, client=client, clock=clock).reap()
    assert [(event["type"], event["version"]) for event in await stored_at_least(client, 2)] == [("job.accepted", 1)] * 2
    await asyncio.gather(publisher.close(), crashed.close(), bell.close())


async def test_one_event_that_is_no_json_does_not_take_its_neighbours_along(publisher: EventPublisher, client: redis.asyncio.Redis) -> None:
    for data in ({"n": 1}, {"text": "half a letter \ud800"}, {"n": 2}):
        publisher.publish(Event("job.token", "j", "stories", "ana", 1, 0, data, transition=False))
    assert [event["data"] for event in await stored_at_least(client, 2)] == [{"n": 1}, {"n": 2}]


def running(**changes: Any) -> Job:
    return queued(state=State.RUNNING, attempt=2, version=4, **changes)


async def test_the_first_piece_of_a_text_goes_at_once_and_what_comes_together_goes_together(
    publisher: EventPublisher, client: redis.asyncio.Redis
) -> None:
    context = JobContext(running(), publisher)
    for piece in ("Once ", "upon ", "a ", "time"):
        context.token(piece)
    first, rest = await stored_at_least(client, 2)
    assert first["type"] == rest["type"] == "job.token"
    assert first["version"] == 4
    assert first["data"] == {"text": "Once ", "seq": 1, "attempt": 2, "correlation_id": "c-1"}
    assert rest["data"] == {"text": "upon a time", "seq": 2, "attempt": 2, "correlation_id": "c-1"}


async def test_pieces_do_not_pile_up_beyond_a_bound(publisher: EventPublisher, client: redis.asyncio.Redis) -> None:
    context = JobContext(running(), publisher)
    for _ in range(5):
        context.token("x" * (TOKEN_BUFFER_CHARS // 2))
    context.flush()
    events = await stored_at_least(client, 3)
    assert sum(len(event["data"]["text"]) for event in events) == 5 * TOKEN_BUFFER_CHARS // 2
    assert all(len(event["data"]["text"]) <= TOKEN_BUFFER_CHARS for event in events)


async def test_tokens_from_several_threads_arrive_whole_and_in_each_threads_order(
    publisher: EventPublisher, client: redis.asyncio.Redis
) -> None:
    context = JobContext(running(), publisher)

    def speak(letter: str) -> None:
        for number in range(300):
            context.token(f"{letter}{number} ")

    threads = [threading.Thread(target=speak, args=(letter,)) for letter in "abcd"]
    for thread in threads:
        thread.start()
    await asyncio.gather(*(asyncio.to_thread(thread.join) for thread in threads))
    await asyncio.sleep(0)
    context.flush()

    async def everything() -> list[str]:
        events = sorted(await stored(client), key=lambda event: event["data"]["seq"])
        words: list[str] = "".join(event["data"]["text"] for event in events).split()
        return words if len(words) == 1_200 else []

    words = await eventually(everything, what="all pieces")
    for letter in "abcd":
        assert [word for word in words if word[0] == letter] == [f"{letter}{number}" for number in range(300)]


async def test_progress_carries_its_stage_and_stays_within_nought_and_one(publisher: EventPublisher, client: redis.asyncio.Redis) -> None:
    context = JobContext(running(), publisher)
    context.progress("loading the model")
    context.progress("writing", 1.7, chapter=2)
    first, second = await stored_at_least(client, 2)
    assert first["data"] == {"status": "running", "stage": "loading the model", "seq": 1, "attempt": 2, "correlation_id": "c-1"}
    assert (second["data"]["fraction"], second["data"]["chapter"], second["data"]["seq"]) == (1.0, 2, 2)
    assert context.progress_json is not None
    assert orjson.loads(context.progress_json) == {"status": "running", "stage": "writing", "fraction": 1.0, "chapter": 2}


async def test_what_is_said_after_the_end_is_not_heard(publisher: EventPublisher, client: redis.asyncio.Redis) -> None:
    context = JobContext(running(), publisher)
    context.token("the last word")
    context.end()
    # Said before the end: it goes out ahead of the job's own end.
    context.flush()
    context.progress("too late")
    context.token("too late")
    context.flush()
    publisher.publish(said(99))
    events = await stored_at_least(client, 2)
    assert [event["data"].get("text", event["data"].get("n")) for event in events] == ["the last word", 99]
    assert context.is_ended
    assert context.progress_json is None


async def test_the_end_of_a_job_that_names_a_webhook_waits_until_it_is_taken_over(
    publisher: EventPublisher, client: redis.asyncio.Redis, jobs_store: JobStore
) -> None:
    named = NamedWebhooks(client)
    ended = queued(state=State.SUCCEEDED, result='{"text":"ó"}', version=3, webhook="https://example.com/told")
    publisher.publish_transitions(
        [replace(ended, state=State.RUNNING, version=2), ended, replace(ended, owner="eva"), replace(ended, webhook=None)]
    )
    await stored_at_least(client, 3)
    (mine, hers), position = await named.after("0-0")
    assert (mine.user, mine.job, mine.type, mine.version, mine.url) == ("ana", ended.id, "job.succeeded", 3, ended.webhook)
    told = orjson.loads(mine.body)
    assert (told["id"], told["data"]["result"]) == (mine.id, {"text": "ó"})
    assert "example.com" not in mine.body
    assert (hers.user, hers.id) == ("eva", position)
    assert "example.com" not in str(await stored(client))
    await named.done([mine.id])
    await named.done([mine.id])
    assert [one.user for one in (await named.after("0-0"))[0]] == ["eva"]


async def test_what_waits_of_a_user_is_forgotten_and_what_cannot_be_read_is_thrown_away(
    publisher: EventPublisher, client: redis.asyncio.Redis
) -> None:
    named = NamedWebhooks(client)
    await client.xadd(WEBHOOKS, {"e": b"{", "w": b"https://example.com"})
    ended = queued(state=State.FAILED, error='{"error":"x","message":"y"}', version=3, webhook="https://example.com/told")
    publisher.publish_transitions(replace(ended, id=generate_uuid(), owner="ana" if n % 2 else "eva") for n in range(250))
    await stored_at_least(client, 125, "eva")
    await named.forget("ana")
    await named.forget("ana")
    found, position = await named.after("0-0")
    more, _ = await named.after(position)
    assert {one.user for one in found + more} == {"eva"}
    assert len(found + more) == await client.xlen(WEBHOOKS) == 125
