"""A person's session in their browser: tokens in cookies that no script can read, refreshed here when they have run out.

The layer looks at the cookies of each request once, before its route. An access token is checked offline, as everywhere. Where it has
run out the refresh token is exchanged (`Rotation`: once, however many requests come with it) and the new ones are set on whatever
is answered, streams too. Tokens that are refused are taken away; while auth is away they stay, and only what needs a person is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote, unquote

from fastapi import Depends
from starlette.requests import HTTPConnection, Request, cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from octavo_core.errors import OctavoError, Unauthenticated
from octavo_core.identity import Principal, TokenVerifier
from octavo_core.identity.cookies import ACCESS, HOST_PREFIX, NAME, REFRESH
from octavo_web.adapters.rotating import Rotation, Tokens
from octavo_web.pages.origins import who

_FOUND = "octavo.visitor"
_EARLY_S = 45
"""So long before its end an access token is no longer sent, so that it does not run out on its way; above the verifier's own leeway."""
_WITHOUT = ("/assets/", "/api/web/health", "/api/web/metrics")


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person who is logged in. `access` never leaves for a page."""

    principal: Principal
    access: str
    name: str

    @property
    def narrowed(self) -> str | None:
        """To be asked for in a list of what is one's own, by those who would be answered everybody's; None for all others."""
        return self.principal.user if self.principal.sees_all else None


class Cookies:
    """How the three cookies are written. `public_url`: where people reach this place, None where each request says it."""

    def __init__(self, public_url: str | None, *, refresh_s: int) -> None:
        self._https = None if public_url is None else public_url.startswith("https:")
        self._refresh_s = refresh_s

    def is_secure(self, scope: Scope) -> bool:
        return scope.get("scheme") == "https" if self._https is None else self._https

    def name(self, base: str, scope: Scope) -> str:
        return f"{HOST_PREFIX}{base}" if self.is_secure(scope) else base

    def set(self, response: Response, tokens: Tokens, scope: Scope) -> None:
        self._write(response, ACCESS, tokens.access, max(1, tokens.expires_in - _EARLY_S), scope)
        self._write(response, REFRESH, tokens.refresh, self._refresh_s, scope)
        self._write(response, NAME, quote(tokens.name[:128]), self._refresh_s, scope)

    def set_name(self, response: Response, name: str, scope: Scope) -> None:
        """The one that pages show, after it was changed."""
        self._write(response, NAME, quote(name[:128]), self._refresh_s, scope)

    def clear(self, response: Response, scope: Scope) -> None:
        for base in (ACCESS, REFRESH, NAME):
            self._write(response, base, "", 0, scope)

    def _write(self, response: Response, base: str, value: str, max_age: int, scope: Scope) -> None:
        # Lax: a link from elsewhere finds one logged in; what changes something is checked by `same_origin`.
        response.set_cookie(
            self.name(base, scope), value, max_age=max_age, path="/", secure=self.is_secure(scope), httponly=True, samesite="lax"
        )


class SessionLayer:
    """ASGI, inside the edge. Any number of requests at once."""

    def __init__(self, app: ASGIApp, *, verifier: TokenVerifier, rotation: Rotation, cookies: Cookies) -> None:
        self._app = app
        self._verifier = verifier
        self._rotation = rotation
        self._cookies = cookies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_WITHOUT):
            await self._app(scope, receive, send)
            return
        change = Response()
        scope[_FOUND] = await self._found(scope, change)
        set_here = [(name, value) for name, value in change.raw_headers if name == b"set-cookie"]

        async def send_with_cookies(message: Message) -> None:
            if message["type"] == "http.response.start" and set_here:
                theirs = message.get("headers", [])
                # A route that logs in or out has the last word.
                if not any(name == b"set-cookie" and ACCESS.encode() in value for name, value in theirs):
                    message["headers"] = [*theirs, *set_here]
            await send(message)

        await self._app(scope, receive, send_with_cookies)

    async def _found(self, scope: Scope, change: Response) -> Visitor | OctavoError | None:
        header = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie"), "")
        kept = cookie_parser(header)
        access, refresh = (kept.get(self._cookies.name(base, scope)) for base in (ACCESS, REFRESH))
        name = unquote(kept.get(self._cookies.name(NAME, scope), ""))
        try:
            if access:
                try:
                    return Visitor(await self._verifier.verify(f"Bearer {access}"), access, name)
                except Unauthenticated:
                    if not refresh:
                        raise
            if not refresh:
                return None
            tokens = await self._rotation.rotate(refresh, who(HTTPConnection(scope)))
            principal = await self._verifier.verify(f"Bearer {tokens.access}")
        except Unauthenticated:
            self._cookies.clear(change, scope)
            return None
        except OctavoError as error:
            return error
        self._cookies.set(change, tokens, scope)
        return Visitor(principal, tokens.access, tokens.name)


def visitor_of(request: Request) -> Visitor | None:
    """Who looks at the page, as far as that can be told just now."""
    found = request.scope.get(_FOUND)
    return found if isinstance(found, Visitor) else None


async def person(request: Request) -> Visitor:
    """Raises `Unauthenticated`, and where it cannot be told just now, why."""
    found = request.scope.get(_FOUND)
    if isinstance(found, OctavoError):
        raise found
    if not isinstance(found, Visitor):
        raise Unauthenticated("log in to see this")
    return found


Person = Annotated[Visitor, Depends(person)]
