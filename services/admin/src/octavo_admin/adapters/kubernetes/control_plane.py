"""What runs in a cluster: GeneratorServices with the status that the operator writes, pods, and the services' own readiness."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import structlog

from octavo_admin.adapters.calling import Calls
from octavo_admin.adapters.health import ServiceHealth
from octavo_admin.adapters.kubernetes.api import KubeApi, Object
from octavo_admin.adapters.kubernetes.reading import generator_view, pod_view, with_report
from octavo_admin.domain.model import GeneratorView, ProcessView, ServiceView
from octavo_core.errors import OctavoError, Unavailable
from octavo_core.identity import ServiceTokens

log = structlog.get_logger(__name__)

KEPT_S = 2.0
"""How old a list of the generators may be: jobs are asked for by it, often several times for one request."""
_AT_ONCE = 8
_GENERATORS = "/apis/octavo.dev/v1alpha1"


class KubernetesControlPlane:
    """See `ports.ControlPlane`. Asks for GeneratorServices and pods; needs get and list on them."""

    def __init__(
        self, api: KubeApi, health: ServiceHealth, tokens: ServiceTokens, calls: Calls, *, namespaces: Sequence[str], selector: str
    ) -> None:
        """`namespaces` empty: all."""
        self._api = api
        self._health = health
        self._tokens = tokens
        self._calls = calls
        self._namespaces = tuple(namespaces)
        self._selector = selector
        self._kept: tuple[float, list[Object]] = (-KEPT_S, [])
        self._lock = asyncio.Lock()

    async def services(self) -> list[ServiceView]:
        return await self._health.all()

    async def processes(self) -> list[ProcessView]:
        pods = await self._all("/api/v1", "pods", self._selector)
        return sorted((pod_view(pod) for pod in pods), key=lambda view: view.name)

    async def generators(self) -> list[GeneratorView]:
        views = [generator_view(found) for found in await self._resources()]
        return sorted(views, key=lambda view: (view.name, view.namespace or ""))

    async def reported(self, views: Sequence[GeneratorView]) -> list[GeneratorView]:
        """With what the generators' own APIs tell: the month's cost, by provider, and recent work. One whose API does not stand is not
        asked, for a request would wake it; one that does not answer stays as it is."""
        turns = asyncio.Semaphore(_AT_ONCE)

        async def one(view: GeneratorView) -> GeneratorView:
            if view.url is None or view.api is None or view.api.ready == 0:
                return view
            async with turns:
                try:
                    return with_report(view, await self._report(view.url))
                except OctavoError as error:
                    log.info("a generator does not report", generator=view.name, namespace=view.namespace, error=error.message)
                    return view

        return list(await asyncio.gather(*map(one, views)))

    async def close(self) -> None:
        await self._api.close()

    async def _report(self, url: str) -> dict[str, Any]:
        answer = await self._calls.ask("GET", f"{url.rstrip('/')}/api/v1/report", token=await self._tokens.token())
        body = answer.json()
        if answer.status != 200 or not isinstance(body, dict):
            raise Unavailable(answer.said())
        return body

    async def _resources(self) -> list[Object]:
        async with self._lock:
            at, found = self._kept
            if time.monotonic() - at >= KEPT_S:
                found = await self._all(_GENERATORS, "generatorservices", "")
                self._kept = (time.monotonic(), found)
            return found

    async def _all(self, group: str, plural: str, selector: str) -> list[Object]:
        if not self._namespaces:
            return await self._api.items(f"{group}/{plural}", selector)
        found = await asyncio.gather(*(self._api.items(f"{group}/namespaces/{name}/{plural}", selector) for name in self._namespaces))
        return [item for items in found for item in items]
