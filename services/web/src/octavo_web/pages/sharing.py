"""Stories that leave the library: as files, and by links that anybody may read, also who has no account and no script."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from octavo_core.errors import NotFound, OctavoError
from octavo_core.http.problems import status_of
from octavo_web.adapters.stories_api import FORMATS, StoriesApi
from octavo_web.domain.manuscript import content_of, minutes_of, readable
from octavo_web.pages.forms import COMES_BACK, read_form
from octavo_web.pages.rendering import Pages
from octavo_web.pages.sessions import Person, Visitor
from octavo_web.pages.wording import AUDIENCES, LINK_DAYS

_DAY_S = 86_400
_UNLISTED = {"x-robots-tag": "noindex, nofollow", "referrer-policy": "no-referrer"}
"""A link is a secret of those who have it: not for search engines, nor for the next page's Referer."""


class SharingPages:
    def __init__(self, pages: Pages, stories: StoriesApi, public_url: str | None) -> None:
        """`public_url`: where people reach this place, for the links; None: as each request says."""
        self._pages = pages
        self._stories = stories
        self._public_url = public_url

    def router(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        one = "/library/stories/{story}"
        router.add_api_route(f"{one}/export/{{form}}", self.export, methods=["GET"])
        router.add_api_route(f"{one}/shares", self.shares, methods=["GET"])
        router.add_api_route(f"{one}/shares", self.share, methods=["POST"])
        router.add_api_route(f"{one}/shares/{{share}}/revoke", self.revoke, methods=["POST"])
        router.add_api_route("/s/{link}", self.shared, methods=["GET"])
        return router

    async def export(self, visitor: Person, story: str, form: str) -> Response:
        """The file as the service made it, to be saved and not shown."""
        known = next((one for one in FORMATS if one == form), None)
        if known is None:
            raise NotFound("there is nothing at this address")
        file = await self._stories.export(story, known, token=visitor.access)
        headers = {
            "content-disposition": file.name or f'attachment; filename="story.{known}"',
            "content-security-policy": "default-src 'none'; sandbox",
            "cache-control": "no-store",
        }
        return Response(file.data, media_type=file.media_type, headers=headers)

    async def shares(self, request: Request, visitor: Person, story: str) -> Response:
        return await self._page(request, visitor, story)

    async def share(self, request: Request, visitor: Person, story: str) -> Response:
        """Answered with the page itself and no redirect: what opens the link is told this once and stands nowhere else."""
        sent = await read_form(request)
        days = sent.line("days")
        try:
            token = await self._stories.share(story, int(days) * _DAY_S if days in LINK_DAYS and days else None, token=visitor.access)
        except COMES_BACK as error:
            return await self._page(request, visitor, story, error=error)
        return await self._page(request, visitor, story, made=f"{self._public_url or str(request.base_url).rstrip('/')}/s/{token}")

    async def revoke(self, visitor: Person, story: str, share: str) -> Response:
        await self._stories.revoke(story, share, token=visitor.access)
        return RedirectResponse(f"/library/stories/{story}/shares", 303)

    async def shared(self, request: Request, link: str) -> Response:
        """Nobody has to be logged in, and nothing is said of who wrote it."""
        found = await self._stories.shared(link)
        chapters = content_of(found)
        return self._pages.render(
            request,
            "shared.html",
            headers=_UNLISTED,
            story=found,
            chapters=readable(chapters),
            minutes=minutes_of(chapters),
            audiences=AUDIENCES,
        )

    async def _page(
        self, request: Request, visitor: Visitor, story: str, *, made: str | None = None, error: OctavoError | None = None
    ) -> Response:
        found = await self._stories.read(story, token=visitor.access)
        return self._pages.render(
            request,
            "shares.html",
            status=200 if error is None else status_of(error),
            story=found,
            links=await self._stories.shares(story, token=visitor.access),
            made=made,
            days=LINK_DAYS,
            faults={} if error is None else self._pages.faults(request, error),
        )
