"""`GET /api/v1/report`: how the generator does, for admins and for the services that look after it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from octavo_core.errors import Forbidden
from octavo_generation.api.services import JobServices
from octavo_generation.generator import Generator
from octavo_generation.policy.ledger import SqlSpendLedger
from octavo_generation.policy.spending import Spend
from octavo_generation.reporting import LATELY_MINUTES, Report, Spending, report_on


class SpentResponse(BaseModel):
    usd: float
    tokens: int


class ProviderSpentResponse(BaseModel):
    provider: str
    today: SpentResponse
    month: SpentResponse


class CostResponse(BaseModel):
    today: SpentResponse
    month: SpentResponse
    held: SpentResponse = Field(description="Reserved by calls under way.")
    by_provider: list[ProviderSpentResponse]


class QueueResponse(BaseModel):
    queued: int = Field(description="Jobs that may run now and wait for a worker.")
    running: int
    delayed: int = Field(description="Jobs that wait for their next attempt.")
    oldest_seconds: float = Field(description="How long the oldest of `queued` has waited.")


class RecentResponse(BaseModel):
    """Of the jobs accepted in the last `minutes`."""

    minutes: int
    accepted: int
    succeeded: int
    failed: int
    cancelled: int


class ReportResponse(BaseModel):
    success: bool = True
    queue: QueueResponse
    recent: RecentResponse
    cost: CostResponse | None = Field(description="Null for a generator without a budget: then nobody counts.")

    @classmethod
    def of(cls, report: Report, now_ms: int) -> ReportResponse:
        backlog, recent = report.backlog, report.recent
        oldest_ms = 0 if backlog.oldest_due_ms is None else max(0, now_ms - backlog.oldest_due_ms)
        return cls(
            queue=QueueResponse(queued=backlog.due, running=backlog.running, delayed=backlog.delayed, oldest_seconds=oldest_ms / 1000),
            recent=RecentResponse(
                minutes=LATELY_MINUTES,
                accepted=recent.accepted,
                succeeded=recent.succeeded,
                failed=recent.failed,
                cancelled=recent.cancelled,
            ),
            cost=None if report.spending is None else _cost(report.spending),
        )


def report_router(generator: Generator, services: JobServices) -> APIRouter:
    router = APIRouter(prefix="/api/v1/report", tags=["jobs"])
    ledger = SqlSpendLedger(services.generation)

    @router.get("", summary="Queue, recent work and cost; for admins")
    async def read(request: Request) -> ReportResponse:
        principal = await generator.principal(request.headers.get("authorization"))
        if not principal.sees_all:
            raise Forbidden("this is for admins")
        (report,) = await report_on([generator.resource], services.store, ledger, services.clock)
        return ReportResponse.of(report, services.clock.now_ms())

    return router


def _cost(spending: Spending) -> CostResponse:
    today, month = spending.by_provider["day"], spending.by_provider["month"]
    return CostResponse(
        today=_spent(spending.totals["day"].spent),
        month=_spent(spending.totals["month"].spent),
        held=_spent(spending.totals["month"].held),
        by_provider=[
            ProviderSpentResponse(provider=name, today=_spent(today.get(name, Spend())), month=_spent(month[name]))
            for name in sorted(month)
        ],
    )


def _spent(spend: Spend) -> SpentResponse:
    return SpentResponse(usd=float(spend.usd), tokens=spend.tokens)
