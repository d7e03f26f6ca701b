"""How a process of a generator begins and ends: settings, logs, the loop, and one last line when it cannot go on.

In a cluster the last line of a pod's log is what the operator shows as the root cause, so nothing is written after it.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
import uvloop

from octavo_core.errors import Misconfigured, OctavoError
from octavo_core.settings import CommonSettings, read_settings
from octavo_core.spec import GeneratorService
from octavo_core.telemetry import configure_logging, configure_tracing
from octavo_generation.completing import FromEnvironment
from octavo_generation.resources import read_generators_file

log = structlog.get_logger(__name__)

Settings = TypeVar("Settings", bound=CommonSettings)


def run(service: str, kind: type[Settings], serve: Callable[[Settings], Awaitable[None]]) -> None:
    """Until `serve` returns. Exits with 1 and one clear last line for whatever it raises."""
    try:
        settings = read_settings(kind)
        configure_logging(service, fmt=settings.log_format, level=settings.log_level)
        configure_tracing(
            f"octavo-{service}",
            settings.otlp_endpoint,
            application_insights=settings.application_insights,
            environment=settings.environment,
        )
        uvloop.run(_awaited(serve, settings))
    except OctavoError as error:
        _end(service, error.message)
    except ImportError as error:
        _end(service, _missing(error).message)
    except Exception as error:
        log.exception(f"the {service} failed")
        _end(service, f"the {service} failed unexpectedly: {type(error).__name__}: {error}"[:500])


def named_resources(file: str, names: str) -> list[GeneratorService]:
    """Those of `OCTAVO_GENERATORS_FILE` that stand in `OCTAVO_GENERATORS`, those of images and of scripts with the variables of the
    services that people move here from, for what they leave out. Raises `Misconfigured`."""
    try:
        resources = read_generators_file(file, FromEnvironment(os.environ))
    except (OSError, ValueError) as error:
        raise Misconfigured(f"OCTAVO_GENERATORS_FILE: {file} cannot be read ({type(error).__name__}: {error})"[:500]) from None
    return [resource for resource in resources if resource.name in names.split(",")]


async def _awaited(serve: Callable[[Settings], Awaitable[None]], settings: Settings) -> None:
    await serve(settings)


def _end(service: str, reason: str) -> None:
    if not logging.getLogger().handlers:
        configure_logging(service)
    log.error(reason)
    sys.exit(1)


def _missing(error: ImportError) -> Misconfigured:
    extra = {"asyncpg": "octavo-jobs[postgresql]", "aiomysql": "octavo-jobs[mysql]"}.get(error.name or "")
    remedy = f"; install {extra}" if extra else ""
    return Misconfigured(f"the Python package {error.name} is not installed here{remedy}")
