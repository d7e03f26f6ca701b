"""How a generator does, for whoever looks after it: its queue, what it accepted lately and how that ended, what it spent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from octavo_core.clock import Clock
from octavo_core.spec import GeneratorService
from octavo_generation.policy.spending import Period, Spend, SpendLedger, Totals
from octavo_jobs.model import Backlog, Recent
from octavo_jobs.store import JobStore

LATELY_MINUTES = 60


@dataclass(frozen=True, slots=True)
class Spending:
    totals: Mapping[Period, Totals]
    by_provider: Mapping[Period, Mapping[str, Spend]]


@dataclass(frozen=True, slots=True)
class Report:
    """`spending` is None for a generator without a budget: then nobody counts."""

    backlog: Backlog
    recent: Recent
    spending: Spending | None


async def report_on(resources: Sequence[GeneratorService], store: JobStore, ledger: SpendLedger, clock: Clock) -> list[Report]:
    """In the order given. Raises `Unavailable` without a database."""
    names, now = [resource.name for resource in resources], clock.now_ms()
    backlogs = await store.backlogs(names)
    recent = await store.recent(names, now - LATELY_MINUTES * 60_000)
    return [
        Report(backlog, one, None if resource.spec.limits.budget is None else await _spending(ledger, resource.name, now))
        for resource, backlog, one in zip(resources, backlogs, recent, strict=True)
    ]


async def _spending(ledger: SpendLedger, generator: str, now: int) -> Spending:
    return Spending(await ledger.totals(generator, now), await ledger.by_provider(generator, now))
