"""The health trio and its detailed sister. Live: the process answers. Ready: what it depends on answers too."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from fastapi import APIRouter
from starlette.responses import JSONResponse

from octavo_core.errors import OctavoError
from octavo_core.http.problems import UNAVAILABLE_S

log = structlog.get_logger(__name__)

Check = Callable[[], Awaitable[None]]
"""Raises when the dependency does not answer; the message goes to the caller, so it must hold no secret."""

TIMEOUT_S = 3.0


def health_router(service: str, version: str, checks: Mapping[str, Check], degraded_by: Mapping[str, Check] | None = None) -> APIRouter:
    """`degraded` is ready: a dependency of `degraded_by` is away, and the service goes on with less."""
    router = APIRouter(tags=["health"])
    began = time.monotonic()

    async def overall() -> JSONResponse:
        found = await _run({**checks, **(degraded_by or {})})
        away = {name for name, item in found.items() if item["status"] != "healthy"}
        ready = not away & checks.keys()
        body = {
            "status": "unhealthy" if not ready else "degraded" if away else "healthy",
            "service": service,
            "version": version,
            "uptime_seconds": round(time.monotonic() - began, 1),
            "dependencies": found,
        }
        return JSONResponse(body, 200 if ready else 503, {} if ready else {"retry-after": str(UNAVAILABLE_S)})

    async def live() -> dict[str, str]:
        return {"status": "alive"}

    async def basic() -> dict[str, str]:
        return {"status": "healthy", "service": service, "version": version}

    router.add_api_route("/health/", overall, methods=["GET"], summary="Overall health with its dependencies")
    router.add_api_route("/health/ready", overall, methods=["GET"], summary="200 when requests can be served")
    router.add_api_route("/health/live", live, methods=["GET"], summary="200 when the process answers")
    router.add_api_route("/api/v1/health", basic, methods=["GET"], summary="Basic health")
    router.add_api_route("/api/v1/health/detailed", overall, methods=["GET"], summary="Health with each dependency")
    return router


async def _run(checks: Mapping[str, Check]) -> dict[str, dict[str, Any]]:
    return dict(zip(checks, await asyncio.gather(*(_check(name, check) for name, check in checks.items())), strict=True))


async def _check(name: str, check: Check) -> dict[str, Any]:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await check()
    except OctavoError as error:
        return {"status": "unhealthy", "message": error.message}
    except Exception as error:
        log.warning("a dependency is unhealthy", dependency=name, error=type(error).__name__)
        return {"status": "unhealthy", "message": f"{name} does not answer ({type(error).__name__})"}
    return {"status": "healthy"}
