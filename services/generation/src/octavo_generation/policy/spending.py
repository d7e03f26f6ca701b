"""What calls cost, as the ledger counts it, and the ledger's port.

Contract:

- A call is reserved at the most it may cost before it is made, and settled at what it cost after it. All three calls are one
  transaction each and may be repeated: a reservation that is there, or that is gone, changes nothing.
- `reserve` never lets settled, lost and held reservations together pass a limit, from any number of tasks and processes.
- What was reserved counts in the day and the month (UTC) in which it was reserved, also when it is settled in the next.
- A worker that dies leaves its reservations behind. When they expire they count in full, because the upstream may have billed the
  call; they stay in the table as the record of it.
- An actual cost above the reserved one is counted as it is: the estimate was wrong, and the budget may be passed by that much.
- Errors: `BudgetSpent`, and `Unavailable` when the database does not answer. Who cannot reserve must not call.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Literal, Protocol

from octavo_core.spec.limits import Budget

Period = Literal["day", "month"]
PERIODS: tuple[Period, ...] = ("day", "month")


@dataclass(frozen=True, slots=True)
class Spend:
    """US dollars and tokens (prompt and answer together). Neither is negative."""

    usd: Decimal = Decimal(0)
    tokens: int = 0

    @property
    def usd_micros(self) -> int:
        """Rounded up: what is counted is never less than what is billed."""
        return int((self.usd * 1_000_000).to_integral_value(ROUND_CEILING))


@dataclass(frozen=True, slots=True)
class Reservation:
    """`id` names one call of one attempt, in at most 80 characters. It expires when no call can still be under way."""

    id: str
    generator: str
    provider: str
    most: Spend
    expires_after_s: float


@dataclass(frozen=True, slots=True)
class SpendLimits:
    """None: no bound."""

    usd: Mapping[Period, Decimal | None]
    tokens: Mapping[Period, int | None]

    @classmethod
    def of(cls, budget: Budget) -> SpendLimits:
        # By way of text: 0.1 of the YAML is a tenth, and not the float beside it.
        usd = {"day": budget.usd_per_day, "month": budget.usd_per_month}
        return cls(
            usd={period: None if usd[period] is None else Decimal(str(usd[period])) for period in PERIODS},
            tokens={"day": budget.tokens_per_day, "month": budget.tokens_per_month},
        )

    @property
    def has_money(self) -> bool:
        return any(bound is not None for bound in self.usd.values())

    @property
    def has_tokens(self) -> bool:
        return any(bound is not None for bound in self.tokens.values())


@dataclass(frozen=True, slots=True)
class Totals:
    """Of one period. `spent` is settled, with what was lost counted in full; `held` is reserved by calls under way."""

    spent: Spend
    held: Spend


class SpendLedger(Protocol):
    async def reserve(self, reservation: Reservation, limits: SpendLimits) -> None:
        """Raises `BudgetSpent`: then nothing is written."""
        ...

    async def settle(self, reservation_id: str, actual: Spend | None) -> None:
        """None: in full, for a call of which nobody knows what it cost."""
        ...

    async def release(self, reservation_id: str) -> None:
        """It cost nothing."""
        ...

    async def totals(self, generator: str, now_ms: int) -> Mapping[Period, Totals]: ...

    async def by_provider(self, generator: str, now_ms: int) -> Mapping[Period, Mapping[str, Spend]]:
        """What was spent at which provider, as `Totals.spent` counts it; those at which nothing was are left out."""
        ...

    async def prune(self) -> int:
        """Removes what is older than a year, of all generators; how many rows. Any process may do so at any time."""
        ...


def period_names(now_ms: int) -> Mapping[Period, str]:
    """`2026-11-28` and `2026-11`, in UTC."""
    day = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y-%m-%d")
    return {"day": day, "month": day[:7]}


def seconds_left(period: Period, now_ms: int) -> float:
    """Until the next day or month begins, at least one second."""
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    # The 1st is at most 31 days after any day, and 32 days after the 1st is always in the next month.
    after = midnight + timedelta(days=1) if period == "day" else (midnight.replace(day=1) + timedelta(days=32)).replace(day=1)
    return float(max(1, math.ceil((after - now).total_seconds())))
