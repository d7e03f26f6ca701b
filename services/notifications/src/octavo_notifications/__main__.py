"""The process: `python -m octavo_notifications`. SIGTERM closes the connections, whose clients come back elsewhere, and drains.
`python -m octavo_notifications migrate` brings the schema up to date, and no more."""

from __future__ import annotations

import sys

import structlog
import uvicorn
import uvloop

from octavo_core.clock import SystemClock
from octavo_core.errors import OctavoError
from octavo_core.garbage import freeze_what_is_loaded
from octavo_core.http import configure_door
from octavo_core.settings import read_settings
from octavo_core.telemetry import configure_logging, configure_tracing
from octavo_jobs.migrating import Migrated, asked_to_migrate, run_migrations
from octavo_jobs.store import open_store
from octavo_notifications.app import create_service
from octavo_notifications.settings import NotificationsSettings
from octavo_notifications.store import open_notification_store

log = structlog.get_logger(__name__)


async def serve(settings: NotificationsSettings) -> None:
    service = create_service(settings)
    server = uvicorn.Server(
        uvicorn.Config(
            service.app,
            host=settings.host,
            port=settings.port,
            http="httptools",
            ws="websockets-sansio",
            ws_max_size=settings.socket_message_bytes,
            ws_per_message_deflate=False,
            lifespan="off",
            access_log=False,
            log_config=None,
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=5,
            backlog=2048,
            # Streams count too; beyond it callers get 503 at once instead of memory running out.
            limit_concurrency=settings.socket_clients + 1_024,
        )
    )
    await service.start()
    await service.parts.open_sockets()
    freeze_what_is_loaded()
    try:
        await server.serve()
    finally:
        await service.close()


def _stores(settings: NotificationsSettings) -> list[Migrated]:
    url, clock = settings.jobs_url(), SystemClock()
    return [open_store(url, clock), open_notification_store(url, clock)]


def main() -> None:
    if asked_to_migrate():
        run_migrations("notifications", NotificationsSettings, _stores)
        return
    try:
        settings = read_settings(NotificationsSettings)
        configure_logging("notifications", fmt=settings.log_format, level=settings.log_level)
        configure_tracing("octavo-notifications", settings.otlp_endpoint)
        configure_door(settings)
        uvloop.run(serve(settings))
    except OctavoError as error:
        configure_logging("notifications")
        log.error(error.message)
        sys.exit(1)


if __name__ == "__main__":
    main()
