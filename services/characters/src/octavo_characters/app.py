"""The composition root: every adapter is chosen here; nothing is connected before `start`."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import FastAPI

from octavo_characters.api.routes import PREFIX, characters_router
from octavo_characters.domain.characters import CASCADE, Cascade, Characters
from octavo_characters.domain.drawing import QUEUE, Drawings
from octavo_characters.settings import CharactersSettings
from octavo_core.clock import Clock, SystemClock
from octavo_core.generators import GeneratorClient
from octavo_core.http import create_app, lifespan_of
from octavo_core.identity import ActingTokens, KeySource, TokenVerifier
from octavo_documents import open_documents
from octavo_documents.erasing import erasing_router
from octavo_documents.pictures import Pictures, open_picture_storage
from octavo_jobs.context import JobContext
from octavo_jobs.embedded import EmbeddedWorker
from octavo_jobs.lifecycle import Job
from octavo_jobs.runner import Lane


class Service:
    """Characters, whole: `app` answers what lies under `prefixes`, and their jobs run in this process. The app's lifespan starts and
    closes it; who composes it into another application awaits `start` and `close` instead (each may be called twice).

    Where a database is away, `start` returns all the same, and requests are answered 503 until it is there.
    """

    prefixes: tuple[str, ...] = (PREFIX,)

    def __init__(self, settings: CharactersSettings, *, clock: Clock, keys: KeySource, tokens: ActingTokens) -> None:
        self._documents = open_documents(settings.documents_address(), clock, timeout_s=settings.documents_timeout_seconds)
        self._generators = GeneratorClient(settings.generators_url, tokens, settings.generator_urls)
        self._jobs = EmbeddedWorker(
            settings, [Lane(QUEUE, self._draw, settings.work_concurrency), Lane(CASCADE, self._cascade, settings.work_concurrency)]
        )
        pictures = Pictures(open_picture_storage(settings.pictures_address("characters")))
        self._drawings = Drawings(
            self._documents,
            pictures,
            self._jobs.errands,
            self._generators,
            clock,
            generator=settings.picture_generator,
            within_s=settings.picture_seconds,
            attempts=settings.work_attempts,
        )
        self._pictures = Cascade(self._documents, pictures)
        self._characters = Characters(self._documents, pictures, self._jobs.errands, self._drawings, max_characters=settings.max_characters)
        self.app = self._application(settings, keys, max_picture_bytes=pictures.limits.max_bytes)

    async def start(self) -> None:
        await self._jobs.start()

    async def close(self) -> None:
        await self._jobs.close()
        await self._generators.close()
        await self._documents.close()

    async def erase(self, user: str) -> None:
        """What the route `DELETE /api/internal/users/{id}` does, for who composes services into one process."""
        await self._characters.erase(user)

    def _application(self, settings: CharactersSettings, keys: KeySource, *, max_picture_bytes: int) -> FastAPI:
        app = create_app(
            service="characters",
            title="Octavo characters",
            description="The people and beasts of stories. PUT and PATCH ask for If-Match (428 without, 412 with another version's ETag).",
            version=version("octavo-characters"),
            checks={"documents": self._documents.ping, "database": self._jobs.check_database, "redis": self._jobs.check_redis},
            lifespan=lifespan_of(self),
            cors_origins=settings.cors_origins,
            max_body_bytes=max(settings.max_body_bytes, max_picture_bytes + 1),
            prefix=PREFIX,
        )
        app.state.verifier = TokenVerifier(keys, issuer=settings.issuer, audience=settings.audience)
        app.include_router(characters_router(self._characters))
        app.include_router(erasing_router(self.erase, PREFIX))
        return app

    async def _draw(self, job: Job, context: JobContext) -> str:
        return await self._drawings(job, context)

    async def _cascade(self, job: Job, context: JobContext) -> str:
        return await self._pictures(job, context)


def create_service(
    settings: CharactersSettings, *, clock: Clock | None = None, keys: KeySource | None = None, tokens: ActingTokens | None = None
) -> Service:
    """`keys`: what tokens are checked with, where they are not to be fetched from `settings.jwks_url`. `tokens`: with what generators
    are called on behalf of people, where the settings do not say it. Raises `Misconfigured`."""
    return Service(
        settings, clock=clock or SystemClock(), keys=settings.key_source(keys), tokens=tokens or settings.acting_tokens("characters")
    )
