"""Generators: all of them, and one with its root cause, versions, graphs and newest work."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from octavo_core.clock import Clock, to_iso
from octavo_core.errors import OctavoError, Unavailable
from octavo_web.adapters.admin_api import AdminApi, Asking, Recent
from octavo_web.domain.graphs import HEIGHT, WIDTH
from octavo_web.pages.admin.asking import Administrator, Parts, Told, told
from octavo_web.pages.admin.graphs import HOUR_MS, graphs_of, shares_of
from octavo_web.pages.admin.overview import generator_path

_NEWEST = 8


class GeneratorPages:
    def __init__(self, parts: Parts, api: AdminApi, clock: Clock) -> None:
        self._parts = parts
        self._api = api
        self._clock = clock

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/admin/generators", include_in_schema=False)
        router.add_api_route("", self.all, methods=["GET"])
        router.add_api_route("/{name}", self.one, methods=["GET"])
        return router

    async def all(self, request: Request, asking: Administrator) -> Response:
        error: OctavoError | None = None
        generators: list[dict[str, Any]] = []
        try:
            generators = await self._api.generators(asking)
        except Unavailable as away:
            error = away
        return self._parts.show(
            request,
            "admin_generators.html",
            "_admin_generators.html",
            error=error,
            live=True,
            generators=generators,
            address_of=generator_path,
        )

    async def one(self, request: Request, asking: Administrator, name: str) -> Response:
        """With the work of the last hour as graphs; where that cannot be had, with the rest. One of a cluster that sleeps is not asked for
        its jobs: a request by its name would wake it."""
        namespace = request.query_params.get("namespace")
        generator, processes = await self._api.generator(name, namespace, asking)
        queue = name if generator.get("namespace") is None else f"{generator['namespace']}/{name}"
        asleep = generator.get("state") == "sleeping" and generator.get("namespace") is not None
        now = self._clock.now_ms()
        recent: Told[Recent] = Told(None)
        newest: Told[tuple[dict[str, Any], ...]] = Told(None)
        if not asleep:
            recent, newest = await asyncio.gather(
                told(self._api.recent_jobs(queue, to_iso(now - HOUR_MS), asking)), told(self._newest(queue, asking))
            )
        drawn = None if recent.value is None else graphs_of(recent.value.jobs, now=now)
        return self._parts.show(
            request,
            "admin_generator.html",
            "_admin_generator.html",
            live=True,
            generator=generator,
            queue_name=queue,
            asleep=asleep,
            processes=processes,
            queue_graph=None if drawn is None else drawn[0],
            cost_graph=None if drawn is None else drawn[1],
            cut=None if recent.value is None else recent.value.since,
            shares=shares_of(generator.get("cost")),
            recent=recent,
            newest=newest,
            box=(WIDTH, HEIGHT),
        )

    async def _newest(self, queue: str, asking: Asking) -> tuple[dict[str, Any], ...]:
        return (await self._api.jobs({"generator": queue}, asking, limit=_NEWEST)).items
