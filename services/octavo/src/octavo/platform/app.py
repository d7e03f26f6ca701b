"""The platform's application: every service's routes, and each generator's own application under `/generators/NAME`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from pydantic import Field, SecretStr
from starlette.types import Receive, Scope, Send

from octavo.platform.generators import ServedGenerators
from octavo_core.errors import NotFound
from octavo_core.garbage import freeze_what_is_loaded
from octavo_core.http import Edge, create_app, problem_response
from octavo_core.identity import ANONYMOUS, JwksKeys, Principal, TokenVerifier
from octavo_core.settings import CommonSettings
from octavo_core.spec import GeneratorService
from octavo_generation.api import JobServices
from octavo_notifications import notifications_router

_PREFIX = "/generators/"


class PlatformSettings(CommonSettings):
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=1, le=65_535, description="Port to listen on.")
    generators_file: str = Field(description="JSON file with the resources to serve.")
    jwks_url: str | None = Field(None, description="Public keys that tokens are checked with; needed where a generator asks for tokens.")
    issuer: str = Field("octavo", description="Issuer that tokens must name.")
    signing_key: SecretStr | None = Field(
        None, description="What links to pictures are signed with, 32 characters or more; made in OCTAVO_HOME when absent."
    )


class Platform:
    """One ASGI callable. A request under `/generators/NAME/` goes straight to that generator's application, which has an edge
    of its own (its metrics bear the generator's name); all else to the platform's own routes. `reload` swaps the generators
    while requests are under way."""

    def __init__(self, settings: PlatformSettings, services: JobServices, resources: Sequence[GeneratorService]) -> None:
        self._services = services
        self.generators = ServedGenerators(services, settings)
        self.generators.replace(resources)
        self._verifier = (
            None if settings.jwks_url is None else TokenVerifier(JwksKeys(settings.jwks_url), issuer=settings.issuer, audience=None)
        )
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
        await self._edge(scope, receive, send)

    def reload(self, resources: Sequence[GeneratorService]) -> None:
        self.generators.replace(resources)

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(_PREFIX):
            name, slash, _ = scope["path"][len(_PREFIX) :].partition("/")
            if name and slash:
                await problem_response(NotFound(f"there is no generator named {name[:64]}"))(scope, receive, send)
                return
        await self._app(scope, receive, send)

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
        app.include_router(notifications_router(self._services.hub, self._authenticate))

        @app.get("/generators", tags=["generators"], summary="The generators that are there")
        async def list_generators() -> dict[str, Any]:
            return {"success": True, "items": await self.generators.describe()}

        return app

    async def _authenticate(self, authorization: str | None) -> Principal:
        return ANONYMOUS if self._verifier is None else await self._verifier.verify(authorization)

    @asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        await self._services.start()
        freeze_what_is_loaded()
        yield
        await self._services.close()
