"""The public pages, how one wants the pages to look, and the messages that a laptop caught."""

from __future__ import annotations

import ipaddress

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from octavo_core.errors import Forbidden
from octavo_web.adapters.accounts_api import AccountsApi
from octavo_web.domain.returning import page_path
from octavo_web.pages.forms import read_form
from octavo_web.pages.languages import COOKIE as LANGUAGE_COOKIE
from octavo_web.pages.languages import NAMES
from octavo_web.pages.rendering import THEME_COOKIE, THEMES, Pages
from octavo_web.pages.sessions import Cookies, visitor_of
from octavo_web.pages.wording import TASKS

_YEAR_S = 365 * 86_400
_PASSED_ON = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


class PublicPages:
    def __init__(self, pages: Pages, accounts: AccountsApi, cookies: Cookies) -> None:
        self._pages = pages
        self._accounts = accounts
        self._cookies = cookies

    def router(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/", self.home, methods=["GET"])
        router.add_api_route("/outbox", self.outbox, methods=["GET"])
        router.add_api_route("/preferences", self.prefer, methods=["POST"])
        return router

    async def home(self, request: Request) -> Response:
        if visitor_of(request) is not None and request.query_params.get("stay") is None:
            return RedirectResponse("/studio", 303, headers={"cache-control": "no-store"})
        return self._pages.render(request, "home.html", tasks=TASKS)

    async def outbox(self, request: Request) -> Response:
        """For the machine itself alone, as at auth: whoever reads the messages has every code. By a name of its own, too: one that
        somebody else has pointed at this machine would have a browser here read them for a page from there."""
        host = request.url.hostname or ""
        is_asked_here = host == "localhost" or _is_this_machine(host)
        if any(name in request.headers for name in _PASSED_ON):
            # Through a tunnel or a proxy that runs here.
            is_asked_here = False
        if request.client is None or not _is_this_machine(request.client.host) or not is_asked_here:
            raise Forbidden("the outbox is shown on the machine itself only")
        return self._pages.render(request, "outbox.html", messages=await self._accounts.outbox())

    async def prefer(self, request: Request) -> Response:
        sent = await read_form(request)
        response = RedirectResponse(page_path(sent.line("back")), 303)
        for cookie, value, known in ((LANGUAGE_COOKIE, sent.line("language"), NAMES), (THEME_COOKIE, sent.line("theme"), THEMES)):
            if value in known:
                secure = self._cookies.is_secure(request.scope)
                response.set_cookie(cookie, value, max_age=_YEAR_S, path="/", secure=secure, httponly=True, samesite="lax")
        return response


def _is_this_machine(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
