"""A generator's money at hand: reserves before a call and settles after it, whatever happens to the task that does so.

What nobody bounds is not written, for it would cost every call two transactions: nothing without a budget, and with one in US dollars
no call that is free.
"""

from __future__ import annotations

import asyncio
import math
import secrets
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import structlog

from octavo_core.clock import Clock
from octavo_core.errors import BudgetSpent, Unavailable
from octavo_generation.policy import metrics
from octavo_generation.policy.calls import Call
from octavo_generation.policy.spending import Reservation, Spend, SpendLedger, SpendLimits

log = structlog.get_logger(__name__)

SAY_EVERY_S = 10.0
"""How old the gauge of what is spent may be; a sum a call would be too many."""


Ending = Callable[[SpendLedger, str], Coroutine[Any, Any, None]]
SeeThrough = Callable[[Ending], Coroutine[Any, Any, None]]


class Held:
    """A reservation. One of the two ends it; both are seen through when the task that asks is cancelled, and a database that does
    not answer is no error: the reservation stands then, and counts in full."""

    def __init__(self, see_through: SeeThrough | None = None) -> None:
        self._see_through = see_through

    async def settle(self, actual: Spend | None) -> None:
        """None: in full."""
        if self._see_through is not None:
            await self._see_through(lambda ledger, reservation_id: ledger.settle(reservation_id, actual))

    async def release(self) -> None:
        if self._see_through is not None:
            await self._see_through(lambda ledger, reservation_id: ledger.release(reservation_id))


class Purse:
    """Of one generator in one process. `ledger` may be None where `limits` bound nothing."""

    def __init__(self, generator: str, ledger: SpendLedger | None, limits: SpendLimits, clock: Clock) -> None:
        self._generator = generator
        self._ledger = ledger
        self._limits = limits
        self._clock = clock
        self._said_at = -math.inf
        self._under_way: set[asyncio.Task[Any]] = set()

    async def hold(self, call: Call, provider: str, most: Spend, *, timeout_s: float) -> Held:
        """Raises `BudgetSpent`, and `Unavailable` when the database does not answer: then no call may be made."""
        ledger = self._ledger
        is_counted = (self._limits.has_money and most.usd > 0) or (self._limits.has_tokens and most.tokens > 0)
        if ledger is None or not is_counted:
            return Held()
        reservation = Reservation(
            # A handler may make several calls in one attempt, so the number of the attempt does not name one.
            id=f"{call.job}:{call.attempt}:{secrets.token_hex(6)}",
            generator=self._generator,
            provider=provider,
            most=most,
            # After twice its timeout no call is under way any more, and its worker would have settled it.
            expires_after_s=2 * timeout_s + 60,
        )
        writing = self._spawn(ledger.reserve(reservation, self._limits))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            self._spawn(self._undo(ledger, writing, reservation.id))
            raise
        return Held(partial(self._see_through, ledger, reservation.id))

    async def close(self) -> None:
        """Waits for what is under way."""
        while self._under_way:
            await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _see_through(self, ledger: SpendLedger, reservation_id: str, ending: Ending) -> None:
        await asyncio.shield(self._spawn(self._end(ledger, reservation_id, ending)))

    async def _end(self, ledger: SpendLedger, reservation_id: str, ending: Ending) -> None:
        try:
            await ending(ledger, reservation_id)
            await self._say_spent(ledger)
        except Unavailable as error:
            log.warning("a call could not be settled, and counts in full", reservation=reservation_id, error=error.message)

    async def _undo(self, ledger: SpendLedger, writing: asyncio.Task[None], reservation_id: str) -> None:
        # First the reservation, then its release: the other way round it would stand.
        await asyncio.gather(writing, return_exceptions=True)
        await self._end(ledger, reservation_id, lambda ledger, reservation_id: ledger.release(reservation_id))

    async def _say_spent(self, ledger: SpendLedger) -> None:
        now = time.monotonic()
        if now - self._said_at < SAY_EVERY_S:
            return
        self._said_at = now
        for period, totals in (await ledger.totals(self._generator, self._clock.now_ms())).items():
            metrics.SPENT.labels(self._generator, period).set(float(totals.spent.usd))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._over)
        return task

    def _over(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        # Asked for, because whoever was cancelled does not, and asyncio would complain.
        if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, BudgetSpent | Unavailable):
            log.error("the ledger failed", error=type(error).__name__)
