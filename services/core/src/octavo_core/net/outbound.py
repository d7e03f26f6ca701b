"""An HTTP session that reaches only what a `Reach` allows.

- The URL is taken apart once (`urls.py`), by the library that connects.
- Each name is resolved by us, once a hop; every address that comes back must be allowed, or none is used. The connection goes to just
  these addresses, and the last check stands where the socket is made, so that no path leads around it. TLS and `Host` keep the name.
- No proxies, cookies or credentials of the environment. Redirects are for the caller to follow, each URL checked as the first was, or
  not at all.
- What is refused by policy and what does not exist get the same words: the difference would tell which names there are inside.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from octavo_core.net.addresses import Address, is_allowed
from octavo_core.net.reach import Reach
from octavo_core.net.urls import REFUSED

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""(host, port) to addresses in text. Raises `OSError` for a name that does not exist."""


class RefusedHere(OSError):
    """Inside aiohttp, which passes an OSError on."""


def guarded_session(guard: Guard, reach: Reach, *, headers: Mapping[str, str]) -> aiohttp.ClientSession:
    """For one URL and what it leads to: connections are not kept. Close it, or use it as a context manager."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=guard, use_dns_cache=False, force_close=True, limit=1, socket_factory=guard.open_socket),
        timeout=aiohttp.ClientTimeout(total=reach.total_s, connect=reach.connect_s),
        headers=headers,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
    )


class Guard(AbstractResolver):
    """Resolves, checks, and checks again where the socket is made: an address in the URL itself never passes the resolver.

    `refused` says whether a call failed because of it.
    """

    def __init__(self, reach: Reach, resolve: Resolve | None = None) -> None:
        self._reach = reach
        self._resolve = resolve or _resolve
        self._allowed = set[str]()
        self.refused = False

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        try:
            texts = list(dict.fromkeys(await self._resolve(host, port)))
            addresses = [ipaddress.ip_address(text) for text in texts]
        except (OSError, ValueError, UnicodeError):
            raise self._refuse() from None
        if not addresses or not all(self._may(address, host.rstrip(".")) for address in addresses):
            raise self._refuse()
        self._allowed.update(map(str, addresses))
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in addresses
        ]

    def open_socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, where = info
        address = ipaddress.ip_address(where[0])
        if str(address) not in self._allowed and not self._may(address, str(address)):
            raise self._refuse()
        opened = socket.socket(family, kind, protocol)
        opened.setblocking(False)
        return opened

    async def close(self) -> None:
        """Holds nothing."""

    def _may(self, address: Address, host: str) -> bool:
        # A zone (fe80::1%eth0) names an interface of this machine.
        zoned = getattr(address, "scope_id", None) is not None
        return not zoned and (host in self._reach.hosts or is_allowed(address, self._reach.networks))

    def _refuse(self) -> RefusedHere:
        self.refused = True
        return RefusedHere(REFUSED)


async def _resolve(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(where[0]) for *_, where in found]
