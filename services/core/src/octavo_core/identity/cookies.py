"""The cookies in which the studio keeps a person's session, so that a browser's own requests (pictures, Socket.IO) need no script that
knows a token. Whoever takes one as the proof of who calls must also know that the request comes from a page of the same place."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie

ACCESS = "octavo_access"
REFRESH = "octavo_refresh"
NAME = "octavo_name"
HOST_PREFIX = "__Host-"
"""Over https: no other host, no subdomain and no plain connection can set or see it (RFC 6265bis, section 4.1.3.2)."""
_MAX_HEADER_CHARS = 16_384


def access_token(header: str | None) -> str | None:
    """The access token of a `Cookie` header. One that came over https counts before the other."""
    if not header or len(header) > _MAX_HEADER_CHARS:
        return None
    try:
        found = SimpleCookie(header)
    except CookieError:
        return None
    return next((found[name].value for name in (HOST_PREFIX + ACCESS, ACCESS) if name in found and found[name].value), None)
