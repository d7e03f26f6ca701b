"""Every statement about spending, once for all databases.

Each function runs inside a transaction that the store has begun. A generator's sums are checked and changed under the lock of its
rows in `spend_totals` (the month's, then the day's), so that any number of processes go one after the other; SQLite has its write
lock. A lost race to insert those rows is repeated by the store, like any lost race for a key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from octavo_generation.store.schema import spend_by_provider as by_provider
from octavo_generation.store.schema import spend_reservations as reservations
from octavo_generation.store.schema import spend_totals as totals


@dataclass(frozen=True, slots=True)
class Amounts:
    usd_micros: int = 0
    tokens: int = 0

    def __add__(self, other: Amounts) -> Amounts:
        return Amounts(self.usd_micros + other.usd_micros, self.tokens + other.tokens)


@dataclass(frozen=True, slots=True)
class Row:
    """A reservation as it is written."""

    id: str
    generator: str
    provider: str
    amounts: Amounts
    day: str
    reserved_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Of one period. `settled`: calls that ended. `lost`: reservations that expired, which count in full. `held`: calls under way."""

    period: str
    settled: Amounts = Amounts()
    lost: Amounts = Amounts()
    held: Amounts = Amounts()

    @property
    def spent(self) -> Amounts:
        return self.settled + self.lost


@dataclass(frozen=True, slots=True)
class Limit:
    """None: no bound."""

    period: str
    usd_micros: int | None
    tokens: int | None

    @property
    def is_bound(self) -> bool:
        return self.usd_micros is not None or self.tokens is not None


@dataclass(frozen=True, slots=True)
class Overspent:
    """Which limit it would break. `held`: it would fit if the calls under way cost nothing."""

    limit: Limit
    of_money: bool
    held: bool


def reserve(connection: Connection, row: Row, limits: Sequence[Limit], now: int) -> Overspent | None:
    """None: it is written, or was written before."""
    _lock(connection, row.generator, row.day)
    if connection.execute(sa.select(reservations.c.id).where(reservations.c.id == row.id)).scalar() is not None:
        return None
    broken = [
        over
        for limit in limits
        if limit.is_bound and (over := _overspent(standing(connection, row.generator, limit.period, now), row.amounts, limit))
    ]
    if broken:
        # A limit that is truly spent says more than one that calls under way hold; a month says more than its day.
        return min(broken, key=lambda over: (over.held, len(over.limit.period)))
    connection.execute(
        sa.insert(reservations).values(
            id=row.id,
            generator=row.generator,
            provider=row.provider,
            usd_micros=row.amounts.usd_micros,
            tokens=row.amounts.tokens,
            day=row.day,
            reserved_at=row.reserved_at,
            expires_at=row.expires_at,
        )
    )
    return None


def settle(connection: Connection, reservation_id: str, actual: Amounts | None) -> None:
    """In the period in which it was reserved. `actual` None: in full."""
    found = connection.execute(sa.select(reservations).where(reservations.c.id == reservation_id)).one_or_none()
    if found is None:
        return
    _lock(connection, found.generator, found.day)
    if connection.execute(sa.delete(reservations).where(reservations.c.id == reservation_id)).rowcount == 0:
        return
    spent = Amounts(found.usd_micros, found.tokens) if actual is None else actual
    connection.execute(
        sa.update(totals)
        .where(totals.c.generator == found.generator, totals.c.period.in_(_periods(found.day)))
        .values(usd_micros=totals.c.usd_micros + spent.usd_micros, tokens=totals.c.tokens + spent.tokens)
    )
    for period in _periods(found.day):
        row = (by_provider.c.generator == found.generator) & (by_provider.c.period == period) & (by_provider.c.provider == found.provider)
        # Under the lock of the sums: nobody else inserts it meanwhile.
        if connection.execute(sa.select(by_provider.c.period).where(row)).scalar() is None:
            values = {"usd_micros": spent.usd_micros, "tokens": spent.tokens}
            connection.execute(sa.insert(by_provider).values(generator=found.generator, period=period, provider=found.provider, **values))
        else:
            more = {"usd_micros": by_provider.c.usd_micros + spent.usd_micros, "tokens": by_provider.c.tokens + spent.tokens}
            connection.execute(sa.update(by_provider).where(row).values(**more))


def release(connection: Connection, reservation_id: str) -> None:
    # No lock of the sums: it only makes room.
    connection.execute(sa.delete(reservations).where(reservations.c.id == reservation_id))


def standing(connection: Connection, generator: str, period: str, now: int) -> Standing:
    settled = connection.execute(
        sa.select(totals.c.usd_micros, totals.c.tokens).where(totals.c.generator == generator, totals.c.period == period)
    ).one_or_none()
    is_lost = reservations.c.expires_at <= now
    first, last = _days(period)
    found = connection.execute(
        sa.select(
            _sum_where(is_lost, reservations.c.usd_micros).label("lost_usd"),
            _sum_where(is_lost, reservations.c.tokens).label("lost_tokens"),
            _sum_where(~is_lost, reservations.c.usd_micros).label("held_usd"),
            _sum_where(~is_lost, reservations.c.tokens).label("held_tokens"),
        ).where(reservations.c.generator == generator, reservations.c.day.between(first, last))
    ).one()
    return Standing(
        period,
        settled=Amounts() if settled is None else Amounts(settled.usd_micros, settled.tokens),
        # PostgreSQL and MySQL add up to decimal numbers.
        lost=Amounts(int(found.lost_usd), int(found.lost_tokens)),
        held=Amounts(int(found.held_usd), int(found.held_tokens)),
    )


def spent_by_provider(connection: Connection, generator: str, period: str, now: int) -> dict[str, Amounts]:
    """Calls that ended, and reservations that expired, which count in full."""
    settled = sa.select(by_provider.c.provider, by_provider.c.usd_micros, by_provider.c.tokens).where(
        by_provider.c.generator == generator, by_provider.c.period == period
    )
    found = {row.provider: Amounts(row.usd_micros, row.tokens) for row in connection.execute(settled)}
    first, last = _days(period)
    lost = (
        sa.select(
            reservations.c.provider,
            sa.func.sum(reservations.c.usd_micros).label("usd_micros"),
            sa.func.sum(reservations.c.tokens).label("tokens"),
        )
        .where(reservations.c.generator == generator, reservations.c.day.between(first, last), reservations.c.expires_at <= now)
        .group_by(reservations.c.provider)
    )
    for row in connection.execute(lost):
        found[row.provider] = found.get(row.provider, Amounts()) + Amounts(int(row.usd_micros), int(row.tokens))
    return found


def prune(connection: Connection, first_month: str, now: int) -> int:
    """Removes the sums of the months before, and what was lost in them; how many rows. A month is `2026-11`."""
    # Texts of one length, which every collation sorts alike.
    old_sums = sa.delete(totals).where(sa.func.substr(totals.c.period, 1, 7) < first_month)
    old_parts = sa.delete(by_provider).where(sa.func.substr(by_provider.c.period, 1, 7) < first_month)
    old_losses = sa.delete(reservations).where(sa.func.substr(reservations.c.day, 1, 7) < first_month, reservations.c.expires_at <= now)
    return sum(connection.execute(statement).rowcount for statement in (old_sums, old_parts, old_losses))


def _sum_where(condition: sa.ColumnElement[bool], column: sa.Column[int]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, column), else_=0)), 0)


def _overspent(current: Standing, more: Amounts, limit: Limit) -> Overspent | None:
    """What costs nothing is not stopped by money that is spent, nor what takes no tokens by theirs."""
    wanted = (
        (True, more.usd_micros, current.spent.usd_micros, current.held.usd_micros, limit.usd_micros),
        (False, more.tokens, current.spent.tokens, current.held.tokens, limit.tokens),
    )
    broken = [
        Overspent(limit, of_money, held=spent + amount <= bound)
        for of_money, amount, spent, held, bound in wanted
        if bound is not None and amount > 0 and spent + held + amount > bound
    ]
    return min(broken, key=lambda over: over.held, default=None)


def _lock(connection: Connection, generator: str, day: str) -> None:
    for period in _periods(day):
        row = (totals.c.generator == generator) & (totals.c.period == period)
        if connection.execute(sa.select(totals.c.period).where(row).with_for_update()).scalar() is None:
            connection.execute(sa.insert(totals).values(generator=generator, period=period, usd_micros=0, tokens=0))


def _days(period: str) -> tuple[str, str]:
    """Bounds of one length and one shape, which every collation sorts alike."""
    return (f"{period}-01", f"{period}-31") if len(period) == 7 else (period, period)


def _periods(day: str) -> tuple[str, str]:
    return day[:7], day
