"""The worker process of one or more generators: `python -m octavo_generation.worker`.

Reads its generators from the JSON file that `OCTAVO_GENERATORS_FILE` names (as the runner or the operator writes it) and serves
those named in `OCTAVO_GENERATORS`. SIGTERM or SIGINT drains: nothing new is taken, running jobs end within the longest
`workers.drainSeconds`, the rest is handed back.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence

import structlog
import uvloop
from pydantic import Field

from octavo_core.errors import Misconfigured, OctavoError
from octavo_core.settings import CommonSettings, read_settings
from octavo_core.spec import GeneratorService
from octavo_core.telemetry import configure_logging, configure_tracing
from octavo_generation.handlers import GeneratorHandler, open_handler
from octavo_generation.resources import read_generators_file
from octavo_jobs.runner import Lane
from octavo_jobs.worker import Worker

log = structlog.get_logger(__name__)


class WorkerSettings(CommonSettings):
    generators: str = Field(description="Names of the generators to serve, separated by commas.")
    generators_file: str = Field(description="JSON file with the resources.")
    metrics_port: int | None = Field(None, ge=1, le=65_535, description="Port for Prometheus; none when absent.")
    drain_seconds: float | None = Field(None, ge=0, description="Shortens the resources' own drainSeconds.")


async def serve(settings: WorkerSettings) -> None:
    names = [name for name in settings.generators.split(",") if name]
    resources = [resource for resource in read_generators_file(settings.generators_file) if resource.name in names]
    handlers = _open_handlers(resources)
    worker = Worker(
        database_url=settings.jobs_url(),
        redis_url=settings.redis_url.get_secret_value(),
        lanes=[Lane(r.name, handlers[r.name], r.spec.workers.concurrency) for r in resources if r.name in handlers],
    )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    await worker.start()
    log.info("worker ready", generators=list(handlers), worker=worker.name)
    await stop.wait()
    drain_s = max(resource.spec.workers.drain_seconds for resource in resources)
    await worker.stop(drain_s if settings.drain_seconds is None else min(drain_s, settings.drain_seconds))
    for handler in handlers.values():
        await handler.close()
    log.info("worker stopped")


def _open_handlers(resources: Sequence[GeneratorService]) -> dict[str, GeneratorHandler]:
    """One that cannot run here is left out and keeps its jobs queued; the others run. Raises `Misconfigured` when none can."""
    handlers: dict[str, GeneratorHandler] = {}
    reasons: list[str] = []
    for resource in resources:
        try:
            handlers[resource.name] = open_handler(resource, os.environ)
        except Misconfigured as error:
            log.error("a generator cannot run here", generator=resource.name, reason=error.message)
            reasons.append(f"{resource.name}: {error.message}")
    if not handlers:
        raise Misconfigured("; ".join(reasons) or "none of the generators in OCTAVO_GENERATORS is in OCTAVO_GENERATORS_FILE")
    return handlers


def main() -> None:
    settings = read_settings(WorkerSettings)
    configure_logging("worker", fmt=settings.log_format, level=settings.log_level)
    configure_tracing("octavo-worker", settings.otlp_endpoint)
    if settings.metrics_port is not None:
        from prometheus_client import start_http_server

        start_http_server(settings.metrics_port)
    try:
        uvloop.run(serve(settings))
    except OctavoError as error:
        log.error("the worker cannot run", error=error.code, reason=error.message)
        sys.exit(1)


if __name__ == "__main__":
    main()
