"""The HTTP process of a laptop: `python -m octavo.platform.server`. SIGHUP reads the generators' file again."""

from __future__ import annotations

import asyncio
import signal

import structlog
import uvicorn
import uvloop

from octavo.platform.app import Platform, PlatformSettings
from octavo_core.errors import OctavoError
from octavo_core.settings import read_settings
from octavo_core.telemetry import configure_logging, configure_tracing
from octavo_generation.api.services import open_job_services
from octavo_generation.resources import read_generators_file
from octavo_generation.uploads import UploadSettings

log = structlog.get_logger(__name__)


async def serve(settings: PlatformSettings) -> None:
    services = open_job_services(
        database_url=settings.jobs_url(),
        redis_url=settings.redis_url.get_secret_value(),
        home=settings.home,
        signing_key=None if settings.signing_key is None else settings.signing_key.get_secret_value(),
        uploads=read_settings(UploadSettings).upload_limits(),
    )
    platform = Platform(settings, services, read_generators_file(settings.generators_file))

    def reload() -> None:
        try:
            platform.reload(read_generators_file(settings.generators_file))
        except (OctavoError, ValueError, OSError) as error:
            log.error("the generators' file cannot be read; serving on as before", error=str(error))

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload)
    server = uvicorn.Server(
        uvicorn.Config(
            platform,
            host=settings.host,
            port=settings.port,
            http="httptools",
            lifespan="on",
            access_log=False,
            log_config=None,
            log_level="warning",
            server_header=False,
            # Nothing here asks for the caller's address, and each request would pay for looking.
            proxy_headers=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=5,
            backlog=2048,
            # Streams count too; beyond it callers get 503 at once instead of memory running out.
            limit_concurrency=4_096,
        )
    )
    await server.serve()


def main() -> None:
    settings = read_settings(PlatformSettings)
    configure_logging("api", fmt=settings.log_format, level=settings.log_level)
    configure_tracing("octavo-platform", settings.otlp_endpoint)
    uvloop.run(serve(settings))


if __name__ == "__main__":
    main()
