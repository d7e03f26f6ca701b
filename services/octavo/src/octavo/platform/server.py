"""The HTTP process of a laptop: `python -m octavo.platform.server`. SIGHUP reads the generators' file again."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping

import structlog
import uvicorn
import uvloop

from octavo.platform.app import Platform, PlatformSettings
from octavo_core.errors import OctavoError
from octavo_core.http import configure_door
from octavo_core.net.webhooks import WebhookSettings
from octavo_core.settings import read_settings
from octavo_core.spec import GeneratorService
from octavo_core.telemetry import configure_logging, configure_tracing
from octavo_generation.api.services import open_job_services
from octavo_generation.completing import FromEnvironment
from octavo_generation.resources import read_generators_file
from octavo_generation.uploads import UploadSettings
from octavo_notifications.settings import NotificationsTuning

log = structlog.get_logger(__name__)


async def serve(settings: PlatformSettings) -> None:
    services = open_job_services(
        database_url=settings.jobs_url(),
        redis_url=settings.redis_url.get_secret_value(),
        home=settings.home,
        pictures=settings.pictures,
        signing_key=None if settings.signing_key is None else settings.signing_key.get_secret_value(),
        uploads=read_settings(UploadSettings).upload_limits(),
        webhooks=read_settings(WebhookSettings).webhook_reach("webhook"),
    )
    tuning = read_settings(NotificationsTuning)
    platform = Platform(settings, services, _generators(settings), tuning)

    def reload() -> None:
        try:
            platform.reload(_generators(settings))
        except (OctavoError, ValueError, OSError) as error:
            log.error("the generators' file cannot be read; serving on as before", error=str(error))

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload)
    server = uvicorn.Server(
        uvicorn.Config(
            platform,
            host=settings.host,
            port=settings.port,
            http="httptools",
            ws="websockets-sansio",
            ws_max_size=tuning.socket_message_bytes,
            ws_per_message_deflate=False,
            lifespan="on",
            access_log=False,
            log_config=None,
            log_level="warning",
            server_header=False,
            # `OCTAVO_TRUSTED_PROXIES` decides at the edge whose word is believed.
            proxy_headers=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=5,
            backlog=2048,
            # Streams count too; beyond it callers get 503 at once instead of memory running out.
            limit_concurrency=4_096,
        )
    )
    await server.serve()


def _generators(settings: PlatformSettings) -> list[GeneratorService]:
    """Raises what `read_generators_file` does."""
    environment: Mapping[str, str] = os.environ
    if settings.people and settings.jwks_url is None:
        # Projects are kept here, unless it is said who keeps them.
        environment = {"PROJECT_SERVICE_URL": f"http://127.0.0.1:{settings.port}", **environment}
    return read_generators_file(settings.generators_file, FromEnvironment(environment))


def main() -> None:
    settings = read_settings(PlatformSettings)
    configure_logging("api", fmt=settings.log_format, level=settings.log_level)
    configure_tracing(
        "octavo-platform",
        settings.otlp_endpoint,
        application_insights=settings.application_insights,
        environment=settings.environment,
    )
    configure_door(settings)
    uvloop.run(serve(settings))


if __name__ == "__main__":
    main()
