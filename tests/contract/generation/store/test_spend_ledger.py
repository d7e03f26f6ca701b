"""The contract of the ledger (octavo_generation.policy.spending), against every real database."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from octavo_core.clock import ManualClock
from octavo_core.errors import BudgetSpent, Unavailable
from octavo_core.spec.limits import Budget
from octavo_generation.policy.ledger import SqlSpendLedger
from octavo_generation.policy.spending import Reservation, Spend, SpendLimits
from octavo_generation.store import GenerationStore, open_generation_store

DAY_S = 86_400.0


def limits(**budget: float) -> SpendLimits:
    return SpendLimits.of(Budget.model_validate(budget))


def a_call(number: int, usd: str = "0.04", tokens: int = 0, *, generator: str = "images", expires_after_s: float = 60) -> Reservation:
    return Reservation(f"job-{number}:1:0", generator, "dalle", Spend(Decimal(usd), tokens), expires_after_s)


@pytest.fixture
def ledger(store: GenerationStore) -> SqlSpendLedger:
    return SqlSpendLedger(store)


async def paid(ledger: SqlSpendLedger, calls: Sequence[Reservation], bounds: SpendLimits) -> list[Reservation]:
    async def try_one(call: Reservation) -> Reservation | None:
        try:
            await ledger.reserve(call, bounds)
        except BudgetSpent:
            return None
        return call

    return [call for call in await asyncio.gather(*map(try_one, calls)) if call is not None]


async def test_a_hundred_calls_at_once_against_a_budget_for_ten_pay_for_ten(ledger: SqlSpendLedger, clock: ManualClock) -> None:
    bounds = limits(usdPerDay=0.4)
    lucky = await paid(ledger, [a_call(n) for n in range(100)], bounds)
    assert len(lucky) == 10
    for call in lucky:
        await ledger.settle(call.id, call.most)
    assert await paid(ledger, [a_call(n) for n in range(100, 110)], bounds) == []
    totals = await ledger.totals("images", clock.now_ms())
    assert totals["day"].spent == totals["month"].spent == Spend(Decimal("0.4"))
    assert totals["day"].held == Spend()


_PROCESS = """
import asyncio, sys
from decimal import Decimal
from octavo_core.clock import ManualClock
from octavo_core.errors import BudgetSpent
from octavo_core.spec.limits import Budget
from octavo_generation.policy.ledger import SqlSpendLedger
from octavo_generation.policy.spending import Reservation, Spend, SpendLimits
from octavo_generation.store import open_generation_store

async def main(url, process):
    store = open_generation_store(url, ManualClock())
    ledger, bounds = SqlSpendLedger(store), SpendLimits.of(Budget.model_validate({"usdPerMonth": 0.4}))
    async def one(number):
        try:
            await ledger.reserve(Reservation(f"{process}-{number}", "images", "dalle", Spend(Decimal("0.04")), 60), bounds)
        except BudgetSpent:
            return 0
        return 1
    print(sum(await asyncio.gather(*map(one, range(25)))))
    await store.close()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_four_processes_share_one_budget(store: GenerationStore, migrated_url: str) -> None:
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", _PROCESS, migrated_url, str(n), stdout=asyncio.subprocess.PIPE)
        for n in range(4)
    ]
    counts = [int((await process.communicate())[0]) for process in processes]
    assert sum(counts) == 10, counts


async def test_what_a_call_did_not_use_is_free_again(ledger: SqlSpendLedger, clock: ManualClock) -> None:
    bounds = limits(usdPerDay=1)
    await ledger.reserve(a_call(1, "0.9"), bounds)
    with pytest.raises(BudgetSpent) as held:
        await ledger.reserve(a_call(2, "0.2"), bounds)
    assert held.value.retryable, "the call under way may cost less than it holds"
    await ledger.settle("job-1:1:0", Spend(Decimal("0.1")))
    await ledger.reserve(a_call(2, "0.2"), bounds)
    await ledger.release("job-2:1:0")
    totals = await ledger.totals("images", clock.now_ms())
    assert totals["day"].spent == Spend(Decimal("0.1"))
    assert totals["day"].held == Spend()


async def test_a_spent_budget_says_when_it_opens_again(ledger: SqlSpendLedger, clock: ManualClock) -> None:
    clock.advance(6 * 3600)
    await ledger.reserve(a_call(1, "1"), limits(usdPerDay=1))
    await ledger.settle("job-1:1:0", None)
    with pytest.raises(BudgetSpent) as by_day:
        await ledger.reserve(a_call(2, "0.01"), limits(usdPerDay=1))
    assert by_day.value.retry_after == 18 * 3600
    assert not by_day.value.retryable
    assert "1 US dollars" in by_day.value.message
    assert "2026-01-02" in by_day.value.message
    with pytest.raises(BudgetSpent) as by_month:
        await ledger.reserve(a_call(3, "0.01"), limits(usdPerDay=1, usdPerMonth=1))
    assert by_month.value.retry_after == 30 * DAY_S + 18 * 3600, "the month is the longer wait"


async def test_a_new_day_and_a_new_month_begin_with_nothing_spent(ledger: SqlSpendLedger, clock: ManualClock) -> None:
    bounds = limits(usdPerDay=1, usdPerMonth=1.5)
    await ledger.reserve(a_call(1, "1"), bounds)
    await ledger.settle("job-1:1:0", None)
    clock.advance(DAY_S)
    await ledger.reserve(a_call(2, "0.5"), bounds)
    with pytest.raises(BudgetSpent):
        await ledger.reserve(a_call(3, "0.5"), bounds)
    clock.advance(30 * DAY_S)
    await ledger.reserve(a_call(4, "1"), bounds)


async def test_a_call_over_midnight_counts_on_the_day_it_began(ledger: SqlSpendLedger, clock: ManualClock) -> None:
    began = clock.now_ms()
    await ledger.reserve(a_call(1, "1"), limits(usdPerDay=1))
    clock.advance(DAY_S)
    await ledger.settle("job-1:1:0", Spend(Decimal("0.75")))
    assert (await ledger.totals("images", began))["day"].spent == Spend(Decimal("0.75"))
    assert (await ledger.totals("images", clock.now_ms()))["day"].spent == Spend()


async def test_tokens_have_bounds_of_their_own(ledger: SqlSpendLedger, clock: ManualClock) -> None:
    bounds = limits(tokensPerDay=1000, usdPerDay=1)
    await ledger.reserve(a_call(1, "0", 900), bounds)
    await ledger.settle("job-1:1:0", Spend(Decimal(0), 900))
    with pytest.raises(BudgetSpent, match="1000 tokens"):
        await ledger.reserve(a_call(2, "0", 200), bounds)
    await ledger.reserve(a_call(3, "0.5", 100), bounds)
    assert (await ledger.totals("images", clock.now_ms()))["month"].held == Spend(Decimal("0.5"), 100)


async def test_what_costs_nothing_is_not_stopped_by_money_that_is_spent(ledger: SqlSpendLedger) -> None:
    bounds = limits(usdPerDay=1)
    await ledger.reserve(a_call(1, "1"), bounds)
    await ledger.settle("job-1:1:0", None)
    await ledger.reserve(a_call(2, "0", 50), bounds)


async def test_a_budget_of_zero_pays_for_nothing(ledger: SqlSpendLedger) -> None:
    with pytest.raises(BudgetSpent):
        await ledger.reserve(a_call(1, "0.000001"), limits(usdPerDay=0))


async def test_the_reservation_of_a_dead_worker_counts_in_full_when_it_expires(ledger: SqlSpendLedger, clock: ManualClock) -> None:
    bounds = limits(usdPerDay=1)
    await ledger.reserve(a_call(1, "0.8", expires_after_s=60), bounds)
    clock.advance(61)
    totals = await ledger.totals("images", clock.now_ms())
    assert totals["day"].spent == Spend(Decimal("0.8"))
    assert totals["day"].held == Spend()
    with pytest.raises(BudgetSpent) as caught:
        await ledger.reserve(a_call(2, "0.3"), bounds)
    assert not caught.value.retryable, "nobody will give it back"


async def test_each_call_may_be_repeated(ledger: SqlSpendLedger, clock: ManualClock) -> None:
    bounds = limits(usdPerDay=1)
    for _ in range(3):
        await ledger.reserve(a_call(1, "0.8"), bounds)
    for _ in range(3):
        await ledger.settle("job-1:1:0", Spend(Decimal("0.6"), 10))
        await ledger.release("job-1:1:0")
    await ledger.settle("never-reserved", Spend(Decimal(5)))
    totals = await ledger.totals("images", clock.now_ms())
    assert totals["day"].spent == totals["month"].spent == Spend(Decimal("0.6"), 10)


async def test_settling_one_call_from_many_sides_counts_once(ledger: SqlSpendLedger, clock: ManualClock) -> None:
    await ledger.reserve(a_call(1, "0.8"), limits(usdPerDay=1))
    await asyncio.gather(*(ledger.settle("job-1:1:0", Spend(Decimal("0.5"))) for _ in range(12)))
    assert (await ledger.totals("images", clock.now_ms()))["day"].spent == Spend(Decimal("0.5"))


async def test_generators_have_separate_budgets(ledger: SqlSpendLedger, clock: ManualClock) -> None:
    await ledger.reserve(a_call(1, "1"), limits(usdPerDay=1))
    await ledger.reserve(a_call(2, "1", generator="Images"), limits(usdPerDay=1))
    assert (await ledger.totals("images", clock.now_ms()))["day"].held == Spend(Decimal(1))
    assert (await ledger.totals("nobody", clock.now_ms()))["day"].held == Spend()


async def test_fractions_of_a_millionth_are_rounded_up(ledger: SqlSpendLedger, clock: ManualClock) -> None:
    await ledger.reserve(a_call(1, "0.0000001"), limits(usdPerDay=1))
    assert (await ledger.totals("images", clock.now_ms()))["day"].held == Spend(Decimal("0.000001"))


async def test_the_last_moment_of_a_month_is_followed_by_the_first_of_the_next(ledger: SqlSpendLedger, clock: ManualClock) -> None:
    last = datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC).timestamp()
    clock.advance(last - clock.now_ms() / 1000)
    await ledger.reserve(a_call(1, "1"), limits(usdPerMonth=1))
    await ledger.settle("job-1:1:0", None)
    with pytest.raises(BudgetSpent) as caught:
        await ledger.reserve(a_call(2, "1"), limits(usdPerMonth=1))
    assert caught.value.retry_after == 1
    assert "2028-03-01" in caught.value.message
    clock.advance(1)
    await ledger.reserve(a_call(2, "1"), limits(usdPerMonth=1))


async def test_sums_and_losses_of_more_than_a_year_ago_are_pruned(ledger: SqlSpendLedger, clock: ManualClock) -> None:
    bounds = limits(usdPerMonth=10)
    clock.advance(datetime(2027, 10, 31, 12, tzinfo=UTC).timestamp() - clock.now_ms() / 1000)
    october = clock.now_ms()
    await ledger.reserve(a_call(1), bounds)
    await ledger.settle("job-1:1:0", None)
    await ledger.reserve(a_call(2), bounds)  # its worker dies
    clock.advance(DAY_S)
    november = clock.now_ms()
    await ledger.reserve(a_call(3, generator="others"), bounds)
    await ledger.settle("job-3:1:0", None)
    await ledger.reserve(a_call(4, generator="others"), bounds)
    clock.advance(366 * DAY_S)  # the 1st of November 2028, for a leap year lies between
    assert await ledger.prune() == 5, "a month and a day, each of all and of the provider, and a call that was lost"
    assert await ledger.prune() == 0
    assert (await ledger.totals("images", october))["month"].spent == Spend()
    kept = (await ledger.totals("others", november))["month"]
    assert (kept.spent, kept.held) == (Spend(Decimal("0.04")), Spend(Decimal("0.04")))


async def test_what_each_provider_was_paid_adds_up_to_what_was_spent(ledger: SqlSpendLedger, clock: ManualClock) -> None:
    bounds = limits(usdPerMonth=10)
    calls = [a_call(n, tokens=n) for n in range(4)] + [replace(a_call(9, "0.5"), provider="flux", expires_after_s=1)]
    for call in calls:
        await ledger.reserve(call, bounds)
    await asyncio.gather(*(ledger.settle(call.id, None) for call in calls[:2]), ledger.settle(calls[2].id, Spend(Decimal("0.01"), 7)))
    clock.advance(2)  # the last one is lost, and counts in full
    found = await ledger.by_provider("images", clock.now_ms())
    assert found["day"] == found["month"] == {"dalle": Spend(Decimal("0.09"), 8), "flux": Spend(Decimal("0.5"))}
    totals = await ledger.totals("images", clock.now_ms())
    assert totals["month"].spent == Spend(Decimal("0.59"), 8)
    assert await ledger.by_provider("others", clock.now_ms()) == {"day": {}, "month": {}}


async def test_pruning_beside_calls_takes_nothing_of_theirs(ledger: SqlSpendLedger, clock: ManualClock) -> None:
    bounds = limits(usdPerDay=0.4)
    lucky, *pruned = await asyncio.gather(paid(ledger, [a_call(n) for n in range(30)], bounds), *(ledger.prune() for _ in range(10)))
    assert isinstance(lucky, list)
    assert len(lucky) == 10
    assert pruned == [0] * 10


async def test_a_database_that_is_not_there_is_unavailable_and_nobody_calls() -> None:
    store = open_generation_store("postgresql://nobody:geheim@127.0.0.1:1/none", ManualClock())
    with pytest.raises(Unavailable) as caught:
        await SqlSpendLedger(store).reserve(a_call(1), limits(usdPerDay=1))
    assert "geheim" not in caught.value.message
    await store.close()
