"""`python -m SERVICE migrate`: the schema alone, for whoever wants it up to date before new processes start.

Every process brings its schema up to date when it starts, too, so nothing depends on this; it moves the moment. Safe to call from several
processes at once and again after a crash, which is the stores' own contract.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import structlog

from octavo_core.errors import OctavoError, Unavailable
from octavo_core.settings import CommonSettings, read_settings
from octavo_core.telemetry import configure_logging

log = structlog.get_logger(__name__)

Settings = TypeVar("Settings", bound=CommonSettings)
WITHIN_S = 120.0
_PAUSE_S = 1.0


class Migrated(Protocol):
    async def migrate(self) -> None: ...

    async def close(self) -> None: ...


def asked_to_migrate() -> bool:
    """Whether that is what the command line says."""
    return sys.argv[1:] == ["migrate"]


def run_migrations(service: str, kind: type[Settings], open_stores: Callable[[Settings], Sequence[Migrated]]) -> None:
    """Exits with 0 when the schema is up to date, else with 1 and a last line that says why."""
    try:
        settings = read_settings(kind)
        configure_logging(service, fmt=settings.log_format, level=settings.log_level)
        asyncio.run(migrate(open_stores(settings)))
    except OctavoError as error:
        configure_logging(service)
        log.error(error.message)
        sys.exit(1)
    log.info("the schema is up to date")


async def migrate(stores: Sequence[Migrated], *, within_s: float = WITHIN_S) -> None:
    """One after the other, and closes them. A database that is away is waited for; raises `Unavailable` when it does not come."""
    give_up = time.monotonic() + within_s
    try:
        for store in stores:
            while True:
                try:
                    await store.migrate()
                    break
                except Unavailable as error:
                    if time.monotonic() > give_up:
                        raise
                    log.warning("waiting for the database", reason=error.message)
                    await asyncio.sleep(_PAUSE_S)
    finally:
        for store in stores:
            await store.close()
