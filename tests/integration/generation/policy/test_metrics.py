"""What Prometheus is told of calls, their cost and the budget."""

from __future__ import annotations

import pytest
from prometheus_client import REGISTRY
from tests.integration.generation.policy.house import CENT_A_TOKEN, FOUR_CENTS, FOX, HELLO, Caller, House, chat_at, images_at

from octavo_core.clock import ManualClock
from octavo_core.errors import BudgetSpent, ProviderUnavailable
from octavo_generation.policy.ledger import SqlSpendLedger


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, {"generator": "house", **labels}) or 0.0


def calls(provider: str, outcome: str) -> float:
    return value("octavo_provider_calls_total", provider=provider, outcome=outcome)


async def test_calls_are_counted_by_how_they_ended(house: House, clock: ManualClock) -> None:
    server = await house.server("metered")
    policy = house.policy(chat_at(server, price=CENT_A_TOKEN, failures=2, clock=clock))
    await policy.chat(HELLO, Caller().call)
    assert value("octavo_provider_cost_usd_total", provider="metered") == pytest.approx(0.02)
    assert value("octavo_provider_tokens_total", provider="metered", direction="prompt") == 3
    assert value("octavo_provider_tokens_total", provider="metered", direction="completion") == 2
    server.fails(503)
    for _ in range(3):
        with pytest.raises(ProviderUnavailable):
            await policy.chat(HELLO, Caller().call)
    assert (calls("metered", "ok"), calls("metered", "provider_unavailable"), calls("metered", "circuit_open")) == (1, 2, 1)
    assert value("octavo_provider_call_seconds_count", provider="metered") == 3
    assert value("octavo_provider_breaker_open", provider="metered") == 1
    server.behaviour = server.answer
    clock.advance(30)
    await policy.chat(HELLO, Caller().call)
    assert value("octavo_provider_breaker_open", provider="metered") == 0


async def test_the_budget_is_shown_as_it_is_spent(house: House, ledger: SqlSpendLedger, clock: ManualClock) -> None:
    server = await house.server("painter")
    policy = house.policy(images_at(server, price=FOUR_CENTS), ledger=ledger, clock=clock, usdPerDay=0.05)
    await policy.draw(FOX, Caller().call)
    assert value("octavo_budget_spent_usd", period="day") == value("octavo_budget_spent_usd", period="month") == 0.04
    with pytest.raises(BudgetSpent):
        await policy.draw(FOX, Caller().call)
    assert calls("painter", "budget_spent") == 1
