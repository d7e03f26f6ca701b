"""Where the resource asks for it, the next provider is asked beside a slow one, and the first answer counts."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from aiohttp import web
from tests.integration.generation.policy.house import CENT_A_TOKEN, HELLO, Caller, House, chat_at

from octavo_core.clock import ManualClock
from octavo_core.errors import Moderated, ProviderUnavailable
from octavo_generation.policy.ledger import SqlSpendLedger
from octavo_generation.policy.spending import Spend

SOON_S = 0.05
NEVER_S = 60.0


async def test_the_next_answers_for_one_that_is_slow_and_the_slow_one_is_hung_up_on(
    house: House, ledger: SqlSpendLedger, clock: ManualClock
) -> None:
    slow, quick = await house.server("slow"), await house.server("quick")
    slow.waits_for(asyncio.Event())
    policy = house.policy(
        chat_at(slow, price=CENT_A_TOKEN), chat_at(quick, price=CENT_A_TOKEN), ledger=ledger, clock=clock, hedge_after_s=SOON_S, usdPerDay=1
    )
    done = await policy.chat(HELLO, Caller().call)
    assert (done.provider, done.tried, done.cost_usd) == ("quick", (), Decimal("0.02"))
    await asyncio.wait_for(slow.hung_up.wait(), 5)
    await policy.close()
    totals = (await ledger.totals("house", clock.now_ms()))["day"]
    assert totals.spent.usd == Decimal("0.12"), "two tokens of the quick one, and all that the slow one may have written"
    assert totals.held == Spend()


async def test_a_quick_answer_asks_nobody_else(house: House) -> None:
    first, second = await house.server("first"), await house.server("second")
    done = await house.policy(chat_at(first), chat_at(second), hedge_after_s=NEVER_S).chat(HELLO, Caller().call)
    assert (done.provider, second.asked) == ("first", 0)


async def test_a_failure_goes_on_at_once(house: House) -> None:
    first, second = await house.server("first"), await house.server("second")
    first.fails(503)
    done = await house.policy(chat_at(first), chat_at(second), hedge_after_s=NEVER_S).chat(HELLO, Caller().call)
    assert (done.provider, [tried.name for tried in done.tried]) == ("second", ["first"])


async def test_the_slow_one_counts_when_the_hedge_fails(house: House) -> None:
    slow, bad = await house.server("slow"), await house.server("bad")
    gate = asyncio.Event()
    slow.waits_for(gate)

    async def fail_and_open(_request: web.Request) -> web.StreamResponse:
        gate.set()
        return web.Response(status=500)

    bad.behaviour = fail_and_open
    done = await house.policy(chat_at(slow), chat_at(bad), hedge_after_s=SOON_S).chat(HELLO, Caller().call)
    assert done.provider == "slow"


async def test_no_more_than_two_are_asked_at_once(house: House) -> None:
    servers = [await house.server(f"s{n}") for n in range(4)]
    gate = asyncio.Event()
    for server in servers:
        server.waits_for(gate)
    policy = house.policy(*(chat_at(server) for server in servers), hedge_after_s=0.01)
    task = asyncio.create_task(policy.chat(HELLO, Caller().call))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(task), 0.3)
    assert [server.asked for server in servers] == [1, 1, 0, 0]
    gate.set()
    assert (await task).provider in ("s0", "s1")


async def test_a_provider_that_is_left_alone_is_no_company(house: House) -> None:
    slow, dead, quick = await house.server("slow"), await house.server("dead"), await house.server("quick")
    slow.waits_for(asyncio.Event())
    dead.fails(500)
    broken = chat_at(dead, failures=1)
    policy = house.policy(chat_at(slow), broken, chat_at(quick), hedge_after_s=SOON_S)
    assert (await policy.chat(HELLO, Caller().call)).provider == "quick"
    assert broken.breaker.state == "open"
    done = await policy.chat(HELLO, Caller().call)
    assert (done.provider, done.tried[0].error) == ("quick", "circuit_open")
    assert dead.asked == 1


async def test_the_first_to_speak_is_the_only_one_heard(house: House) -> None:
    slow, quick = await house.server("slow"), await house.server("quick")
    slow.waits_for(asyncio.Event())

    async def speak(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: from quick \n\n")
        # The other is hung up on while this one still speaks, and not only when it has ended.
        await asyncio.wait_for(slow.hung_up.wait(), 10)
        await response.write(b"data: alone\n\ndata: [DONE]\n\n")
        return response

    quick.behaviour = speak
    caller = Caller()
    policy = house.policy(chat_at(slow), chat_at(quick), hedge_after_s=SOON_S)
    done = await policy.chat(HELLO, caller.call, caller.hear)
    assert caller.heard == ["from quick ", "alone"]
    assert done.answer.text == "".join(caller.heard)


async def test_who_has_begun_to_speak_gets_no_company(house: House) -> None:
    first, second = await house.server("first"), await house.server("second")
    gate = asyncio.Event()

    async def speak_and_wait(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: Once\n\n")
        await gate.wait()
        await response.write(b"data: [DONE]\n\n")
        return response

    first.behaviour = speak_and_wait
    caller = Caller()
    policy = house.policy(chat_at(first), chat_at(second), hedge_after_s=SOON_S)
    task = asyncio.create_task(policy.chat(HELLO, caller.call, caller.hear))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(task), SOON_S * 4)
    assert second.asked == 0
    gate.set()
    assert (await task).answer.text == "Once"


async def test_a_speaker_that_breaks_is_void_and_the_next_is_asked(house: House) -> None:
    slow, broken, last = await house.server("slow"), await house.server("broken"), await house.server("last")
    slow.waits_for(asyncio.Event())

    async def breaks(request: web.Request) -> web.StreamResponse:
        return await broken.stream(request, ["Once "], None)

    broken.behaviour = breaks
    caller = Caller()
    policy = house.policy(chat_at(slow), chat_at(broken), chat_at(last), hedge_after_s=SOON_S)
    done = await policy.chat(HELLO, caller.call, caller.hear)
    assert caller.heard == ["Once ", "[broken broke]", "from last ", "to ", "you"]
    assert done.provider == "last"


async def test_errors_end_the_race_and_nobody_is_left_running(house: House) -> None:
    slow, other = await house.server("slow"), await house.server("other")
    slow.waits_for(asyncio.Event())
    other.fails(400, '{"error": "content_policy"}')
    with pytest.raises(Moderated):
        await house.policy(chat_at(slow), chat_at(other), hedge_after_s=SOON_S).chat(HELLO, Caller().call)
    await asyncio.wait_for(slow.hung_up.wait(), 5)
    slow.fails(500)
    other.fails(502)
    with pytest.raises(ProviderUnavailable, match="502"):
        await house.policy(chat_at(slow), chat_at(other), hedge_after_s=SOON_S).chat(HELLO, Caller().call)


async def test_a_cancelled_race_hangs_up_on_both(house: House) -> None:
    first, second = await house.server("first"), await house.server("second")
    for server in (first, second):
        server.waits_for(asyncio.Event())
    policy = house.policy(chat_at(first), chat_at(second), hedge_after_s=0.01)
    task = asyncio.create_task(policy.chat(HELLO, Caller().call))
    while second.asked == 0:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(asyncio.gather(first.hung_up.wait(), second.hung_up.wait()), 5)
