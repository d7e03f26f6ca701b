"""What every answer tells browsers, where the route itself does not say otherwise (OWASP's REST cheat sheet, and Fetch Metadata's kin):
take it for what it says it is, run and frame nothing of it, keep no copy, and hand it to no other site."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Headers = list[tuple[bytes, bytes]]

_ALWAYS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
_BY_HTTPS = (b"strict-transport-security", b"max-age=31536000")
"""A year. Not for subdomains, which may be somebody else's to speak for."""


def secured(headers: Headers, scope: Scope) -> Headers:
    """All of `headers`, and what they leave out."""
    said = {name.lower() for name, _ in headers}
    missing = [header for header in _ALWAYS if header[0] not in said]
    if scope.get("scheme") == "https" and _BY_HTTPS[0] not in said:
        missing.append(_BY_HTTPS)
    return [*headers, *missing]


class SecuredAnswers:
    """For answers that are given outside of the edge, as those to a browser's preflight are."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = secured(list(message.get("headers", ())), scope)
            await send(message)

        await self._app(scope, receive, send_secured if scope["type"] == "http" else send)
