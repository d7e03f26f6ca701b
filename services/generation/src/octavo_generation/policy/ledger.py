"""The ledger over SQL: the port's calls, each a statement function in a transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial

from sqlalchemy import Connection

from octavo_core.clock import to_iso
from octavo_core.errors import BudgetSpent
from octavo_generation.policy.spending import PERIODS, Period, Reservation, Spend, SpendLimits, Totals, period_names, seconds_left
from octavo_generation.store import GenerationStore
from octavo_generation.store import spend as statements
from octavo_generation.store.spend import Amounts, Limit, Overspent, Row, Standing

KEPT_DAYS = 366
"""A month's sums stay as long after today's, so that the same month of last year can be looked at."""


class SqlSpendLedger:
    """See `spending.SpendLedger`, whose contract this is. The store stays its opener's to close."""

    def __init__(self, store: GenerationStore) -> None:
        self._store = store

    async def reserve(self, reservation: Reservation, limits: SpendLimits) -> None:
        now = self._store.clock.now_ms()
        names = period_names(now)
        row = Row(
            id=reservation.id,
            generator=reservation.generator,
            provider=reservation.provider,
            amounts=_amounts(reservation.most),
            day=names["day"],
            reserved_at=now,
            expires_at=now + round(reservation.expires_after_s * 1000),
        )
        bounds = [_limit(names[period], limits.usd[period], limits.tokens[period]) for period in PERIODS]
        over = await self._store.transactions.write(partial(statements.reserve, row=row, limits=bounds, now=now), rows=3)
        if over is not None:
            raise _budget_spent(reservation, over, "day" if over.limit.period == names["day"] else "month", now)

    # Not synced by themselves: after a power cut the reservation is there again, and counts in full.

    async def settle(self, reservation_id: str, actual: Spend | None) -> None:
        amounts = None if actual is None else _amounts(actual)
        await self._store.transactions.write(
            partial(statements.settle, reservation_id=reservation_id, actual=amounts), rows=3, durable=False
        )

    async def release(self, reservation_id: str) -> None:
        await self._store.transactions.write(partial(statements.release, reservation_id=reservation_id), rows=1, durable=False)

    async def totals(self, generator: str, now_ms: int) -> Mapping[Period, Totals]:
        names = period_names(now_ms)

        def read(connection: Connection) -> dict[Period, Standing]:
            return {period: statements.standing(connection, generator, names[period], now_ms) for period in PERIODS}

        found = await self._store.transactions.read(read)
        return {period: Totals(spent=_spend(found[period].spent), held=_spend(found[period].held)) for period in PERIODS}

    async def by_provider(self, generator: str, now_ms: int) -> Mapping[Period, Mapping[str, Spend]]:
        names = period_names(now_ms)

        def read(connection: Connection) -> dict[Period, dict[str, Amounts]]:
            return {period: statements.spent_by_provider(connection, generator, names[period], now_ms) for period in PERIODS}

        found = await self._store.transactions.read(read)
        return {period: {provider: _spend(amounts) for provider, amounts in found[period].items()} for period in PERIODS}

    async def prune(self) -> int:
        now = self._store.clock.now_ms()
        first = (datetime.fromtimestamp(now / 1000, UTC) - timedelta(days=KEPT_DAYS)).strftime("%Y-%m")
        return await self._store.transactions.write(partial(statements.prune, first_month=first, now=now), durable=False)


def _budget_spent(reservation: Reservation, over: Overspent, period: Period, now: int) -> BudgetSpent:
    limit, whose = over.limit, f"that {reservation.generator} may spend in a {period}"
    if over.of_money:
        assert limit.usd_micros is not None
        budget, most = f"{Decimal(limit.usd_micros) / 1_000_000:f} US dollars", f"{reservation.most.usd.normalize():f}"
    else:
        budget, most = f"{limit.tokens} tokens", str(reservation.most.tokens)
    if over.held:
        return BudgetSpent(f"calls under way hold what is left of the {budget} {whose}; this one may take {most}", held=True)
    left_s = seconds_left(period, now)
    again = to_iso(now // 1000 * 1000 + round(left_s * 1000))[:10]
    return BudgetSpent(
        f"too little is left of the {budget} {whose} for a call that may take {most}; the next {period} begins on {again} (UTC)",
        retry_after=left_s,
    )


def _limit(period: str, usd: Decimal | None, tokens: int | None) -> Limit:
    return Limit(period, None if usd is None else int(usd * 1_000_000), tokens)


def _amounts(spend: Spend) -> Amounts:
    return Amounts(spend.usd_micros, spend.tokens)


def _spend(amounts: Amounts) -> Spend:
    return Spend(Decimal(amounts.usd_micros) / 1_000_000, amounts.tokens)
