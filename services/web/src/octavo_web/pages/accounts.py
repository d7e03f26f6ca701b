"""From a stranger to a session and back, page by page. Every form works without a script."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import quote, urlencode

import structlog
from fastapi import APIRouter, Path, Request
from starlette.responses import RedirectResponse, Response

from octavo_core.errors import Conflict, Fault, Forbidden, InvalidInput, OctavoError, Throttled, Unauthenticated, Unavailable
from octavo_core.http.problems import status_of
from octavo_web.adapters.accounts_api import AccountsApi
from octavo_web.adapters.rotating import Tokens
from octavo_web.domain.returning import return_path
from octavo_web.pages.forms import Sent, read_form
from octavo_web.pages.origins import who
from octavo_web.pages.rendering import Pages
from octavo_web.pages.sessions import Cookies, visitor_of

log = structlog.get_logger(__name__)

_REFUSED = (InvalidInput, Unauthenticated, Forbidden, Conflict, Throttled, Unavailable)
"""What brings the form back with what was typed: what a person can do something about, and an auth that is away for a moment."""
_ISSUERS_S = 60.0
_AWAY_S = 1.0
_LOOK_S = 3.0
_LOGOUT_S = 5.0
_BINDING = "octavo_binding"
_BINDING_S = 660
"""As long as auth waits for whoever went to an issuer, and for the ticket then."""
_MAX_RETURN_CHARS = 500


class AccountPages:
    def __init__(self, pages: Pages, accounts: AccountsApi, cookies: Cookies) -> None:
        self._pages = pages
        self._accounts = accounts
        self._cookies = cookies
        self._issuers: list[str] = []
        self._away: OctavoError | None = None
        self._look_at = 0.0

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
        router.add_api_route("/login/with/{issuer}", self.depart, methods=["GET"])
        router.add_api_route("/login/ticket", self.ticket, methods=["POST"])
        router.add_api_route("/verify/resend", self.resend, methods=["POST"])
        router.add_api_route("/recover/password", self.show_password, methods=["GET"])
        router.add_api_route("/recover/password", self.set_password, methods=["POST"])
        router.add_api_route("/logout", self.logout, methods=["POST"])
        return router

    async def show_login(self, request: Request) -> Response:
        return await self._form(request, "login.html", {}, said=request.query_params.get("said", ""))

    async def login(self, request: Request) -> Response:
        sent = await read_form(request)
        try:
            _need(sent, "username", "password")
            tokens = await self._accounts.login(sent.line("username"), sent.text("password"), who(request))
        except _REFUSED as error:
            return await self._form(request, "login.html", sent.texts, error=error)
        return self._logged_in(request, tokens, sent.line("next"))

    async def depart(self, request: Request, issuer: Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")]) -> Response:
        """To another issuer. This browser keeps a secret, and only with that the ticket that comes back is worth something: whoever is
        sent a link with somebody else's ticket is not logged in by it."""
        secret, back = secrets.token_urlsafe(32), f"/login?next={quote(return_path(request.query_params.get('next')))}"
        digest = hashlib.sha256(secret.encode()).hexdigest()
        query = urlencode({"return_to": back if len(back) <= _MAX_RETURN_CHARS else "/login", "binding": digest})
        response = RedirectResponse(f"/api/auth/oidc/{issuer}/start?{query}", 303, headers={"cache-control": "no-store"})
        self._bind(response, request, secret)
        return response

    async def ticket(self, request: Request) -> Response:
        """Back from another issuer: the page has read the ticket behind the `#` and sends it."""
        sent = await read_form(request)
        try:
            secret = request.cookies.get(self._cookies.name(_BINDING, request.scope), "")[:128]
            if not secret:
                raise Unauthenticated("the login was not finished, or was begun in another browser")
            tokens = await self._accounts.exchange_ticket(sent.line("ticket")[:128], secret, who(request))
        except _REFUSED as error:
            return await self._form(request, "login.html", sent.texts, error=error)
        response = self._logged_in(request, tokens, sent.line("next"))
        self._bind(response, request, "")
        return response

    async def show_register(self, request: Request) -> Response:
        return await self._form(request, "register.html", {})

    async def register(self, request: Request) -> Response:
        sent = await read_form(request)
        fields = {"name": sent.line("name"), "password": sent.text("password")}
        fields |= {name: sent.line(name) for name in ("email", "phone") if sent.line(name)}
        try:
            _need(sent, "name", "password")
            verification = await self._accounts.register(fields, who(request))
        except _REFUSED as error:
            return await self._form(request, "register.html", sent.texts, error=error)
        to = fields.get("email") or fields.get("phone", "")
        return RedirectResponse(f"/verify?{urlencode({'id': verification, 'to': to[:254], 'next': return_path(sent.line('next'))})}", 303)

    async def show_verify(self, request: Request) -> Response:
        return await self._form(request, "verify.html", dict(request.query_params))

    async def verify(self, request: Request) -> Response:
        sent = await read_form(request)
        try:
            _need(sent, "code")
            await self._accounts.verify(sent.line("id")[:64], sent.line("code")[:32], who(request))
        except _REFUSED as error:
            return await self._form(request, "verify.html", sent.texts, error=error)
        return RedirectResponse(f"/login?{urlencode({'said': 'confirmed', 'next': return_path(sent.line('next'))})}", 303)

    async def resend(self, request: Request) -> Response:
        sent = await read_form(request)
        try:
            await self._accounts.resend(sent.line("id")[:64], who(request))
        except _REFUSED as error:
            return await self._form(request, "verify.html", sent.texts, error=error)
        return await self._form(request, "verify.html", sent.texts, said="resent")

    async def show_recover(self, request: Request) -> Response:
        return await self._form(request, "recover.html", {})

    async def recover(self, request: Request) -> Response:
        sent = await read_form(request)
        channel = "whatsapp" if sent.line("channel") == "whatsapp" else "email"
        try:
            _need(sent, "username")
            recovery = await self._accounts.recover(sent.line("username"), channel, who(request))
        except _REFUSED as error:
            return await self._form(request, "recover.html", sent.texts, error=error)
        return RedirectResponse(f"/recover/password?{urlencode({'id': recovery})}", 303)

    async def show_password(self, request: Request) -> Response:
        return await self._form(request, "password.html", dict(request.query_params))

    async def set_password(self, request: Request) -> Response:
        sent = await read_form(request)
        try:
            _need(sent, "code", "password")
            await self._accounts.set_password(sent.line("id")[:64], sent.line("code")[:32], sent.text("password"), who(request))
        except _REFUSED as error:
            return await self._form(request, "password.html", sent.texts, error=error)
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

    def _bind(self, response: Response, request: Request, secret: str) -> None:
        """Empty takes it away."""
        # Lax: the browser comes back by a link from elsewhere.
        response.set_cookie(
            self._cookies.name(_BINDING, request.scope),
            secret,
            max_age=_BINDING_S if secret else 0,
            path="/",
            secure=self._cookies.is_secure(request.scope),
            httponly=True,
            samesite="lax",
        )

    def _logged_in(self, request: Request, tokens: Tokens, asked: str) -> Response:
        response = RedirectResponse(return_path(asked), 303)
        self._cookies.set(response, tokens, request.scope)
        return response

    async def _look(self) -> None:
        """Whose users may log in too, a minute old at most; and whether auth answers. While it does not, it is asked once a second."""
        if time.monotonic() < self._look_at:
            return
        try:
            async with asyncio.timeout(_LOOK_S):
                self._issuers, self._away = await self._accounts.issuers(), None
        except Unavailable as error:
            self._away = error
        except OctavoError:
            # It answers, if not with that.
            self._away = None
        except TimeoutError:
            self._away = Unavailable("auth does not answer (TimeoutError)")
        self._look_at = time.monotonic() + (_ISSUERS_S if self._away is None else _AWAY_S)

    async def _form(
        self, request: Request, template: str, values: Mapping[str, str], *, error: OctavoError | None = None, said: str = ""
    ) -> Response:
        """`values` were typed before; a password among them is not given back."""
        if isinstance(error, Unavailable):
            self._look_at = 0.0
        await self._look()
        away = error if isinstance(error, Unavailable) else self._away
        refused = None if error is None or isinstance(error, Unavailable) else error
        asked = values.get("next") or request.query_params.get("next")
        return self._pages.render(
            request,
            template,
            status=200 if error is None else status_of(error),
            values={name: value[:500] for name, value in values.items() if name != "password"},
            faults={} if refused is None else self._pages.faults(request, refused),
            away="" if away is None else self._pages.say(request, away.message),
            said=said,
            next=return_path(asked),
            issuers=self._issuers,
        )


def _need(sent: Sent, *names: str) -> None:
    faults = tuple(Fault(name, "must not be empty") for name in names if not sent.text(name).strip())
    if faults:
        raise InvalidInput("something is missing", faults=faults)
