"""The composition root: every adapter is chosen here; nothing is connected before the first request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version

from fastapi import FastAPI

from octavo_admin.adapters.calling import Calls
from octavo_admin.adapters.generator_jobs import GeneratorJobs
from octavo_admin.adapters.health import ServiceHealth
from octavo_admin.adapters.joined_jobs import JoinedJobs
from octavo_admin.adapters.journal import AuthJournal
from octavo_admin.adapters.kubernetes.api import KubeApi, Reach
from octavo_admin.adapters.kubernetes.control_plane import KubernetesControlPlane
from octavo_admin.adapters.kubernetes.logs import KubernetesLogs
from octavo_admin.adapters.loki import LokiLogs
from octavo_admin.adapters.people import AuthPeople
from octavo_admin.adapters.store_jobs import StoreJobs, StreamHistory
from octavo_admin.api.jobs import jobs_router
from octavo_admin.api.logs import logs_router
from octavo_admin.api.people import people_router
from octavo_admin.api.running import running_router
from octavo_admin.domain.acting import Acts
from octavo_admin.domain.ports import ControlPlane, JobDesk, JobHistory, LogSource
from octavo_admin.domain.tailing import Tails
from octavo_admin.settings import AdminSettings
from octavo_core.clock import Clock, SystemClock
from octavo_core.errors import Misconfigured
from octavo_core.http import create_app
from octavo_core.identity import JwksKeys, KeySource, ServiceTokens, TokenVerifier
from octavo_jobs.events import EventPublisher
from octavo_jobs.intake import JobIntake
from octavo_jobs.redis_client import open_redis
from octavo_jobs.store import open_store
from octavo_jobs.stream import EventHub
from octavo_jobs.transport import Bell

PREFIX = "/api/admin"


@dataclass(frozen=True, slots=True)
class Installation:
    """What the admin API stands on: a laptop's platform hands its own over, a cluster's is opened by `open_cluster`."""

    control: ControlPlane
    jobs: JobDesk
    history: JobHistory
    logs: LogSource


class Service:
    """`app` answers what lies under `prefixes`. Its lifespan closes it; who composes it into another application awaits `start` and
    `close` instead (each may be called twice)."""

    prefixes: tuple[str, ...] = (PREFIX,)

    def __init__(
        self, settings: AdminSettings, installation: Installation, *, keys: KeySource, tokens: ServiceTokens, calls: Calls
    ) -> None:
        self._installation = installation
        self._calls = calls
        self._people_calls = Calls(timeout_s=20.0)
        self._tails = Tails(installation.logs, at_once=settings.tails_at_once)
        self.app = self._application(settings, keys, Acts(installation.jobs, AuthJournal(settings.auth_url, tokens, calls)))

    async def start(self) -> None:
        """Nothing is needed: what does not answer is told by the routes that need it."""

    async def close(self) -> None:
        parts = self._installation
        for part in (parts.logs, parts.jobs, parts.history, parts.control, self._calls, self._people_calls):
            await part.close()

    def _application(self, settings: AdminSettings, keys: KeySource, acts: Acts) -> FastAPI:
        app = create_app(
            service="admin",
            title="Octavo admin",
            description="For admins: services, generators, jobs, logs, people, and the log of what admins did.",
            version=version("octavo-admin"),
            # What it shows may be down; that is when it is needed.
            checks={},
            lifespan=self._lifespan,
            cors_origins=settings.cors_origins,
            max_body_bytes=65_536,
            prefix=PREFIX,
        )
        app.state.verifier = TokenVerifier(keys, issuer=settings.issuer, audience=settings.audience)
        installation = self._installation
        app.include_router(running_router(installation.control, PREFIX))
        app.include_router(jobs_router(installation.jobs, installation.history, acts, PREFIX))
        app.include_router(logs_router(installation.logs, self._tails, PREFIX))
        app.include_router(people_router(AuthPeople(settings.auth_url, self._people_calls), PREFIX))
        return app

    @asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        await self.start()
        try:
            yield
        finally:
            await self.close()


def create_service(
    settings: AdminSettings, *, clock: Clock | None = None, keys: KeySource | None = None, installation: Installation | None = None
) -> Service:
    """`keys`: what tokens are checked with, where they are not to be fetched from `settings.jwks_url`. `installation` None: the cluster
    that the settings name. Raises `Misconfigured`."""
    if keys is None:
        if settings.jwks_url is None:
            raise Misconfigured("OCTAVO_JWKS_URL must say where the public keys are that tokens are checked with")
        keys = JwksKeys(settings.jwks_url)
    if settings.service_token_url is None or settings.service_secret is None:
        raise Misconfigured("OCTAVO_SERVICE_TOKEN_URL and OCTAVO_SERVICE_SECRET must say how the service gets its token")
    tokens = ServiceTokens(settings.service_token_url, client_id="admin", client_secret=settings.service_secret.get_secret_value())
    calls = Calls()
    if installation is None:
        installation = open_cluster(settings, tokens, calls, clock or SystemClock())
    return Service(settings, installation, keys=keys, tokens=tokens, calls=calls)


def open_cluster(settings: AdminSettings, tokens: ServiceTokens, calls: Calls, clock: Clock) -> Installation:
    """Raises `Misconfigured`."""
    api = KubeApi(Reach.in_cluster(settings.kubernetes_url, settings.kubernetes_token_file, settings.kubernetes_ca_file))
    control = KubernetesControlPlane(
        api,
        ServiceHealth(settings.service_urls, calls),
        tokens,
        calls,
        namespaces=settings.namespaces,
        selector=settings.log_selector,
    )
    logs: LogSource
    if settings.loki_url is not None:
        token = None if settings.loki_token is None else settings.loki_token.get_secret_value()
        logs = LokiLogs(settings.loki_url, selector=settings.loki_selector, calls=calls, tenant=settings.loki_tenant, token=token)
    else:
        logs = KubernetesLogs(api, namespaces=settings.namespaces, selector=settings.log_selector, newest=settings.log_lines)
    desks: list[JobDesk] = [GeneratorJobs(control, tokens, calls)]
    if settings.database_url is not None:
        desks.append(_PlatformJobs(settings, clock))
    client = open_redis(settings.redis_url.get_secret_value(), max_connections=4)
    return Installation(control, JoinedJobs(desks), StreamHistory(EventHub(client), client), logs)


class _PlatformJobs(StoreJobs):
    """Lanes of the services, whose database they share, over connections of our own."""

    def __init__(self, settings: AdminSettings, clock: Clock) -> None:
        redis_url = settings.redis_url.get_secret_value()
        self._client = open_redis(redis_url, max_connections=4)
        self._opened = open_store(settings.jobs_url(), clock)
        self._bell = Bell(redis_url)
        self._publisher = EventPublisher(self._client, self._opened)
        self._accepting = JobIntake(self._opened, self._bell, self._publisher, self._client)
        super().__init__(self._opened, self._accepting)

    async def close(self) -> None:
        await self._accepting.close()
        await self._publisher.close()
        await self._bell.close()
        await self._opened.close()
        await self._client.aclose()
