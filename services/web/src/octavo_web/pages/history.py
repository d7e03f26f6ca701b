"""The library's history: every generation that a person asked for, newest first, of all generators or of one."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from octavo_web.adapters.generators_api import GeneratorsApi
from octavo_web.pages.cards import card_of
from octavo_web.pages.rendering import Pages
from octavo_web.pages.sessions import Person
from octavo_web.pages.wording import JOB_STATES

_IN_LIST = 20


class HistoryPages:
    def __init__(self, pages: Pages, generators: GeneratorsApi) -> None:
        self._pages = pages
        self._generators = generators

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/library/history", include_in_schema=False)
        router.add_api_route("", self.all, methods=["GET"])
        return router

    async def all(self, request: Request, visitor: Person) -> Response:
        """A page begins behind the generation that the one before ended with, whatever was asked for meanwhile."""
        asked = request.query_params
        names = [one.name for one in await self._generators.listed() if one.can_be_looked_at]
        chosen = asked.get("generator", "") if asked.get("generator", "") in names else ""
        status = asked.get("status", "") if asked.get("status", "") in JOB_STATES else ""
        newest = await self._generators.newest_of_all(
            [chosen] if chosen else names,
            token=visitor.access,
            limit=_IN_LIST,
            status=status or None,
            older_than=asked.get("after") or None,
            user=visitor.narrowed,
        )
        cards = [card_of(name, view) for name, view in newest]
        following = ""
        if len(cards) == _IN_LIST:
            following = urlencode({"generator": chosen, "status": status, "after": cards[-1].id})
        return self._pages.render(
            request,
            "history.html",
            cards=cards,
            following=following,
            generators=names,
            chosen=chosen,
            state=status,
            states=JOB_STATES,
        )
