"""No call is made that the budget does not pay for, however many are asked for at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from aiohttp import web
from tests.integration.generation.policy.house import (
    CENT_A_TOKEN,
    FOUR_CENTS,
    FOX,
    FREE_IMAGES,
    HELLO,
    Caller,
    House,
    chat_at,
    images_at,
)

from octavo_core.clock import ManualClock
from octavo_core.errors import BudgetSpent, Moderated, ProviderTimeout, Unavailable
from octavo_generation.policy.ledger import SqlSpendLedger
from octavo_generation.policy.spending import Spend, Totals
from octavo_generation.providers.port import ImagePrompt
from octavo_generation.store import open_generation_store


async def spent(ledger: SqlSpendLedger, clock: ManualClock) -> Totals:
    return (await ledger.totals("house", clock.now_ms()))["day"]


async def outcomes(calls: list[Coroutine[Any, Any, Any]]) -> Counter[str]:
    ended = await asyncio.gather(*calls, return_exceptions=True)
    return Counter(type(one).__name__ for one in ended)


@pytest.mark.parametrize("at_once", [5, 100])
async def test_a_hundred_calls_against_a_budget_for_ten_pay_for_ten(
    house: House, ledger: SqlSpendLedger, clock: ManualClock, at_once: int
) -> None:
    dalle = await house.server("dalle")
    policy = house.policy(images_at(dalle, price=FOUR_CENTS, max_concurrent=at_once), ledger=ledger, clock=clock, usdPerDay=0.4)
    assert await outcomes([policy.draw(FOX, Caller(f"job-{n}").call) for n in range(100)]) == {"Done": 10, "BudgetSpent": 90}
    assert dalle.asked == 10
    assert await spent(ledger, clock) == Totals(Spend(Decimal("0.4")), Spend())
    with pytest.raises(BudgetSpent) as caught:
        await policy.draw(FOX, Caller("late").call)
    assert caught.value.retry_after == 86_400
    assert not caught.value.retryable


async def test_two_workers_share_the_budget(house: House, ledger: SqlSpendLedger, clock: ManualClock) -> None:
    dalle = await house.server("dalle")
    workers = [house.policy(images_at(dalle, price=FOUR_CENTS), ledger=ledger, clock=clock, usdPerMonth=0.4) for _ in range(2)]
    await outcomes([workers[n % 2].draw(FOX, Caller(f"job-{n}").call) for n in range(60)])
    assert dalle.asked == 10


async def test_what_the_budget_does_not_pay_for_goes_to_a_provider_that_is_free(
    house: House, ledger: SqlSpendLedger, clock: ManualClock
) -> None:
    dalle, sketch = await house.server("dalle"), await house.server("sketch")
    policy = house.policy(
        images_at(dalle, price=FOUR_CENTS), images_at(sketch, price=FREE_IMAGES), ledger=ledger, clock=clock, usdPerDay=0.1
    )
    done = [await policy.draw(FOX, Caller(f"job-{n}").call) for n in range(5)]
    assert [one.provider for one in done] == ["dalle", "dalle", "sketch", "sketch", "sketch"]
    assert [one.cost_usd for one in done] == [Decimal("0.04"), Decimal("0.04"), 0, 0, 0]
    assert done[2].tried[0].error == "budget_spent"
    assert dalle.asked == 2


async def test_texts_are_reserved_at_the_most_and_settled_at_what_they_cost(
    house: House, ledger: SqlSpendLedger, clock: ManualClock
) -> None:
    first = await house.server("first")
    policy = house.policy(chat_at(first, price=CENT_A_TOKEN), ledger=ledger, clock=clock, usdPerDay=0.13)
    done = await policy.chat(HELLO, Caller().call)
    assert done.cost_usd == Decimal("0.02"), "two tokens at a cent"
    assert await spent(ledger, clock) == Totals(Spend(Decimal("0.02"), 5), Spend())
    await policy.chat(HELLO, Caller().call)
    with pytest.raises(BudgetSpent):
        # Ten tokens, the most that it may write, would not fit any more.
        await policy.chat(HELLO, Caller().call)
    assert first.asked == 2


async def test_an_error_answer_costs_nothing_and_silence_may_have_cost_all(
    house: House, ledger: SqlSpendLedger, clock: ManualClock
) -> None:
    dalle = await house.server("dalle")
    policy = house.policy(images_at(dalle, price=FOUR_CENTS, call_timeout_s=0.2, failures=99), ledger=ledger, clock=clock, usdPerDay=1)
    for status, body in ((500, "{}"), (429, "{}"), (400, "{}"), (400, '{"error": "content_policy"}')):
        dalle.fails(status, body)
        assert await outcomes([policy.draw(FOX, Caller().call)]) != {"Done": 1}
    assert await spent(ledger, clock) == Totals(Spend(), Spend())
    dalle.waits_for(asyncio.Event())
    with pytest.raises(ProviderTimeout):
        await policy.draw(FOX, Caller().call)
    assert await spent(ledger, clock) == Totals(Spend(Decimal("0.04")), Spend())
    dalle.fails(200, "not json")
    assert await outcomes([policy.draw(FOX, Caller().call)]) == {"ProviderError": 1}
    assert await spent(ledger, clock) == Totals(Spend(Decimal("0.08")), Spend())


async def test_a_cancelled_call_counts_in_full(house: House, ledger: SqlSpendLedger, clock: ManualClock) -> None:
    dalle = await house.server("dalle")
    dalle.waits_for(asyncio.Event())
    policy = house.policy(images_at(dalle, price=FOUR_CENTS), ledger=ledger, clock=clock, usdPerDay=1)
    task = asyncio.create_task(policy.draw(FOX, Caller().call))
    while dalle.asked == 0:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await spent(ledger, clock) == Totals(Spend(Decimal("0.04")), Spend())


async def test_a_call_that_is_cancelled_at_any_moment_leaves_nothing_held(house: House, ledger: SqlSpendLedger, clock: ManualClock) -> None:
    dalle = await house.server("dalle")
    policy = house.policy(images_at(dalle, price=FOUR_CENTS), ledger=ledger, clock=clock, usdPerDay=1_000)
    for steps in range(60):
        task = asyncio.create_task(policy.draw(FOX, Caller().call))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await policy.close()
    totals = await spent(ledger, clock)
    assert totals.held == Spend()
    assert totals.spent.usd >= dalle.asked * Decimal("0.04"), "what reached the upstream is paid for"


@pytest.mark.needs("postgresql")
async def test_a_settlement_is_seen_through_when_its_task_is_cancelled(house: House, postgresql_url: str, clock: ManualClock) -> None:
    dalle = await house.server("dalle")
    admin = await asyncpg.connect(f"{postgresql_url}/postgres")
    await admin.execute("CREATE DATABASE settling")
    store = open_generation_store(f"{postgresql_url}/settling", clock)
    await store.migrate()
    ledger = SqlSpendLedger(store)
    policy = house.policy(images_at(dalle, price=FOUR_CENTS), ledger=ledger, clock=clock, usdPerDay=1)
    other = await asyncpg.connect(f"{postgresql_url}/settling")

    async def answer_while_the_sums_are_locked(request: web.Request) -> web.StreamResponse:
        await other.execute("BEGIN; SELECT * FROM spend_totals FOR UPDATE")
        return await dalle.answer(request)

    dalle.behaviour = answer_while_the_sums_are_locked
    caller = Caller()
    task = asyncio.create_task(policy.draw(ImagePrompt("a fox", "1024x1024", count=2), caller.call))
    while not caller.stages:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await spent(ledger, clock)).held == Spend(Decimal("0.08"))
    await other.execute("ROLLBACK")
    await policy.close()
    assert await spent(ledger, clock) == Totals(Spend(Decimal("0.08")), Spend())
    await store.close()
    await other.close()
    await admin.execute("DROP DATABASE settling")
    await admin.close()


async def test_who_cannot_reserve_does_not_call(house: House, clock: ManualClock) -> None:
    dalle, sketch = await house.server("dalle"), await house.server("sketch")
    store = open_generation_store("postgresql://nobody:geheim@127.0.0.1:1/none", clock)
    policy = house.policy(
        images_at(dalle, price=FOUR_CENTS), images_at(sketch, price=FREE_IMAGES), ledger=SqlSpendLedger(store), clock=clock, usdPerDay=1
    )
    with pytest.raises(Unavailable):
        await policy.draw(FOX, Caller().call)
    assert dalle.asked == sketch.asked == 0
    await store.close()


async def test_without_a_budget_nothing_is_written(house: House, ledger: SqlSpendLedger, clock: ManualClock) -> None:
    dalle = await house.server("dalle")
    policy = house.policy(images_at(dalle, price=FOUR_CENTS), ledger=ledger, clock=clock)
    assert (await policy.draw(FOX, Caller().call)).cost_usd == Decimal("0.04")
    assert await spent(ledger, clock) == Totals(Spend(), Spend())


async def test_a_refusal_for_content_is_not_paid(house: House, ledger: SqlSpendLedger, clock: ManualClock) -> None:
    dalle = await house.server("dalle")
    dalle.fails(400, '{"error": "content_policy"}')
    policy = house.policy(images_at(dalle, price=FOUR_CENTS), ledger=ledger, clock=clock, usdPerDay=1)
    with pytest.raises(Moderated):
        await policy.draw(FOX, Caller().call)
    assert await spent(ledger, clock) == Totals(Spend(), Spend())
