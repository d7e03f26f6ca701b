"""Money, periods and bounds as the ledger counts them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo_core.spec.limits import Budget
from octavo_generation.policy.spending import PERIODS, Spend, SpendLimits, period_names, seconds_left


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def test_a_tenth_in_the_yaml_is_a_tenth_in_the_ledger() -> None:
    limits = SpendLimits.of(Budget.model_validate({"usdPerDay": 0.1, "tokensPerMonth": 5}))
    assert limits.usd == {"day": Decimal("0.1"), "month": None}
    assert limits.tokens == {"day": None, "month": 5}
    assert limits.has_money
    assert limits.has_tokens


def test_without_a_budget_nothing_is_bound() -> None:
    limits = SpendLimits.of(Budget.model_validate({}))
    assert not limits.has_money
    assert not limits.has_tokens
    assert SpendLimits.of(Budget.model_validate({"usdPerDay": 0})).has_money, "zero is a bound"


@given(st.decimals(0, 1000, places=9))
def test_millionths_never_count_less_than_what_is_billed(usd: Decimal) -> None:
    counted = Decimal(Spend(usd).usd_micros) / 1_000_000
    assert usd <= counted < usd + Decimal("0.000001")


@pytest.mark.parametrize(
    ("now", "day", "month"),
    [
        ("2026-11-28T12:00:00", 43_200, 43_200 + 2 * 86_400),
        ("2026-12-31T23:59:59.500", 1, 1),
        ("2028-02-28T00:00:00", 86_400, 2 * 86_400),
        ("2027-02-28T00:00:00", 86_400, 86_400),
        ("2027-01-31T00:00:00", 86_400, 86_400),
    ],
)
def test_when_the_next_day_and_the_next_month_begin(now: str, day: float, month: float) -> None:
    assert seconds_left("day", ms(now)) == day
    assert seconds_left("month", ms(now)) == month


@given(st.integers(ms("2020-01-01"), ms("2100-01-01")))
def test_after_the_seconds_left_it_is_the_next_period_and_not_before(now: int) -> None:
    for period in PERIODS:
        left = seconds_left(period, now)
        assert period_names(now + round(left * 1000))[period] != period_names(now)[period]
        if left > 1:
            assert period_names(now + round((left - 1) * 1000))[period] == period_names(now)[period]
