"""The composition root: every adapter is chosen here; nothing is connected before a request comes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import APIRouter, Depends, FastAPI
from starlette.middleware import Middleware

from octavo_core.clock import SystemClock
from octavo_core.errors import Misconfigured
from octavo_core.http import create_app
from octavo_core.identity import JwksKeys, KeySource, TokenVerifier
from octavo_web.adapters.accounts_api import AccountsApi
from octavo_web.adapters.admin_api import AdminApi
from octavo_web.adapters.characters_api import CharactersApi
from octavo_web.adapters.feed_api import FeedApi
from octavo_web.adapters.generators_api import GeneratorsApi
from octavo_web.adapters.profile_api import ProfileApi
from octavo_web.adapters.rotating import Rotation
from octavo_web.adapters.services_api import ServicesApi
from octavo_web.adapters.stories_api import StoriesApi
from octavo_web.pages.accounts import AccountPages
from octavo_web.pages.admin.asking import Parts
from octavo_web.pages.admin.generators import GeneratorPages
from octavo_web.pages.admin.jobs import JobPages
from octavo_web.pages.admin.logs import LogPages
from octavo_web.pages.admin.overview import OverviewPage
from octavo_web.pages.admin.people import PeoplePages
from octavo_web.pages.assets import PREFIX as ASSETS
from octavo_web.pages.assets import Assets
from octavo_web.pages.characters import CharacterPages
from octavo_web.pages.editing import EditingPages
from octavo_web.pages.failing import add_error_pages
from octavo_web.pages.feed import FeedPages
from octavo_web.pages.gateway import Gateway
from octavo_web.pages.guarding import SecurityHeaders, same_origin
from octavo_web.pages.history import HistoryPages
from octavo_web.pages.installing import Installing
from octavo_web.pages.moderating import ModeratingPages
from octavo_web.pages.origins import told
from octavo_web.pages.pictures import ImagePages
from octavo_web.pages.places import PublicPages
from octavo_web.pages.profile import ProfilePages
from octavo_web.pages.publishing import PublishingPages
from octavo_web.pages.rendering import Pages
from octavo_web.pages.session_api import session_router
from octavo_web.pages.sessions import Cookies, SessionLayer
from octavo_web.pages.sharing import SharingPages
from octavo_web.pages.stories import StoryPages
from octavo_web.pages.studio import StudioPages
from octavo_web.pages.writing import WritingPages
from octavo_web.settings import WebSettings

PREFIX = "/api/web"
_DAY_S = 86_400


class Service:
    """The web, whole: `app` answers what lies under `prefixes` (`/` means that page alone). The app's lifespan starts and closes it; who
    composes it into another application awaits `start` and `close` instead (each may be called twice).

    It keeps nothing: sessions are in the browsers, all else is with the services that it calls.
    """

    prefixes: tuple[str, ...] = (
        PREFIX,
        "/api/router_generator",
        ASSETS.rstrip("/"),
        "/",
        "/login",
        "/logout",
        "/register",
        "/verify",
        "/recover",
        "/preferences",
        "/studio",
        "/library",
        "/account",
        "/s",
        "/feed",
        "/admin",
        "/outbox",
    )

    def __init__(self, settings: WebSettings, *, keys: KeySource) -> None:
        """Raises `Misconfigured` where the scripts and styles were not made."""
        self._services = ServicesApi(settings.bases(), timeout_s=settings.call_seconds)
        self._accounts = AccountsApi(self._services)
        self._rotation = Rotation(settings.redis_url.get_secret_value(), self._accounts.refresh)
        self.app = self._application(settings, TokenVerifier(keys, issuer=settings.issuer, audience=settings.audience))

    async def start(self) -> None:
        """Nothing is connected before it is needed."""

    async def close(self) -> None:
        await self._rotation.close()
        await self._services.close()

    def _application(self, settings: WebSettings, verifier: TokenVerifier) -> FastAPI:
        app = create_app(
            service="web",
            title="Octavo web",
            description="Pages for people, and the gateway that their browsers call.",
            version=version("octavo-web"),
            checks={},
            lifespan=self._lifespan,
            max_body_bytes=max(settings.max_body_bytes, settings.upload_max_bytes),
            prefix=PREFIX,
        )
        cookies = Cookies(settings.public_url, refresh_s=round(settings.refresh_cookie_days * _DAY_S))
        # Inside the edge, so that what they log and call bears the request's correlation id.
        app.user_middleware += [
            Middleware(SecurityHeaders, https=(settings.public_url or "").startswith("https:")),
            Middleware(SessionLayer, verifier=verifier, rotation=self._rotation, cookies=cookies),
        ]
        assets = Assets()
        pages = Pages(assets)
        add_error_pages(app, pages)
        generators, feed = GeneratorsApi(self._services, settings.generator_names), FeedApi(self._services)
        characters, stories = CharactersApi(self._services), StoriesApi(self._services)
        routers = (
            PublicPages(pages, self._accounts, cookies).router(),
            AccountPages(pages, self._accounts, cookies).router(),
            ProfilePages(pages, ProfileApi(self._services), cookies).router(),
            StudioPages(pages, generators, stories).router(),
            # What is written there ahead of the story whose id could stand in its place.
            WritingPages(pages, stories, characters, generators).router(),
            StoryPages(pages, stories, generators).router(),
            EditingPages(pages, stories).router(),
            SharingPages(pages, stories, settings.public_url).router(),
            CharacterPages(pages, characters, generators).router(),
            ImagePages(pages, generators, characters).router(),
            HistoryPages(pages, generators).router(),
            Installing(assets).router(),
            PublishingPages(pages, feed, generators).router(),
            ModeratingPages(pages, feed).router(),
            FeedPages(pages, feed).router(),
            *self._administration(pages),
            Gateway(self._services, verifier, settings.router_generators).router(),
            session_router(),
        )
        for router in routers:
            app.include_router(router, dependencies=[Depends(same_origin), Depends(told)])
        app.add_api_route(f"{ASSETS}{{name}}", assets.answer, methods=["GET"], include_in_schema=False)
        return app

    def _administration(self, pages: Pages) -> list[APIRouter]:
        parts, api = Parts(pages), AdminApi(self._services)
        return [
            OverviewPage(parts, api).router(),
            GeneratorPages(parts, api, SystemClock()).router(),
            JobPages(parts, api).router(),
            PeoplePages(parts, api).router(),
            LogPages(parts, api).router(),
        ]

    @asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        await self.start()
        try:
            yield
        finally:
            await self.close()


def create_service(settings: WebSettings, *, keys: KeySource | None = None) -> Service:
    """`keys`: what tokens are checked with, where they are not to be fetched from `settings.jwks_url`. Raises `Misconfigured`."""
    if keys is None:
        if settings.jwks_url is None:
            raise Misconfigured("OCTAVO_JWKS_URL must say where the public keys are that tokens are checked with")
        keys = JwksKeys(settings.jwks_url)
    return Service(settings, keys=keys)
