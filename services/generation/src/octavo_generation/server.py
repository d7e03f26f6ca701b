"""The API process of one generator, as the operator runs it: `python -m octavo_generation.server`.

Serves the generator at `/` and, for an ingress that passes whole paths, at `/generators/NAME`. It listens at once: while its
database and its Redis are waited for, the process is alive and not ready, and requests get 503. When they do not come it ends
with a last line that says why.

SIGTERM: readiness fails at once; for `OCTAVO_LINGER_SECONDS` requests are still taken, because it takes a cluster a moment to
send them elsewhere; then no new connection is, and open requests have `OCTAVO_DRAIN_SECONDS` to end. Callers who wait for a
result get a 202 before that, and streams of events end, to be resumed elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import os
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass

import structlog
import uvicorn
from pydantic import Field, SecretStr
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from octavo_core.errors import Misconfigured, NotFound, Unavailable
from octavo_core.garbage import freeze_what_is_loaded
from octavo_core.http import Edge, configure_door, problem_response
from octavo_core.identity.forwarding import MIN_KEY_CHARS
from octavo_core.net.webhooks import WebhookSettings
from octavo_core.settings import also, read_settings
from octavo_core.spec import GeneratorService
from octavo_generation.api import JobServices, create_generator_app
from octavo_generation.api.services import open_job_services
from octavo_generation.generator import serve as serve_generator
from octavo_generation.process import named_resources, run
from octavo_generation.settings import DATABASE_URL, GenerationSettings
from octavo_generation.starting import database_need, reach, redis_need
from octavo_generation.uploads import UploadSettings

log = structlog.get_logger(__name__)

ANSWER_BEFORE_END_S = 3.0
"""How long before the last moment waiting callers are answered."""
_BACKLOG = 2_048


class ServerSettings(GenerationSettings):
    host: str = Field("0.0.0.0", description="Address to listen on.")  # noqa: S104 - a pod is reached by its own address
    port: int = Field(8000, ge=1, le=65_535, json_schema_extra=also("API_PORT", "PORT"), description="Port to listen on.")
    database_url: SecretStr | None = DATABASE_URL
    generators: str = Field(description="Name of the generator to serve.")
    generators_file: str = Field(description="JSON file with the resources.")
    jwks_url: str | None = Field(None, description="Public keys that tokens are checked with; needed where the generator asks for tokens.")
    issuer: str = Field("octavo", description="Issuer that tokens must name.")
    forwarding_key: SecretStr | None = Field(
        None, min_length=MIN_KEY_CHARS, description="What the activator signs with when it hands over jobs; 32 characters or more."
    )
    events_redis_url: SecretStr | None = Field(None, description="Redis of the event streams, where it is not the one of the bell.")
    signing_key: SecretStr | None = Field(
        None,
        description="What links to pictures are signed with, 32 characters or more. Left out: it follows from OCTAVO_FORWARDING_KEY, else"
        " one is made in OCTAVO_HOME.",
    )
    start_seconds: float = Field(120.0, ge=0, description="How long database and Redis are waited for at start.")
    linger_seconds: float = Field(3.0, ge=0, description="How long requests are still taken after SIGTERM.")
    drain_seconds: float = Field(20.0, ge=0, description="How long open requests may still take after that.")


@dataclass(slots=True)
class Phase:
    """Where the process is in its life; readiness stands on it."""

    waiting_for: str | None = "its database and its Redis"
    draining: bool = False

    async def check(self) -> None:
        """Raises `Unavailable`."""
        if self.draining:
            raise Unavailable("this process is about to end; others take its requests")
        if self.waiting_for is not None:
            raise self.starting()

    def starting(self) -> Unavailable:
        return Unavailable(f"starting: waiting for {self.waiting_for}", retry_after=2)


class GeneratorServer:
    """The ASGI callable of the process: the generator under both its paths, and what stands in for it before it is ready."""

    def __init__(self, name: str, app: ASGIApp, phase: Phase) -> None:
        self._app = app
        self._prefix = f"/generators/{name}"
        self._phase = phase

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path: str = scope["path"]
        root = self._prefix if path.startswith(self._prefix + "/") else ""
        if root:
            # Starlette's own convention for mounted applications: `path` stays whole, `root_path` names what is before.
            scope = {**scope, "root_path": root}
        elif path.startswith("/generators/"):
            await _refuse(NotFound("this process serves one generator, and that is not its name"), scope, receive, send)
            return
        if self._phase.waiting_for is not None and not path[len(root) :].startswith(_ALWAYS):
            await _refuse(self._phase.starting(), scope, receive, send)
            return
        await self._app(scope, receive, _closing(send) if self._phase.draining else send)


_ALWAYS = ("/health", "/metrics", "/api/v1/health", "/docs", "/redoc", "/openapi.json")
"""What is answered without database and Redis too."""


async def serve(settings: ServerSettings) -> None:
    configure_door(settings)
    resource = _find(settings)
    key = settings.forwarding_key
    generator = serve_generator(
        resource, jwks_url=settings.jwks_url, issuer=settings.issuer, forwarding_key=None if key is None else key.get_secret_value()
    )
    phase = Phase()
    services = open_job_services(
        database_url=settings.jobs_url(),
        redis_url=settings.redis_url.get_secret_value(),
        events_redis_url=None if settings.events_redis_url is None else settings.events_redis_url.get_secret_value(),
        home=settings.home,
        pictures=settings.pictures,
        signing_key=_signing_key(settings),
        uploads=read_settings(UploadSettings).upload_limits(),
        webhooks=read_settings(WebhookSettings).webhook_reach("webhook"),
    )
    services.intake.ids_per_message[generator.name] = min(resource.spec.workers.concurrency, 32)
    app = create_generator_app(
        generator,
        services,
        checks={"process": phase.check},
        max_body_bytes=settings.max_body_bytes,
        cors_origins=settings.cors_origins,
    )
    await _run(settings, GeneratorServer(generator.name, app, phase), phase, services)


def _signing_key(settings: ServerSettings) -> str | None:
    """All API pods of a generator must have the same; one that follows from the key that they share will do."""
    if settings.signing_key is not None:
        return settings.signing_key.get_secret_value()
    if settings.forwarding_key is not None:
        return hmac.digest(settings.forwarding_key.get_secret_value().encode(), b"octavo links to pictures", "sha256").hex()
    return None


async def _run(settings: ServerSettings, application: ASGIApp, phase: Phase, services: JobServices) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    server = _Server(_config(settings, application))
    listening = asyncio.create_task(server.serve([_listen(settings)]), name="http")
    starting = asyncio.create_task(_start(settings, phase, services), name="start")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    try:
        await asyncio.wait([listening, starting, stopping], return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            # Raises what keeps it from starting.
            starting.result()
            await asyncio.wait([listening, stopping], return_when=asyncio.FIRST_COMPLETED)
            await _drain(settings, phase, services, listening)
    finally:
        starting.cancel()
        stopping.cancel()
        server.should_exit = True
        await asyncio.gather(listening, starting, stopping, return_exceptions=True)
        await services.close()


async def _start(settings: ServerSettings, phase: Phase, services: JobServices) -> None:
    needs = [database_need(settings.jobs_url(), services.store), redis_need(settings.redis_url.get_secret_value())]
    phase.waiting_for = " and ".join(need.name for need in needs)
    await reach(needs, within_s=settings.start_seconds)
    await services.start()
    freeze_what_is_loaded()
    phase.waiting_for = None
    log.info("the API is ready", port=settings.port)


async def _drain(settings: ServerSettings, phase: Phase, services: JobServices, listening: asyncio.Task[None]) -> None:
    phase.draining = True
    services.answer_by = time.monotonic() + settings.linger_seconds + max(0.0, settings.drain_seconds - ANSWER_BEFORE_END_S)
    log.info("draining", lingers_s=settings.linger_seconds, deadline_s=settings.drain_seconds)
    await asyncio.wait([listening], timeout=settings.linger_seconds)


def _listen(settings: ServerSettings) -> socket.socket:
    """Here and not in uvicorn, which would end the process in its own words."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise Misconfigured(f"cannot listen on {settings.host} port {settings.port}: {os.strerror(error.errno or 0)}") from None


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are ours: uvicorn would refuse new connections from the first moment on."""
        yield


def _config(settings: ServerSettings, application: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        host=settings.host,
        port=settings.port,
        http="httptools",
        lifespan="off",
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        # `OCTAVO_TRUSTED_PROXIES` decides at the edge whose word is believed.
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=max(1, round(settings.drain_seconds)),
        backlog=_BACKLOG,
        # Streams count too; beyond it callers get 503 at once instead of memory running out.
        limit_concurrency=4_096,
    )


def _find(settings: ServerSettings) -> GeneratorService:
    found = named_resources(settings.generators_file, settings.generators)
    if len(found) != 1:
        raise Misconfigured("OCTAVO_GENERATORS must be the name of one generator in OCTAVO_GENERATORS_FILE")
    return found[0]


def _closing(send: Send) -> Send:
    """A caller whose connection is kept alive shall ask elsewhere next time."""

    async def send_last(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
        await send(message)

    return send_last


async def _refuse(error: NotFound | Unavailable, scope: Scope, receive: Receive, send: Send) -> None:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await problem_response(error)(scope, receive, send)

    await Edge(answer, service="api", max_body_bytes=1_048_576)(scope, receive, send)


def main() -> None:
    run("api", ServerSettings, serve)


if __name__ == "__main__":
    main()
