"""Auth alone in its process: `python -m octavo_auth`.

It listens at once: while its database is waited for, the process is alive and not ready, and requests get 503. When the database does
not come it ends with a last line that says why. SIGTERM: no new connection is taken; open requests and jobs have
`OCTAVO_DRAIN_SECONDS` to end. `python -m octavo_auth migrate` brings the schema up to date, and no more.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Iterator

import structlog
import uvicorn
import uvloop
from starlette.types import ASGIApp, Receive, Scope, Send

from octavo_auth.adapters.store import open_auth_store
from octavo_auth.app import AuthService, create_service
from octavo_auth.settings import AuthSettings
from octavo_core.clock import SystemClock
from octavo_core.errors import OctavoError, Unavailable
from octavo_core.garbage import freeze_what_is_loaded
from octavo_core.http import Edge, configure_door, problem_response
from octavo_core.settings import read_settings
from octavo_core.telemetry import configure_logging, configure_tracing
from octavo_jobs.migrating import Migrated, asked_to_migrate, run_migrations
from octavo_jobs.store import open_store

log = structlog.get_logger(__name__)

_PAUSE_S = 1.0
_ALWAYS = ("/api/auth/health/live", "/api/auth/metrics", "/api/auth/docs", "/api/auth/openapi.json")


class Gate:
    """Stands in for the service until it has started."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.open = False
        self._closed_edge = Edge(self._refuse, service="auth", max_body_bytes=1_048_576)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        ready = self.open or scope["path"].startswith(_ALWAYS)
        await (self._app if ready else self._closed_edge)(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        await problem_response(Unavailable("starting: waiting for the database", retry_after=2))(scope, receive, send)


async def serve(settings: AuthSettings) -> None:
    service = create_service(settings)
    gate = Gate(service.app)
    server = _Server(
        uvicorn.Config(
            gate,
            host=settings.host,
            port=settings.port,
            http="httptools",
            lifespan="off",
            access_log=False,
            log_config=None,
            log_level="warning",
            server_header=False,
            # `OCTAVO_TRUSTED_PROXIES` decides whose word is believed.
            proxy_headers=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=max(1, round(settings.drain_seconds)),
            backlog=2_048,
            limit_concurrency=4_096,
        )
    )
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, server.stop)
    starting = asyncio.create_task(_start(service, gate, settings, server), name="start")
    try:
        await server.serve()
    finally:
        starting.cancel()
        results = await asyncio.gather(starting, return_exceptions=True)
        await service.close()
    if isinstance(results[0], OctavoError):
        raise results[0]


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are ours: uvicorn would raise them anew when it has ended, before the service has closed."""
        yield

    def stop(self) -> None:
        self.should_exit = True


async def _start(service: AuthService, gate: Gate, settings: AuthSettings, server: uvicorn.Server) -> None:
    until = time.monotonic() + settings.start_seconds
    try:
        while True:
            try:
                await service.start()
                break
            except Unavailable as error:
                if time.monotonic() > until:
                    raise
                log.warning("waiting for the database", reason=error.message)
                await asyncio.sleep(_PAUSE_S)
    except BaseException:
        server.should_exit = True
        raise
    freeze_what_is_loaded()
    gate.open = True
    log.info("auth is ready", port=settings.port)


def _stores(settings: AuthSettings) -> list[Migrated]:
    return [open_auth_store(settings.users_url()), open_store(settings.jobs_url(), SystemClock())]


def main() -> None:
    if asked_to_migrate():
        run_migrations("auth", AuthSettings, _stores)
        return
    try:
        settings = read_settings(AuthSettings)
        configure_logging("auth", fmt=settings.log_format, level=settings.log_level)
        configure_tracing("octavo-auth", settings.otlp_endpoint)
        configure_door(settings)
        uvloop.run(serve(settings))
    except OctavoError as error:
        configure_logging("auth")
        log.error(error.message)
        sys.exit(1)


if __name__ == "__main__":
    main()
