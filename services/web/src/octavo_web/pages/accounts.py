"""From a stranger to a session and back, page by page. Every form works without a script."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from octavo_core.errors import Conflict, Fault, Forbidden, InvalidInput, OctavoError, Throttled, Unauthenticated
from octavo_core.http.problems import status_of
from octavo_web.adapters.accounts_api import AccountsApi
from octavo_web.adapters.rotating import Tokens
from octavo_web.domain.returning import return_path
from octavo_web.pages.forms import Sent, read_form
from octavo_web.pages.rendering import Pages
from octavo_web.pages.sessions import Cookies, visitor_of

log = structlog.get_logger(__name__)

_REFUSED = (InvalidInput, Unauthenticated, Forbidden, Conflict, Throttled)
"""What a person can do something about, so that the form comes back with it. All else is a page of its own."""
_ISSUERS_S = 60.0
_LOGOUT_S = 5.0


class AccountPages:
    def __init__(self, pages: Pages, accounts: AccountsApi, cookies: Cookies) -> None:
        self._pages = pages
        self._accounts = accounts
        self._cookies = cookies
        self._issuers: tuple[float, list[str]] = (-_ISSUERS_S, [])

    def router(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        for path, show, take in (
            ("/login", self.show_login, self.login),
            ("/register", self.show_register, self.register),
            ("/verify", self.show_verify, self.verify),
            ("/recover", self.show_recover, self.recover),
        ):
            router.add_api_route(path, show, methods=["GET"])
            router.add_api_route(path, take, methods=["POST"])
        router.add_api_route("/login/ticket", self.ticket, methods=["POST"])
        router.add_api_route("/verify/resend", self.resend, methods=["POST"])
        router.add_api_route("/recover/password", self.show_password, methods=["GET"])
        router.add_api_route("/recover/password", self.set_password, methods=["POST"])
        router.add_api_route("/logout", self.logout, methods=["POST"])
        return router

    async def show_login(self, request: Request) -> Response:
        return await self._login_form(request, {}, said=request.query_params.get("said", ""))

    async def login(self, request: Request) -> Response:
        sent = await read_form(request)
        try:
            _need(sent, "username", "password")
            tokens = await self._accounts.login(sent.line("username"), sent.text("password"), who(request))
        except _REFUSED as error:
            return await self._login_form(request, sent.texts, error=error)
        return self._logged_in(request, tokens, sent.line("next"))

    async def ticket(self, request: Request) -> Response:
        """Back from another issuer: the page has read the ticket behind the `#` and sends it."""
        sent = await read_form(request)
        try:
            tokens = await self._accounts.exchange_ticket(sent.line("ticket")[:128], who(request))
        except _REFUSED as error:
            return await self._login_form(request, sent.texts, error=error)
        return self._logged_in(request, tokens, sent.line("next"))

    async def show_register(self, request: Request) -> Response:
        return self._form(request, "register.html", {})

    async def register(self, request: Request) -> Response:
        sent = await read_form(request)
        fields = {"name": sent.line("name"), "password": sent.text("password")}
        fields |= {name: sent.line(name) for name in ("email", "phone") if sent.line(name)}
        try:
            _need(sent, "name", "password")
            verification = await self._accounts.register(fields, who(request))
        except _REFUSED as error:
            return self._form(request, "register.html", sent.texts, error=error)
        to = fields.get("email") or fields.get("phone", "")
        return RedirectResponse(f"/verify?{urlencode({'id': verification, 'to': to[:254], 'next': return_path(sent.line('next'))})}", 303)

    async def show_verify(self, request: Request) -> Response:
        return self._form(request, "verify.html", dict(request.query_params))

    async def verify(self, request: Request) -> Response:
        sent = await read_form(request)
        try:
            _need(sent, "code")
            await self._accounts.verify(sent.line("id")[:64], sent.line("code")[:32], who(request))
        except _REFUSED as error:
            return self._form(request, "verify.html", sent.texts, error=error)
        return RedirectResponse(f"/login?{urlencode({'said': 'confirmed', 'next': return_path(sent.line('next'))})}", 303)

    async def resend(self, request: Request) -> Response:
        sent = await read_form(request)
        try:
            await self._accounts.resend(sent.line("id")[:64], who(request))
        except _REFUSED as error:
            return self._form(request, "verify.html", sent.texts, error=error)
        return self._form(request, "verify.html", sent.texts, said="resent")

    async def show_recover(self, request: Request) -> Response:
        return self._form(request, "recover.html", {})

    async def recover(self, request: Request) -> Response:
        sent = await read_form(request)
        channel = "whatsapp" if sent.line("channel") == "whatsapp" else "email"
        try:
            _need(sent, "username")
            recovery = await self._accounts.recover(sent.line("username"), channel, who(request))
        except _REFUSED as error:
            return self._form(request, "recover.html", sent.texts, error=error)
        return RedirectResponse(f"/recover/password?{urlencode({'id': recovery})}", 303)

    async def show_password(self, request: Request) -> Response:
        return self._form(request, "password.html", dict(request.query_params))

    async def set_password(self, request: Request) -> Response:
        sent = await read_form(request)
        try:
            _need(sent, "code", "password")
            await self._accounts.set_password(sent.line("id")[:64], sent.line("code")[:32], sent.text("password"), who(request))
        except _REFUSED as error:
            return self._form(request, "password.html", sent.texts, error=error)
        return RedirectResponse("/login?said=password", 303)

    async def logout(self, request: Request) -> Response:
        """Here in any case; at auth too, unless it is away: then the session ends there by itself."""
        visitor = visitor_of(request)
        if visitor is not None:
            try:
                async with asyncio.timeout(_LOGOUT_S):
                    await self._accounts.logout(visitor.access, who(request))
            except (OctavoError, TimeoutError) as error:
                log.warning("a session was left to end by itself", error=type(error).__name__)
        response = RedirectResponse("/login?said=out", 303)
        self._cookies.clear(response, request.scope)
        return response

    def _logged_in(self, request: Request, tokens: Tokens, asked: str) -> Response:
        response = RedirectResponse(return_path(asked), 303)
        self._cookies.set(response, tokens, request.scope)
        return response

    async def _login_form(
        self, request: Request, values: Mapping[str, str], *, error: OctavoError | None = None, said: str = ""
    ) -> Response:
        return self._form(request, "login.html", values, error=error, said=said, issuers=await self._known_issuers())

    async def _known_issuers(self) -> list[str]:
        """A minute old at most; those of before while auth is away: the form itself then says what is wrong."""
        at, names = self._issuers
        if time.monotonic() - at >= _ISSUERS_S:
            try:
                names = await self._accounts.issuers()
            except OctavoError:
                return names
            self._issuers = (time.monotonic(), names)
        return names

    def _form(
        self,
        request: Request,
        template: str,
        values: Mapping[str, str],
        *,
        error: OctavoError | None = None,
        said: str = "",
        issuers: list[str] | None = None,
    ) -> Response:
        """`values` were typed before; a password among them is not given back."""
        asked = values.get("next") or request.query_params.get("next")
        return self._pages.render(
            request,
            template,
            status=200 if error is None else status_of(error),
            values={name: value[:500] for name, value in values.items() if name != "password"},
            faults={} if error is None else self._pages.faults(request, error),
            said=said,
            next=return_path(asked),
            issuers=issuers or [],
        )


def who(request: Request) -> dict[str, str]:
    """The person's address and browser, for auth's throttles and its log. Auth believes it where it trusts this service."""
    agent = "".join(character for character in request.headers.get("user-agent", "") if character.isprintable())
    address = request.client.host if request.client is not None else ""
    return {"user-agent": agent[:200] or "unknown"} | ({"x-forwarded-for": address} if address else {})


def _need(sent: Sent, *names: str) -> None:
    faults = tuple(Fault(name, "must not be empty") for name in names if not sent.text(name).strip())
    if faults:
        raise InvalidInput("something is missing", faults=faults)
