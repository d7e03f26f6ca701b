"""What keeps other places out of a person's session: requests that change something must come from a page of this one, and pages run
nothing but what is shipped with them.

The check is that of Fetch Metadata (`Sec-Fetch-Site`, which a page cannot set), else of `Origin` against the host that the request
came to, and a request that has neither is refused: there is no browser of today that sends neither, and no token to steal or to forget
in a form. Cookies that are `SameSite=Lax` stand behind it.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from octavo_core.errors import Forbidden
from octavo_core.identity.cookies import ACCESS, REFRESH

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "font-src 'self'",
        # data: and blob: are what a person chose or a generator drew, shown before it is kept; neither can run anything as a picture.
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
_HEADERS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(self), microphone=(), geolocation=(), payment=(), usb=()"),
)
_HSTS = (b"strict-transport-security", b"max-age=31536000")


async def same_origin(request: Request) -> None:
    """For every route. Raises `Forbidden`. A program needs no such proof: it sends a token of its own, which no browser adds by itself,
    or brings no session that could be misused, and is then told that it needs one."""
    if request.method in _SAFE or (request.url.path.startswith("/api/") and _is_program(request)):
        return
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        allowed = site == "same-origin"
    else:
        origin = request.headers.get("origin")
        allowed = origin is not None and urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower() != ""
    if not allowed:
        raise Forbidden("this was sent from another place; open the page here and send it again")


def _is_program(request: Request) -> bool:
    cookies = request.headers.get("cookie", "")
    return "authorization" in request.headers or not any(name in cookies for name in (ACCESS, REFRESH))


class SecurityHeaders:
    """ASGI. Adds what an answer does not say itself."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._headers = (*_HEADERS, _HSTS) if https else _HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The interactive documentation brings scripts of its own from elsewhere; it is no page of the studio.
        if scope["type"] != "http" or scope["path"] in ("/api/web/docs", "/api/web/redoc"):
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name for name, _ in message.get("headers", [])}
                message["headers"] = [*message.get("headers", []), *(pair for pair in self._headers if pair[0] not in said)]
            await send(message)

        await self._app(scope, receive, send_with_headers)
