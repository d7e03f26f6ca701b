"""What holds at the door of a process, whichever applications it is composed of: how often one address and one user may ask, and which
proxies are believed when they say whom they ask for.

Addresses are counted before anything else is done. A user is counted when a token has been checked, never by what a token merely says:
else a stranger could use up somebody's requests with forged ones. A caller on this very machine is not counted; where a proxy on it
passes requests on from elsewhere, it has to be named, and then those it names are. Services that call with tokens of their own are
counted by address alone.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Receive, Scope, Send

from octavo_core.errors import Throttled
from octavo_core.http.rates import TokenBuckets
from octavo_core.settings import CommonSettings

if TYPE_CHECKING:
    from octavo_core.identity.principal import Principal

_UNCOUNTED = ("/health/", "/health/ready", "/health/live", "/api/v1/health", "/api/v1/health/detailed", "/metrics")


class Door:
    """`per_minute` 0: nobody is counted."""

    def __init__(self, *, per_minute: int = 0, burst: int = 1, trusted_proxies: Sequence[str] = ()) -> None:
        self._addresses = TokenBuckets(per_minute, burst) if per_minute else None
        self._users = TokenBuckets(per_minute, burst) if per_minute else None
        self._proxies = _reading_of(trusted_proxies) if trusted_proxies else None

    async def learn_caller(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Writes into the scope whom a proxy asks for, and whether that was by https."""
        if self._proxies is not None:
            await self._proxies(scope, receive, send)

    def refusal_of_address(self, scope: Scope) -> Throttled | None:
        if self._addresses is None or scope["path"].endswith(_UNCOUNTED):
            return None
        counted = _counted_as(scope)
        wait_s = 0.0 if counted is None else self._addresses.take(counted, time.monotonic())
        return Throttled("too many requests from this address; try again later", retry_after=wait_s) if wait_s else None

    def refusal_of_user(self, scope: Scope, principal: Principal) -> Throttled | None:
        if self._users is None or principal.role == "service" or _counted_as(scope) is None:
            return None
        wait_s = self._users.take(principal.user, time.monotonic())
        return Throttled("too many requests of this user; try again later", retry_after=wait_s) if wait_s else None


def _reading_of(trusted_proxies: Sequence[str]) -> ASGIApp:
    # Here and not above: most processes have no proxy to believe.
    from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

    async def goes_no_further(_scope: object, _receive: object, _send: object) -> None:
        """What is wanted is only what was written into the scope on the way here."""

    reading: ASGIApp = ProxyHeadersMiddleware(goes_no_further, trusted_hosts=list(trusted_proxies))  # type: ignore[assignment]
    return reading


def _counted_as(scope: Scope) -> str | None:
    client = scope.get("client")
    return None if client is None else _whose(client[0])


@lru_cache(maxsize=8_192)
def _whose(address: str) -> str | None:
    """What one person has: an IPv4 address, or the /64 that an IPv6 address is in. None for this machine."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is None:
            return None if parsed.is_loopback else str(ipaddress.ip_network((parsed, 64), strict=False))
        parsed = parsed.ipv4_mapped
    return None if parsed.is_loopback else str(parsed)


# A process has one, however many applications it is composed of.
_door = Door()


def configure_door(settings: CommonSettings) -> None:
    """Call once, in the composition root. Until then nobody is counted and no proxy is believed."""
    global _door
    _door = Door(
        per_minute=settings.edge_requests_per_minute,
        burst=settings.edge_burst,
        trusted_proxies=settings.trusted_proxies,
    )


def door() -> Door:
    return _door
