"""How all of it stands: services and what runs them, generators, what failed last."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from octavo_web.adapters.admin_api import AdminApi
from octavo_web.pages.admin.asking import Administrator, Parts, told

_FAILED = 5
_TROUBLE = ("degraded", "unavailable", "failed", "unhealthy", "unreachable")


@dataclass(frozen=True, slots=True)
class Figures:
    """Of all generators that could be asked. Money is None where nobody counts it."""

    waiting: int
    running: int
    accepted: int
    failed: int
    usd_today: float | None
    usd_month: float | None


class OverviewPage:
    def __init__(self, parts: Parts, api: AdminApi) -> None:
        self._parts = parts
        self._api = api

    def router(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/admin", self.overview, methods=["GET"])
        return router

    async def overview(self, request: Request, asking: Administrator) -> Response:
        """Each part by itself: what is away is said in its place."""
        services, generators, failed = await asyncio.gather(
            told(self._api.services(asking)),
            told(self._api.generators(asking)),
            told(self._api.jobs({"state": "failed"}, asking, limit=_FAILED)),
        )
        return self._parts.show(
            request,
            "admin.html",
            "_admin_overview.html",
            live=True,
            services=services,
            generators=generators,
            failed=failed,
            figures=None if generators.value is None else figures_of(generators.value),
            first_trouble=_first_trouble,
            address_of=generator_path,
        )


def figures_of(generators: Sequence[Mapping[str, Any]]) -> Figures:
    queues = [one.get("queue") or {} for one in generators]
    recent = [one.get("recent") or {} for one in generators]
    costs = [one["cost"] for one in generators if one.get("cost")]
    months = [cost["month"] for cost in costs if cost.get("month")]
    return Figures(
        waiting=sum(queue.get("queued", 0) + queue.get("delayed", 0) for queue in queues),
        running=sum(queue.get("running", 0) for queue in queues),
        accepted=sum(one.get("accepted", 0) for one in recent),
        failed=sum(one.get("failed", 0) for one in recent),
        usd_today=sum(cost["today"]["usd"] for cost in costs) if costs else None,
        usd_month=sum(month["usd"] for month in months) if months else None,
    )


def generator_path(one: Mapping[str, Any]) -> str:
    """Of a generator's page."""
    namespace = one.get("namespace")
    return f"/admin/generators/{one.get('name')}{'' if namespace is None else f'?namespace={namespace}'}"


def _first_trouble(items: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The same, what is not well before what is."""
    return sorted(items, key=lambda one: one.get("state") not in _TROUBLE)
