"""When a provider does not answer, the next one does, and the answer says why."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from aiohttp import web
from tests.integration.generation.policy.house import FOX, HELLO, Caller, House, Server, chat_at, images_at
from tests.servers.starting import free_port

from octavo_core.clock import ManualClock
from octavo_core.errors import InvalidInput, Misconfigured, Moderated, ProviderRefused, ProviderTimeout, ProviderUnavailable
from octavo_generation.policy.calls import Done
from octavo_generation.providers.port import ChatAnswer, Usage


async def test_the_first_provider_answers_alone(house: House) -> None:
    first, second = await house.server("first"), await house.server("second")
    done = await house.policy(chat_at(first), chat_at(second)).chat(HELLO, Caller().call)
    assert done.answer.text == "from first"
    assert (done.provider, done.model, done.tried, done.usage) == ("first", "first-1", (), Usage(3, 2))
    assert done.cost_usd is None, "nobody knows its price"
    assert second.asked == 0


async def test_an_upstream_dies_in_the_middle_of_200_calls_and_comes_back(house: House, clock: ManualClock) -> None:
    first, second = await house.server("first"), await house.server("second")
    upstream = chat_at(first, open_seconds=30, clock=clock)
    policy = house.policy(upstream, chat_at(second))
    at_once = asyncio.Semaphore(20)

    async def one(number: int) -> Done[ChatAnswer]:
        async with at_once:
            done = await policy.chat(HELLO, Caller(f"job-{number}").call)
        if number == 60:
            await first.die()
        return done

    ended = await asyncio.gather(*map(one, range(200)))
    by = Counter(done.provider for done in ended)
    assert by["first"] + by["second"] == 200
    assert by["first"] >= 60
    assert second.answered == by["second"], "who was taken over is asked once"
    for done in ended:
        assert done.answer.text == f"from {done.provider}"
        assert [(tried.name, tried.message != "") for tried in done.tried] == ([] if done.provider == "first" else [("first", True)])
    reasons = Counter(done.tried[0].error for done in ended if done.tried)
    assert set(reasons) == {"provider_unavailable", "circuit_open"}
    assert reasons["provider_unavailable"] <= 25, "those under way, and not one more than opens the circuit"
    assert upstream.breaker.state == "open"

    # It is back, and nobody knows it yet.
    await first.start()
    assert (await policy.chat(HELLO, Caller().call)).tried[0].error == "circuit_open"
    clock.advance(30)
    hold = asyncio.Event()
    first.waits_for(hold)
    before = first.asked
    probes = [asyncio.create_task(policy.chat(HELLO, Caller().call)) for _ in range(10)]
    done_first, _ = await asyncio.wait(probes, return_when=asyncio.FIRST_COMPLETED)
    assert {task.result().provider for task in done_first} == {"second"}
    hold.set()
    assert Counter(done.provider for done in await asyncio.gather(*probes)) == {"first": 1, "second": 9}
    assert first.asked == before + 1, "one call tries it"
    assert upstream.breaker.state == "closed"
    assert {done.provider for done in await asyncio.gather(*(policy.chat(HELLO, Caller().call) for _ in range(20)))} == {"first"}


async def test_a_probe_that_fails_leaves_it_alone_again(house: House, clock: ManualClock) -> None:
    first, second = await house.server("first"), await house.server("second")
    first.fails(500)
    policy = house.policy(chat_at(first, failures=2, clock=clock), chat_at(second))
    for _ in range(6):
        await policy.chat(HELLO, Caller().call)
    assert first.asked == 2
    clock.advance(30)
    for _ in range(6):
        await policy.chat(HELLO, Caller().call)
    assert first.asked == 3


async def test_refusals_go_to_the_next_and_never_open_the_circuit(house: House) -> None:
    first, second = await house.server("first"), await house.server("second")
    first.fails(400, '{"error": {"message": "no such size"}}')
    policy = house.policy(chat_at(first, failures=1), chat_at(second))
    caller = Caller()
    for _ in range(5):
        done = await policy.chat(HELLO, caller.call)
        assert [tried.as_dict() for tried in done.tried] == [
            {"name": "first", "error": "provider_refused", "message": "first answered 400: no such size"}
        ]
    assert first.asked == 5
    assert caller.stages[0] == "asking second, after first failed"


async def test_what_is_refused_for_its_content_is_not_taken_to_the_next(house: House) -> None:
    first, second = await house.server("first"), await house.server("second")
    first.fails(400, '{"error": {"code": "content_policy", "message": "not allowed"}}')
    with pytest.raises(Moderated):
        await house.policy(chat_at(first), chat_at(second)).chat(HELLO, Caller().call)
    assert second.asked == 0


async def test_an_answer_that_the_mapping_stumbles_over_is_a_failure_of_its_provider(house: House) -> None:
    first, second = await house.server("first"), await house.server("second")
    first.fails(200, '{"usage": null}')
    done = await house.policy(chat_at(first), chat_at(second)).chat(HELLO, Caller().call)
    assert done.provider == "second"
    assert done.tried[0].error == "provider_error"


async def test_when_nobody_answers_the_error_is_the_one_that_may_pass_and_names_all(house: House) -> None:
    first, second, third = await house.server("first"), await house.server("second"), await house.server("third")
    first.fails(401, '{"error": "who are you"}')
    second.fails(429, '{"error": "slow down"}', **{"retry-after": "7"})
    third.fails(404, '{"error": "no such model"}')
    with pytest.raises(ProviderUnavailable) as caught:
        await house.policy(chat_at(first), chat_at(second), chat_at(third)).chat(HELLO, Caller().call)
    error = caught.value
    assert (error.provider, error.retry_after, error.retryable) == ("second", 7, True)
    for words in ("slow down", "who are you", "no such model"):
        assert words in error.message


async def test_a_dead_address_and_a_silent_server(house: House) -> None:
    dead, silent = Server("dead"), await house.server("silent")
    dead.port = free_port()
    silent.waits_for(asyncio.Event())
    with pytest.raises(ProviderUnavailable) as caught:
        await house.policy(chat_at(dead), chat_at(silent, call_timeout_s=0.2)).chat(HELLO, Caller().call)
    assert "silent did not answer in 0.2 s" in caught.value.message
    with pytest.raises(ProviderTimeout):
        await house.policy(chat_at(silent, call_timeout_s=0.2)).chat(HELLO, Caller().call)


async def test_whoever_a_person_asked_for_is_asked_alone(house: House) -> None:
    first, second = await house.server("first"), await house.server("second")
    policy = house.policy(images_at(first), images_at(second))
    assert (await policy.draw(FOX, Caller().call, only="second")).provider == "second"
    second.fails(400)
    with pytest.raises(ProviderRefused):
        await policy.draw(FOX, Caller().call, only="second")
    assert first.asked == 0
    done = await policy.draw(FOX, Caller(fallback=True).call, only="second")
    assert (done.provider, [tried.name for tried in done.tried]) == ("first", ["second"])


async def test_a_provider_that_is_not_there_or_cannot_is_named_with_those_that_can(house: House) -> None:
    first, second = await house.server("first"), await house.server("second")
    policy = house.policy(chat_at(first), images_at(second))
    for name in ("second", "nobody"):
        with pytest.raises(InvalidInput) as caught:
            await policy.chat(HELLO, Caller().call, only=name)
        assert caught.value.faults[0].path == "provider"
        assert caught.value.faults[0].allowed == "first"
    with pytest.raises(Misconfigured):
        await house.policy(chat_at(first)).draw(FOX, Caller().call)
    assert policy.opened("second") is not None
    assert policy.opened("nobody") is None


async def test_each_provider_draws_what_it_can(house: House) -> None:
    first, second = await house.server("first"), await house.server("second")
    seen: list[str] = []

    async def look(request: web.Request) -> web.StreamResponse:
        seen.append((await request.json())["size"])
        return await second.answer(request)

    first.fails(500)
    second.behaviour = look
    sizes = {"first": "1024x1024", "second": "512x512"}
    policy = house.policy(images_at(first), images_at(second))
    caller = Caller()
    done = await policy.draw(FOX, caller.call, fitted=lambda name, prompt: type(prompt)(prompt.prompt, sizes[name], count=2))
    assert seen == ["512x512"]
    assert len(done.answer.images) == 2
    assert "drawn" in caller.stages


async def test_no_more_calls_at_once_than_allowed_and_a_wait_that_ends(house: House) -> None:
    first, second = await house.server("first"), await house.server("second")
    gate = asyncio.Event()
    first.waits_for(gate)
    policy = house.policy(chat_at(first, max_concurrent=3, timeout_s=0.2, call_timeout_s=10), chat_at(second))
    calls = [asyncio.create_task(policy.chat(HELLO, Caller().call)) for _ in range(8)]
    done, waiting = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
    while len(done) < 5:
        more, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        done |= more
    assert {(task.result().provider, task.result().tried[0].error) for task in done} == {("second", "no_room")}
    gate.set()
    assert {done.provider for done in await asyncio.gather(*waiting)} == {"first"}
    assert first.most_at_once == 3
    for _ in range(4):
        assert (await policy.chat(HELLO, Caller().call)).provider == "first", "the places are given back"


async def test_nobody_is_called_for_a_job_that_nobody_wants_any_more(house: House) -> None:
    first, second = await house.server("first"), await house.server("second")
    caller = Caller()

    async def cancel_then_fail(_request: web.Request) -> web.StreamResponse:
        caller.ended = True
        return web.Response(status=500)

    first.behaviour = cancel_then_fail
    with pytest.raises(asyncio.CancelledError):
        await house.policy(chat_at(first), chat_at(second)).chat(HELLO, caller.call)
    assert (first.asked, second.asked) == (1, 0)


async def test_a_cancelled_call_hangs_up_and_leaves_its_place(house: House) -> None:
    first = await house.server("first")
    first.waits_for(asyncio.Event())
    policy = house.policy(chat_at(first, max_concurrent=1))
    task = asyncio.create_task(policy.chat(HELLO, Caller().call))
    while first.asked == 0:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(first.hung_up.wait(), 5)
    first.behaviour = first.answer
    assert (await policy.chat(HELLO, Caller().call)).provider == "first"
