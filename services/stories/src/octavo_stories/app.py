"""The composition root: every adapter is chosen here; nothing is connected before `start`."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import FastAPI

from octavo_core.clock import Clock, SystemClock
from octavo_core.generators import GeneratorClient
from octavo_core.http import create_app, lifespan_of
from octavo_core.identity import ActingTokens, KeySource, TokenVerifier
from octavo_documents import open_documents
from octavo_documents.erasing import erasing_router
from octavo_jobs.context import JobContext
from octavo_jobs.embedded import EmbeddedWorker
from octavo_jobs.lifecycle import Job
from octavo_jobs.runner import Lane
from octavo_stories.adapters.characters_api import CharactersApi
from octavo_stories.adapters.notifications_api import NotificationsApi
from octavo_stories.api.feed import PREFIX as FEED_PREFIX
from octavo_stories.api.feed.acting import acting_router
from octavo_stories.api.feed.mine import own_posts_router
from octavo_stories.api.feed.moderating import moderating_router
from octavo_stories.api.feed.reading import feed_reading_router
from octavo_stories.api.projects import PREFIX as PROJECTS_PREFIX
from octavo_stories.api.projects.episodes import episodes_router
from octavo_stories.api.projects.projects import projects_router
from octavo_stories.api.reading import reading_router, shared_router
from octavo_stories.api.stories import PREFIX, stories_router
from octavo_stories.api.versions import versions_router
from octavo_stories.domain.feed.feed import Feed
from octavo_stories.domain.feed.posts import CASCADE as FEED_CASCADE
from octavo_stories.domain.feed.posts import LIMITS
from octavo_stories.domain.feed.telling import QUEUE as FEED_TELL
from octavo_stories.domain.projects.model import EPISODE_BYTES
from octavo_stories.domain.projects.projects import CASCADE as PROJECTS_CASCADE
from octavo_stories.domain.projects.projects import Projects
from octavo_stories.domain.sharing import Sharing
from octavo_stories.domain.stories import CASCADE, Stories
from octavo_stories.domain.story import MAX_BYTES
from octavo_stories.domain.writing import QUEUE, Writings
from octavo_stories.settings import StoriesSettings


class Service:
    """Stories, projects and the feed, whole: `app` answers what lies under `prefixes`, and their jobs run in this process. The app's
    lifespan starts and closes it; who composes it into another application awaits `start` and `close` instead (each may be called twice).

    Where a database is away, `start` returns all the same, and requests are answered 503 until it is there.
    """

    prefixes: tuple[str, ...] = (PREFIX, PROJECTS_PREFIX, FEED_PREFIX)

    def __init__(self, settings: StoriesSettings, *, clock: Clock, keys: KeySource, tokens: ActingTokens) -> None:
        self._documents = open_documents(settings.documents_address(), clock, timeout_s=settings.documents_timeout_seconds)
        self._generators = GeneratorClient(settings.generators_url, tokens, settings.generator_urls)
        self._cast = CharactersApi(settings.characters_url)
        notifications = settings.notifications_tokens()
        self._tellers = None if notifications is None else NotificationsApi(settings.notifications_url or "", notifications)
        self._jobs = EmbeddedWorker(
            settings,
            [
                Lane(QUEUE, self._write, settings.work_concurrency),
                Lane(CASCADE, self._cascade, settings.work_concurrency),
                Lane(PROJECTS_CASCADE, self._cascade_of_projects, settings.work_concurrency),
                Lane(FEED_CASCADE, self._cascade_of_feed, settings.work_concurrency),
                Lane(FEED_TELL, self._tell, settings.work_concurrency),
            ],
        )
        errands = self._jobs.errands
        self._writings = Writings(
            self._documents, errands, self._generators, clock, within_s=settings.story_seconds, attempts=settings.work_attempts
        )
        self._stories = Stories(self._documents, errands, self._writings, clock, max_stories=settings.max_stories)
        self._projects = Projects(self._documents, errands, max_projects=settings.max_projects)
        self._sharing = Sharing(self._documents, clock)
        self._feed = Feed(
            self._documents,
            errands,
            clock,
            tellers=self._tellers,
            max_posts=settings.max_posts,
            acts_per_minute=settings.feed_acts_per_minute,
            acts_burst=settings.feed_acts_burst,
        )
        self.app = self._application(settings, keys)

    async def start(self) -> None:
        await self._jobs.start()

    async def close(self) -> None:
        await self._jobs.close()
        await self._generators.close()
        await self._cast.close()
        if self._tellers is not None:
            await self._tellers.close()
        await self._documents.close()

    async def erase(self, user: str) -> None:
        """What the route `DELETE /api/internal/users/{id}` does, for who composes services into one process."""
        await self._feed.erase(user)
        await self._projects.erase(user)
        await self._stories.erase(user)

    def _application(self, settings: StoriesSettings, keys: KeySource) -> FastAPI:
        app = create_app(
            service="stories",
            title="Octavo stories",
            description="Stories, written and edited, projects with their episodes, and the feed where stories are published. PUT and"
            " PATCH ask for If-Match (428 without, 412 with another version's ETag).",
            version=version("octavo-stories"),
            checks={"documents": self._documents.ping, "database": self._jobs.check_database, "redis": self._jobs.check_redis},
            lifespan=lifespan_of(self),
            cors_origins=settings.cors_origins,
            # Room for the escapes of JSON around a document of the largest size.
            max_body_bytes=max(settings.max_body_bytes, 2 * MAX_BYTES, 2 * EPISODE_BYTES, LIMITS.max_bytes + 1),
            prefix=PREFIX,
        )
        app.state.verifier = TokenVerifier(keys, issuer=settings.issuer, audience=settings.audience)
        app.include_router(shared_router(self._sharing, PREFIX))
        app.include_router(stories_router(self._stories, self._cast, generator=settings.story_generator))
        app.include_router(versions_router(self._stories, PREFIX))
        app.include_router(reading_router(self._stories, self._sharing, PREFIX, pdf_font=settings.pdf_font))
        for router in (
            projects_router(self._projects, PROJECTS_PREFIX),
            episodes_router(self._projects, PROJECTS_PREFIX),
            feed_reading_router(self._feed, FEED_PREFIX, public_url=settings.public_url),
            own_posts_router(self._feed, FEED_PREFIX),
            acting_router(self._feed, FEED_PREFIX),
            moderating_router(self._feed, FEED_PREFIX),
        ):
            app.include_router(router)
        app.include_router(erasing_router(self.erase, PREFIX))
        return app

    async def _write(self, job: Job, context: JobContext) -> str:
        return await self._writings(job, context)

    async def _cascade(self, job: Job, context: JobContext) -> str:
        return await self._stories.cascade(job, context)

    async def _cascade_of_projects(self, job: Job, context: JobContext) -> str:
        return await self._projects.cascade(job, context)

    async def _cascade_of_feed(self, job: Job, context: JobContext) -> str:
        return await self._feed.posts.cascade(job, context)

    async def _tell(self, job: Job, context: JobContext) -> str:
        return await self._feed.telling(job, context)


def create_service(
    settings: StoriesSettings, *, clock: Clock | None = None, keys: KeySource | None = None, tokens: ActingTokens | None = None
) -> Service:
    """`keys`: what tokens are checked with, where they are not to be fetched from `settings.jwks_url`. `tokens`: with what generators
    are called on behalf of people, where the settings do not say it. Raises `Misconfigured`."""
    return Service(
        settings, clock=clock or SystemClock(), keys=settings.key_source(keys), tokens=tokens or settings.acting_tokens("stories")
    )
