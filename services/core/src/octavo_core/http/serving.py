"""A service as a process of its own: settings, logs, the loop, uvicorn; one clear last line when it cannot start."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Callable, Iterator
from typing import TypeVar

import structlog
import uvicorn
import uvloop
from fastapi import FastAPI
from pydantic import Field

from octavo_core.errors import Misconfigured, OctavoError
from octavo_core.garbage import freeze_what_is_loaded
from octavo_core.http.door import configure_door
from octavo_core.identity import JwksKeys, KeySource
from octavo_core.settings import CommonSettings, read_settings
from octavo_core.telemetry import configure_logging, configure_tracing

log = structlog.get_logger(__name__)

_DRAIN_S = 20


class ServiceSettings(CommonSettings):
    """Of a process that listens."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=1, le=65_535, description="Port to listen on.")
    jwks_url: str | None = Field(None, description="Public keys that tokens are checked with.")
    issuer: str = Field("octavo", description="Issuer that tokens must name.")
    audience: str = Field("octavo", description="Audience that tokens must name.")

    def key_source(self, given: KeySource | None) -> KeySource:
        """What tokens are checked with: `given`, where whoever composes the service has it, or else what is fetched from `jwks_url`.
        Raises `Misconfigured`."""
        if given is not None:
            return given
        if self.jwks_url is None:
            raise Misconfigured("OCTAVO_JWKS_URL must say where the public keys are that tokens are checked with")
        return JwksKeys(self.jwks_url)


Settings = TypeVar("Settings", bound=ServiceSettings)


def run(service: str, kind: type[Settings], create: Callable[[Settings], FastAPI]) -> None:
    """Until SIGTERM or SIGINT: open requests then have `_DRAIN_S` seconds. Exits with 1, and a last line
    that says why, for a setting that cannot be."""
    try:
        settings = read_settings(kind)
        configure_logging(service, fmt=settings.log_format, level=settings.log_level)
        configure_tracing(f"octavo-{service}", settings.otlp_endpoint)
        configure_door(settings)
        app = create(settings)
    except OctavoError as error:
        if not logging.getLogger().handlers:
            configure_logging(service)
        log.error(error.message)
        sys.exit(1)
    freeze_what_is_loaded()
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http="httptools",
        lifespan="on",
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        # `OCTAVO_TRUSTED_PROXIES` decides at the edge whose word is believed.
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=_DRAIN_S,
        backlog=2_048,
        # Beyond it callers get 503 at once instead of memory running out.
        limit_concurrency=4_096,
    )
    uvloop.run(_Server(config).serve())


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """uvicorn would raise the signal again at the end, and a process that did all it was told would end by it, not with 0."""
        for sign in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(sign, self.handle_exit, sign, None)
        yield
