"""The worker process of one or more generators: `python -m octavo_generation.worker`.

Reads its generators from the JSON file that `OCTAVO_GENERATORS_FILE` names (as the runner or the operator writes it) and serves
those named in `OCTAVO_GENERATORS`. SIGTERM or SIGINT drains: nothing new is taken, running jobs end within the longest
`workers.drainSeconds`, the rest is handed back. A database or a Redis that is not there yet is waited for; when they do not come the
process ends with a last line that says why.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

import structlog
from pydantic import Field, SecretStr

from octavo_core.clock import SystemClock
from octavo_core.errors import Misconfigured
from octavo_core.garbage import freeze_what_is_loaded
from octavo_core.settings import read_settings
from octavo_core.spec import GeneratorService
from octavo_generation.handlers import GeneratorHandler, ModelHandler, Support, open_handler
from octavo_generation.model_trouble import note_trouble
from octavo_generation.policy.ledger import SqlSpendLedger
from octavo_generation.preparing import prepare_models
from octavo_generation.probes import Probes
from octavo_generation.process import named_resources, run
from octavo_generation.settings import DATABASE_URL, GenerationSettings
from octavo_generation.starting import database_need, reach, redis_need
from octavo_generation.store import GenerationStore, open_generation_store
from octavo_generation.uploads import UploadSettings
from octavo_jobs.redis_client import open_redis
from octavo_jobs.runner import Lane
from octavo_jobs.store import open_store
from octavo_jobs.worker import Worker

log = structlog.get_logger(__name__)


class WorkerSettings(GenerationSettings):
    database_url: SecretStr | None = DATABASE_URL
    generators: str = Field(description="Names of the generators to serve, separated by commas.")
    generators_file: str = Field(description="JSON file with the resources.")
    events_redis_url: SecretStr | None = Field(None, description="Redis of the event streams, where it is not the one of the bell.")
    metrics_port: int | None = Field(
        None, ge=1, le=65_535, description="Port for /metrics, /health/live and /health/ready; none when absent."
    )
    start_seconds: float = Field(120.0, ge=0, description="How long database and Redis are waited for at start.")
    model_retry_seconds: float = Field(15.0, gt=0, description="Pause after the first load of a model that failed; it grows to 5 minutes.")
    drain_seconds: float | None = Field(None, ge=0, description="Shortens the resources' own drainSeconds.")


async def serve(settings: WorkerSettings) -> None:
    resources = named_resources(settings.generators_file, settings.generators)
    clock = SystemClock()
    generation = open_generation_store(settings.jobs_url(), clock)
    support = Support(
        environment=os.environ,
        store=generation,
        ledger=SqlSpendLedger(generation),
        pictures=settings.pictures,
        models=settings.models,
        uploads=read_settings(UploadSettings).upload_limits(),
        clock=clock,
    )
    handlers = _open_handlers(resources, support)
    worker = Worker(
        database_url=settings.jobs_url(),
        redis_url=settings.redis_url.get_secret_value(),
        events_redis_url=None if settings.events_redis_url is None else settings.events_redis_url.get_secret_value(),
        lanes=[_lane(resource, handlers[resource.name]) for resource in resources if resource.name in handlers],
    )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    probes = None if settings.metrics_port is None else Probes(settings.metrics_port)
    if probes is not None:
        probes.start()
    if not await _unless(stop, _reach_stores(settings, generation)):
        log.info("worker stopped before it began")
        return
    await worker.start()
    freeze_what_is_loaded()
    log.info("worker ready", generators=list(handlers), worker=worker.name)
    models = {name: handler for name, handler in handlers.items() if isinstance(handler, ModelHandler)}
    notes = open_redis(settings.redis_url.get_secret_value(), max_connections=2)
    preparing = asyncio.create_task(
        prepare_models(
            models,
            lambda missing: _say(probes, missing),
            lambda name, reason: note_trouble(notes, name, reason),
            first_pause_s=settings.model_retry_seconds,
        )
    )
    # It begins before the first look at whether the process is ready.
    await asyncio.sleep(0)
    if probes is not None:
        probes.ready = True
    await stop.wait()
    preparing.cancel()
    await asyncio.gather(preparing, return_exceptions=True)
    await notes.aclose()
    if probes is not None:
        probes.ready = False
    drain_s = max(resource.spec.workers.drain_seconds for resource in resources)
    await worker.stop(drain_s if settings.drain_seconds is None else min(drain_s, settings.drain_seconds))
    for handler in handlers.values():
        await handler.close()
    await generation.close()
    log.info("worker stopped")


async def _reach_stores(settings: WorkerSettings, generation: GenerationStore) -> None:
    store = open_store(settings.jobs_url(), SystemClock())
    try:
        needs = [database_need(settings.jobs_url(), store), redis_need(settings.redis_url.get_secret_value())]
        await reach(needs, within_s=settings.start_seconds)
        await generation.migrate()
    finally:
        await store.close()


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Whether the work was done before the stop. Raises what it raises."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if working.done():
        working.result()
        return True
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    return False


def _lane(resource: GeneratorService, handler: GeneratorHandler) -> Lane:
    concurrency = resource.spec.workers.concurrency
    return Lane(resource.name, handler, concurrency, (lambda: handler.room) if isinstance(handler, ModelHandler) else None)


def _say(probes: Probes | None, missing: Mapping[str, str]) -> None:
    if probes is not None:
        probes.missing = missing


def _open_handlers(resources: Sequence[GeneratorService], support: Support) -> dict[str, GeneratorHandler]:
    """One that cannot run here is left out and keeps its jobs queued; the others run. Raises `Misconfigured` when none can."""
    handlers: dict[str, GeneratorHandler] = {}
    reasons: list[str] = []
    for resource in resources:
        try:
            handlers[resource.name] = open_handler(resource, support)
        except Misconfigured as error:
            log.error("a generator cannot run here", generator=resource.name, reason=error.message)
            reasons.append(f"{resource.name}: {error.message}")
    if not handlers:
        raise Misconfigured("; ".join(reasons) or "none of the generators in OCTAVO_GENERATORS is in OCTAVO_GENERATORS_FILE")
    return handlers


def main() -> None:
    run("worker", WorkerSettings, serve)


if __name__ == "__main__":
    main()
