"""What was reported, for admins: each with the words that it is about, and two ways to decide."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from octavo_core.errors import Forbidden, InvalidInput, OctavoError
from octavo_core.http.problems import status_of
from octavo_web.adapters.feed_api import FeedApi
from octavo_web.pages.forms import read_form
from octavo_web.pages.rendering import Pages
from octavo_web.pages.sessions import Person, Visitor

_REPORTS = 20
_Cursor = Annotated[str | None, Query(max_length=1_000)]


class ModeratingPages:
    def __init__(self, pages: Pages, feed: FeedApi) -> None:
        self._pages = pages
        self._feed = feed

    def router(self) -> APIRouter:
        """To be included ahead of what takes a name in the same place."""
        router = APIRouter(prefix="/feed/moderation", include_in_schema=False)
        router.add_api_route("", self.show, methods=["GET"])
        router.add_api_route("/{report}", self.decide, methods=["POST"])
        return router

    async def show(self, request: Request, visitor: Person, cursor: _Cursor = None) -> Response:
        return await self._page(request, visitor, cursor=cursor)

    async def decide(self, request: Request, report: Annotated[str, Path(max_length=64)], visitor: Person) -> Response:
        _check_admin(visitor)
        sent = await read_form(request)
        try:
            await self._feed.decide(report, sent.line("decision"), sent.line("why"), token=visitor.access)
        except InvalidInput as error:
            return await self._page(request, visitor, error=error, typed={report: sent.line("why")})
        return RedirectResponse("/feed/moderation", 303)

    async def _page(
        self,
        request: Request,
        visitor: Visitor,
        *,
        cursor: str | None = None,
        error: OctavoError | None = None,
        typed: dict[str, str] | None = None,
    ) -> Response:
        _check_admin(visitor)
        listing = await self._feed.reports(token=visitor.access, cursor=cursor, limit=_REPORTS)
        following = None if listing.next_cursor is None else f"/feed/moderation?{urlencode({'cursor': listing.next_cursor})}"
        return self._pages.render(
            request,
            "feed_moderation.html",
            status=200 if error is None else status_of(error),
            reports=listing.items,
            next=following,
            typed=typed or {},
            faults={} if error is None else self._pages.faults(request, error),
        )


def _check_admin(visitor: Visitor) -> None:
    """The feed checks it as well; this says it in the person's language."""
    if visitor.principal.role != "admin":
        raise Forbidden("this is for admins")
