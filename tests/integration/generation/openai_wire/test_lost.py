"""Streams whose worker dies, whose events are lost, whose caller goes away: each ends as it should."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest
from tests.integration.generation.openai_wire.house import House, open_house, resource
from tests.integration.generation.openai_wire.test_chat import said
from tests.servers.redis import RedisServer
from tests.unit.jobs.making import eventually

from octavo_core.clock import SystemClock
from octavo_core.errors import ProviderUnavailable
from octavo_generation.generator import serve
from octavo_jobs.channels import stream_key
from octavo_jobs.events import Event
from octavo_jobs.lifecycle import State

pytestmark = pytest.mark.needs("redis")

TEXT = "one two three four"
FAST = {"leaseSeconds": 2, "maxAttempts": 2, "retry": {"baseSeconds": 0, "maxSeconds": 0}}


@contextlib.asynccontextmanager
async def other_worker(house: House, ways: str) -> AsyncIterator[asyncio.subprocess.Process]:
    module = "tests.integration.generation.openai_wire.other_worker"
    arguments = (house.database_url, house.redis_url, house.generator.name, ways)
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", module, *arguments)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def read(stream: Any, at: str = "", then: Any = None) -> str:
    """The whole text; `then` is awaited when the text is `at`."""
    text = ""
    async for chunk in stream:
        text += chunk.choices[0].delta.content or ""
        if then is not None and text == at:
            await then()
            then = None
    return text


@pytest.mark.parametrize(("again", "expected"), [("whole", TEXT), ("else", None)])
async def test_a_worker_that_is_killed_in_the_middle(redis_server: RedisServer, tmp_path: Path, again: str, expected: str | None) -> None:
    """The next attempt says the same: the stream goes on where it was. It says something else: an error, not a text that nobody wrote."""
    generator = serve(resource(jobs=FAST))
    async with (
        open_house(redis_server.url, tmp_path, generator=generator, works=False) as house,
        house.client() as client,
        other_worker(house, f"stop,{again}") as first,
        contextlib.AsyncExitStack() as later,
    ):

        async def kill() -> None:
            first.kill()
            await first.wait()
            await later.enter_async_context(other_worker(house, f"stop,{again}"))

        stream = await client.chat.completions.create(model="m", messages=said(TEXT), stream=True)  # type: ignore[call-overload]
        if expected is not None:
            assert await read(stream, "one two ", kill) == expected
        else:
            with pytest.raises(openai.APIError, match="begun again in other words"):
                await read(stream, "one two ", kill)
        [job] = await house.jobs()
        assert job.failures == 1


async def test_a_job_that_fails_in_the_middle_ends_the_stream_with_an_error(redis_server: RedisServer, tmp_path: Path) -> None:
    once = serve(resource(jobs={"maxAttempts": 1}))
    async with open_house(redis_server.url, tmp_path, generator=once) as house, house.client() as client:
        house.parrot.pause, house.parrot.pause_after = asyncio.Event(), 2

        class Failing:
            async def wait(self) -> None:
                assert house.parrot.pause is not None
                await gate.wait()
                raise ProviderUnavailable("up went away", provider="up")

        gate, house.parrot.pause = asyncio.Event(), Failing()  # type: ignore[assignment]
        stream = await client.chat.completions.create(model="m", messages=said(TEXT), stream=True)  # type: ignore[call-overload]

        async def fail() -> None:
            gate.set()

        with pytest.raises(openai.APIError, match="up went away") as caught:
            await read(stream, "one two ", fail)
    assert caught.value.code == "provider_unavailable"


async def test_events_that_are_lost_are_made_good_by_the_row(house: House) -> None:
    """Redis forgets the stream of events, and one with a gap comes: the text is the row's all the same."""
    house.parrot.pause, house.parrot.pause_after = asyncio.Event(), 2
    async with house.client() as client:
        stream = await client.chat.completions.create(model="m", messages=said(TEXT), stream=True)  # type: ignore[call-overload]

        async def lose() -> None:
            assert house.parrot.pause is not None
            [job] = await house.jobs()
            await house.services.redis.delete(stream_key(job.owner))
            # Whoever reads on from the last id it saw would wait for a number that is far ahead of a new stream's.
            body = {"text": "NEVER ", "seq": 9, "attempt": 1, "correlation_id": "c"}
            event = Event("job.token", job.id, job.queue, job.owner, job.version, SystemClock().now_ms(), body, transition=False)
            await house.services.redis.xadd(stream_key(job.owner), {"j": job.id, "t": event.type, "e": event.body()})
            house.parrot.pause.set()

        assert await read(stream, "one two ", lose) == TEXT


async def test_redis_is_gone_while_a_stream_runs(own_redis: RedisServer, tmp_path: Path) -> None:
    async with open_house(own_redis.url, tmp_path) as house, house.client() as client:
        house.parrot.pause, house.parrot.pause_after = asyncio.Event(), 2
        stream = await client.chat.completions.create(model="m", messages=said(TEXT), stream=True)  # type: ignore[call-overload]

        async def stop() -> None:
            assert house.parrot.pause is not None
            own_redis.stop()
            house.parrot.pause.set()

        assert await read(stream, "one two ", stop) == TEXT


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_a_caller_who_goes_away_takes_the_job_along(house: House, stream: bool) -> None:
    house.parrot.pause, house.parrot.pause_after = asyncio.Event(), 2
    async with house.client() as client:
        call = asyncio.create_task(client.chat.completions.create(model="m", messages=said(TEXT), stream=stream, n=2))  # type: ignore[call-overload]
        await eventually(lambda: len(house.parrot.begun) == 2 or None, what="the jobs run")
        if stream:
            await (await call).close()
        else:
            call.cancel()
            await asyncio.wait([call])
        jobs = await house.until_state(State.CANCELLED, count=2)
        assert {job.state for job in jobs} == {State.CANCELLED}
        await eventually(lambda: len(house.parrot.stopped) == 2 or None, what="the worker stops")


async def test_a_caller_who_goes_away_before_the_first_word(house: House) -> None:
    house.parrot.pause, house.parrot.pause_after = asyncio.Event(), 0
    async with house.client() as client:
        call = asyncio.create_task(client.chat.completions.create(model="m", messages=said(TEXT), stream=True))  # type: ignore[call-overload]
        await eventually(lambda: house.parrot.begun or None, what="the job runs")
        call.cancel()
        await house.until_state(State.CANCELLED)


async def test_a_caller_with_an_idempotency_key_may_come_back(house: House) -> None:
    house.parrot.pause, house.parrot.pause_after = asyncio.Event(), 2
    headers = {"Idempotency-Key": "k-2"}
    async with house.client() as client:
        call = asyncio.create_task(client.chat.completions.create(model="m", messages=said(TEXT), stream=True, extra_headers=headers))  # type: ignore[call-overload]
        await eventually(lambda: house.parrot.begun or None, what="the job runs")
        await (await call).close()
        again = await client.chat.completions.create(model="m", messages=said(TEXT), stream=True, extra_headers=headers)  # type: ignore[call-overload]

        async def go_on() -> None:
            assert house.parrot.pause is not None
            house.parrot.pause.set()

        # What was said before comes first, while the job still runs.
        assert await read(again, "one two ", go_on) == TEXT
    [job] = await house.jobs()
    assert job.state is State.SUCCEEDED


async def test_a_process_that_is_about_to_end_answers_before_it_does(house: House) -> None:
    house.parrot.pause, house.parrot.pause_after = asyncio.Event(), 0
    house.services.answer_by = 0.0
    async with house.client() as client:
        with pytest.raises(openai.InternalServerError) as caught:
            await client.chat.completions.create(model="m", messages=said(TEXT))  # type: ignore[arg-type]
    assert (caught.value.status_code, caught.value.response.headers["retry-after"]) == (503, "1")
    await house.until_state(State.CANCELLED)
