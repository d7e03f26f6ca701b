"""The generators that this process serves, each with its application, and what one can say of them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from octavo_core.errors import Misconfigured, Unavailable
from octavo_core.http import Edge, problem_response
from octavo_core.spec import GeneratorService
from octavo_generation.api import JobServices, create_generator_app
from octavo_generation.generator import serve
from octavo_generation.handlers import check_handler
from octavo_generation.model_trouble import read_trouble
from octavo_generation.providers.registry import is_fake
from octavo_jobs.model import Backlog

if TYPE_CHECKING:
    from octavo.platform.app import PlatformSettings

log = structlog.get_logger(__name__)


class ServedGenerators:
    def __init__(self, services: JobServices, settings: PlatformSettings) -> None:
        self._services = services
        self._settings = settings
        self._resources: dict[str, GeneratorService] = {}
        self._apps: dict[str, ASGIApp] = {}
        self._reasons: dict[str, str] = {}

    def replace(self, resources: Sequence[GeneratorService]) -> None:
        """Serve these from now on. Requests that are under way end with the application they began with."""
        apps: dict[str, ASGIApp] = {}
        reasons: dict[str, str] = {}
        for resource in resources:
            # One that could not be served is looked at anew: what it lacked may be there by now.
            if self._resources.get(resource.name) == resource and resource.name not in self._reasons:
                apps[resource.name] = self._apps[resource.name]
                continue
            try:
                generator = serve(resource, jwks_url=self._jwks_url(), issuer=self._settings.issuer)
                check_handler(resource, os.environ)
                apps[resource.name] = create_generator_app(
                    generator, self._services, max_body_bytes=self._settings.max_body_bytes, cors_origins=self._settings.cors_origins
                )
                self._services.intake.ids_per_message[resource.name] = min(resource.spec.workers.concurrency, 32)
            except Misconfigured as error:
                log.error("a generator cannot be served", generator=resource.name, reason=error.message)
                reasons[resource.name] = error.message
                refusing = _Refusing(resource.name, error.message)
                apps[resource.name] = Edge(refusing, service=resource.name, max_body_bytes=self._settings.max_body_bytes)
        self._resources = {resource.name: resource for resource in resources}
        self._apps, self._reasons = apps, reasons

    @property
    def names(self) -> list[str]:
        return list(self._resources)

    @property
    def resources(self) -> list[GeneratorService]:
        return list(self._resources.values())

    def _jwks_url(self) -> str | None:
        """Where tokens are issued elsewhere, there; else here, by the accounts beside the generators."""
        if self._settings.jwks_url is None and self._settings.people:
            return f"http://127.0.0.1:{self._settings.port}/.well-known/jwks.json"
        return self._settings.jwks_url

    def find(self, name: str) -> ASGIApp | None:
        return self._apps.get(name)

    async def describe(self) -> list[dict[str, Any]]:
        backlogs = await self._services.store.backlogs(list(self._resources))
        resources = list(self._resources.values())
        # Only what a worker runs itself can fail to load.
        own = [resource.name for resource in resources if resource.spec.engine is not None]
        troubles = dict(zip(own, await asyncio.gather(*(read_trouble(self._services.redis, name) for name in own)), strict=True))
        return [
            self._described(resource, backlog, troubles.get(resource.name)) for resource, backlog in zip(resources, backlogs, strict=True)
        ]

    def _described(self, resource: GeneratorService, backlog: Backlog, trouble: str | None) -> dict[str, Any]:
        base = f"/generators/{resource.name}"
        reason = self._reasons.get(resource.name) or trouble
        return {
            "name": resource.name,
            "task": resource.spec.task,
            "model": resource.spec.model_label,
            "state": "unavailable" if reason else "working" if backlog.running else "waiting" if backlog.open else "idle",
            "reason": reason,
            "queue": {"queued": backlog.due, "delayed": backlog.delayed, "running": backlog.running},
            "samples": [one.name for one in resource.spec.providers or () if is_fake(one, os.environ)],
            "links": {
                "generate": f"{base}/api/v1/generate",
                "jobs": f"{base}/api/v1/jobs",
                "health": f"{base}/health/ready",
                "docs": f"{base}/docs",
            },
        }


class _Refusing:
    """Stands in for a generator that cannot be served, and says why."""

    def __init__(self, name: str, reason: str) -> None:
        self._error = Unavailable(f"{name} cannot be served: {reason}")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await problem_response(self._error)(scope, receive, send)
