"""The admin API of a laptop: what the runner told, what this process serves, the store of its jobs and the files of its logs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, cast

import structlog

import octavo_admin.app
from octavo.runner.layout import Home
from octavo.runner.telling import ProcessState, read_states
from octavo_admin.adapters.calling import Calls
from octavo_admin.adapters.health import ServiceHealth
from octavo_admin.adapters.kubernetes.reading import spec_in_short, with_report
from octavo_admin.adapters.log_files import LogFiles, numbers_in
from octavo_admin.adapters.store_jobs import StoreJobs, StreamHistory
from octavo_admin.domain.log_lines import LogQuery
from octavo_admin.domain.model import GeneratorState, GeneratorView, ProcessView, Queue, ServiceView, Versions
from octavo_admin.settings import AdminSettings
from octavo_core.identity import KeySource
from octavo_core.ids import generate_uuid
from octavo_core.spec import GeneratorService
from octavo_generation.api import JobServices
from octavo_generation.api.report import ReportResponse
from octavo_generation.policy.ledger import SqlSpendLedger
from octavo_generation.reporting import report_on

if TYPE_CHECKING:
    from octavo.platform.generators import ServedGenerators

log = structlog.get_logger(__name__)

_ON_ITS_WAY_S = 2.0


def create_admin(
    settings: AdminSettings,
    services: JobServices,
    generators: ServedGenerators,
    *,
    home: Home,
    health: Mapping[str, str],
    keys: KeySource,
) -> octavo_admin.app.Service:
    """`health`: addresses of the services' readiness, by their names. Raises `Misconfigured`."""
    installation = octavo_admin.app.Installation(
        control=LaptopControlPlane(services, generators, home, health),
        jobs=StoreJobs(services.store, services.intake),
        history=StreamHistory(services.hub),
        logs=LogFiles(home.logs),
    )
    return octavo_admin.app.create_service(settings, clock=services.clock, keys=keys, installation=installation)


def log_eraser(home: Home) -> Callable[[str], Awaitable[None]]:
    """Takes a person's id out of the logs that are kept. What this process has logged so far is waited for, on its way through the runner:
    a word of ours comes behind it."""
    logs = LogFiles(home.logs)

    async def erase(user: str) -> None:
        if not numbers_in(home.logs):
            return
        mark = generate_uuid()
        async with logs.follow(LogQuery(text=mark)) as lines:
            log.info("a person is taken out of the logs", mark=mark)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_ON_ITS_WAY_S):
                    await anext(lines)
        await logs.erase(user)

    return erase


class LaptopControlPlane:
    """See `octavo_admin.domain.ports.ControlPlane`."""

    def __init__(self, services: JobServices, generators: ServedGenerators, home: Home, health: Mapping[str, str]) -> None:
        self._services = services
        self._generators = generators
        self._home = home
        self._calls = Calls()
        self._health = ServiceHealth(health, self._calls)

    async def services(self) -> list[ServiceView]:
        return await self._health.all()

    async def processes(self) -> list[ProcessView]:
        return [_process_view(state) for state in read_states(self._home.processes_file)]

    async def generators(self) -> list[GeneratorView]:
        resources = {resource.name: resource for resource in self._generators.resources}
        workers = {name: state for state in read_states(self._home.processes_file) for name in state.generators}
        described = [one for one in await self._generators.describe() if one["name"] in resources]
        found = [_generator_view(one, resources[one["name"]], workers.get(one["name"])) for one in described]
        return sorted(found, key=lambda view: view.name)

    async def reported(self, views: Sequence[GeneratorView]) -> list[GeneratorView]:
        resources = {resource.name: resource for resource in self._generators.resources}
        known = [view for view in views if view.name in resources]
        ledger, now = SqlSpendLedger(self._services.generation), self._services.clock.now_ms()
        reports = await report_on([resources[view.name] for view in known], self._services.store, ledger, self._services.clock)
        return [with_report(view, ReportResponse.of(report, now).model_dump()) for view, report in zip(known, reports, strict=True)]

    async def close(self) -> None:
        await self._calls.close()


def _generator_view(described: Mapping[str, Any], resource: GeneratorService, worker: ProcessState | None) -> GeneratorView:
    queue = described["queue"]
    view = GeneratorView(
        name=resource.name,
        task=resource.spec.task,
        model=resource.spec.model_label,
        state=cast("GeneratorState", described["state"]),
        reason=described["reason"],
        versions=Versions(api=resource.api_version, generation=resource.metadata.generation, software=version("octavo")),
        spec=spec_in_short(resource.spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)),
        queue=Queue(queue["queued"], queue["running"], queue["delayed"]),
        url=f"/generators/{resource.name}",
    )
    if worker is None or view.state == "unavailable":
        return view
    if worker.state == "starting" and worker.reason is not None:
        return replace(view, state="degraded", reason=f"{worker.name} {worker.reason}, {worker.restarts} times so far; it is started again")
    return replace(view, state="sleeping") if worker.state == "sleeping" and view.state == "idle" else view


def _process_view(state: ProcessState) -> ProcessView:
    return ProcessView(
        name=state.name,
        state=state.state,
        restarts=state.restarts,
        since=state.since,
        reason=state.reason,
        generators=state.generators,
    )
