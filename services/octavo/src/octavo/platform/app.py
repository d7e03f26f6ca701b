"""The platform's application: every service's routes, and each generator's own application under `/generators/NAME`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from pydantic import Field, SecretStr
from starlette.types import Receive, Scope, Send

from octavo.platform.generators import ServedGenerators
from octavo.runner.layout import Home
from octavo_core.errors import NotFound
from octavo_core.garbage import freeze_what_is_loaded
from octavo_core.http import Edge, create_app, problem_response
from octavo_core.identity import JwksKeys, TokenVerifier
from octavo_core.settings import also
from octavo_core.spec import GeneratorService
from octavo_generation.api import JobServices
from octavo_generation.settings import GenerationSettings
from octavo_notifications.app import is_socket_path
from octavo_notifications.composing import Foundation, Notifications
from octavo_notifications.identity import TokenCheck
from octavo_notifications.settings import NotificationsTuning

if TYPE_CHECKING:
    from octavo.platform.people import People

DRAIN_S = 5.0
"""How long deliveries under way may still take at the end."""
_PREFIX = "/generators/"


class PlatformSettings(GenerationSettings):
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=1, le=65_535, json_schema_extra=also("API_PORT"), description="Port to listen on.")
    generators_file: str = Field(description="JSON file with the resources to serve.")
    jwks_url: str | None = Field(None, description="Public keys that tokens are checked with; needed where a generator asks for tokens.")
    issuer: str = Field("octavo", description="Issuer that tokens must name.")
    people: bool = Field(
        True, description="Serve accounts, characters and stories beside the generators; tokens are then issued here, not elsewhere."
    )
    signing_key: SecretStr | None = Field(
        None, description="What links to pictures are signed with, 32 characters or more; made in OCTAVO_HOME when absent."
    )


class Platform:
    """One ASGI callable. A request under `/generators/NAME/` goes straight to that generator's application, which has an edge
    of its own (its metrics bear the generator's name); all else to the platform's own routes. `reload` swaps the generators
    while requests are under way."""

    def __init__(
        self,
        settings: PlatformSettings,
        services: JobServices,
        resources: Sequence[GeneratorService],
        tuning: NotificationsTuning | None = None,
    ) -> None:
        self._services = services
        self.generators = ServedGenerators(services, settings)
        self.generators.replace(resources)
        self._people = self._compose_people(settings)
        tuning = tuning or NotificationsTuning()
        if self._people is not None and not tuning.sends_mails:
            tuning = tuning.model_copy(update=dict(self._people.of_mails))
        self._notifications = Notifications(
            Foundation(services.hub, services.intake, services.store, settings.jobs_url(), settings.home, services.clock),
            TokenCheck(self._verifier(settings)),
            tuning,
            cors_origins=settings.cors_origins,
        )
        self._beside = services.beside(settings.redis_url.get_secret_value(), self._notifications.lanes)
        self._app = self._own_routes(settings)
        self._edge = Edge(self._dispatch, service="platform", max_body_bytes=settings.max_body_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(_PREFIX):
            name, slash, _ = scope["path"][len(_PREFIX) :].partition("/")
            found = self.generators.find(name) if slash else None
            if found is not None:
                # Starlette's own convention for mounted applications: `path` stays whole, `root_path` names what is before.
                await found({**scope, "root_path": f"{scope.get('root_path', '')}{_PREFIX}{name}"}, receive, send)
                return
        if self._people is not None and scope["type"] == "http":
            # Their own edges have bounds of their own: pictures are larger than what else is taken.
            theirs = self._people.find(scope["path"])
            if theirs is not None:
                await theirs(scope, receive, send)
                return
        await self._edge(scope, receive, send)

    def reload(self, resources: Sequence[GeneratorService]) -> None:
        self.generators.replace(resources)

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(_PREFIX):
            name, slash, _ = scope["path"][len(_PREFIX) :].partition("/")
            if name and slash:
                await problem_response(NotFound(f"there is no generator named {name[:64]}"))(scope, receive, send)
                return
        if scope["type"] in ("http", "websocket") and is_socket_path(scope["path"]):
            await self._notifications.socket_io(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _compose_people(self, settings: PlatformSettings) -> People | None:
        """None where they are not wanted, or where somebody else issues the tokens."""
        if not settings.people or settings.jwks_url is not None:
            return None
        # Here and not above: a platform that only generates need not wait for it.
        from octavo.platform.admin import create_admin, log_eraser
        from octavo.platform.people import People
        from octavo_admin.settings import AdminSettings

        home = Home(settings.home)
        erasers = [self._erase_work, lambda user: self._notifications.erase(user), log_eraser(home)]
        people = People(settings.port, self._services.clock, erasers)
        people.add(
            create_admin(
                people.settings_of(AdminSettings),
                self._services,
                self.generators,
                home=home,
                health=people.readiness,
                keys=people.keys,
            )
        )
        return people

    def _verifier(self, settings: PlatformSettings) -> TokenVerifier | None:
        """None: everyone is one anonymous user."""
        if self._people is not None:
            return TokenVerifier(self._people.keys, issuer=settings.issuer, audience="octavo")
        return None if settings.jwks_url is None else TokenVerifier(JwksKeys(settings.jwks_url), issuer=settings.issuer, audience=None)

    async def _erase_work(self, user: str) -> None:
        """What generators made for a user: pictures and jobs."""
        await self._services.erase(user)

    def _own_routes(self, settings: PlatformSettings) -> FastAPI:
        app = create_app(
            service="platform",
            title="Octavo",
            description="AI generators from one YAML each.",
            version=version("octavo"),
            checks={"database": self._services.check_database, "redis": self._services.check_redis},
            lifespan=self._lifespan,
            cors_origins=settings.cors_origins,
            max_body_bytes=settings.max_body_bytes,
        )
        # The path that all services have in common cannot stand for one of them here.
        for router in self._notifications.routers(erasure_paths=("/api/notifications/internal/users/{user_id}",)):
            app.include_router(router)

        @app.get("/generators", tags=["generators"], summary="The generators that are there")
        async def list_generators() -> dict[str, Any]:
            return {"success": True, "items": await self.generators.describe()}

        return app

    @asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        await self._services.start()
        await self._notifications.start()
        self._beside.start()
        if self._people is not None:
            await self._people.start()
        freeze_what_is_loaded()
        yield
        if self._people is not None:
            await self._people.close()
        await self._beside.stop(DRAIN_S)
        await self._notifications.close()
        await self._services.close()
