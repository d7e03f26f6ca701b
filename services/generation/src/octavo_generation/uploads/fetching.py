"""A picture from an address that a stranger gave, without letting the stranger look at our network through us.

- The URL is taken apart once (`urls.py`), by the library that connects.
- Each name is resolved by us, once a hop; every address that comes back must be allowed, or none is used. The connection goes to just
  these addresses, and the last check stands where the socket is made, so that no path leads around it. TLS and `Host` keep the name.
- Redirects are followed here, hop by hop, each checked as the first URL was. No proxies, cookies or credentials of the environment.
- What is refused by policy and what does not exist get the same words: the difference would tell which names there are inside.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import zlib
from collections.abc import Awaitable, Callable, Sequence

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from octavo_core.errors import Fault, TooLarge, Unavailable
from octavo_generation.uploads.addresses import is_allowed
from octavo_generation.uploads.limits import MAX_URL_CHARS, FetchLimits
from octavo_generation.uploads.urls import AMBIGUOUS, PATH, REFUSED, SCHEME, check_url, fault, refused

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""(host, port) to addresses in text. Raises `OSError` for a name that does not exist."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HEADERS = {
    "User-Agent": "Octavo (fetches a picture that a person named)",
    "Accept": "image/png, image/jpeg, image/webp, image/gif",
    "Accept-Encoding": "identity",
}
_CHUNK = 65_536


class _RefusedHere(OSError):
    """Inside aiohttp, which passes an OSError on."""


async def fetch_picture(url: str, limits: FetchLimits, *, resolve: Resolve | None = None) -> bytes:
    """The bytes that are there, at most `max_bytes`; what they are is for `check_picture` to say. One attempt.

    Raises `InvalidInput` (refused, or nothing there that could be a picture), `TooLarge`, and `Unavailable` for a server that does not
    answer well just now.
    """
    target = check_url(url, limits)
    guard = _Guard(limits, resolve or _resolve)
    try:
        async with asyncio.timeout(limits.total_s), _session(guard, limits) as session:
            for _ in range(limits.max_redirects + 1):
                async with session.get(target, allow_redirects=False) as answer:
                    if answer.status not in _REDIRECTS:
                        return await _body(answer, limits)
                    target = _next(target, answer.headers.get("Location"), limits)
    except TimeoutError:
        raise Unavailable(f"{PATH}: the picture's server did not answer in time") from None
    except aiohttp.ClientError as error:
        if guard.refused:
            raise refused(limits) from None
        if isinstance(error, aiohttp.InvalidURL):
            raise fault("is not a URL") from None
        raise Unavailable(f"{PATH}: the picture's server cannot be reached") from None
    raise fault(f"leads on to another address more than {limits.max_redirects} times")


def _session(guard: _Guard, limits: FetchLimits) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=guard, use_dns_cache=False, force_close=True, limit=1, socket_factory=guard.open_socket),
        timeout=aiohttp.ClientTimeout(total=limits.total_s, connect=limits.connect_s),
        headers=_HEADERS,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
    )


def _next(target: URL, location: str | None, limits: FetchLimits) -> URL:
    if not location or len(location) > MAX_URL_CHARS or AMBIGUOUS.search(location):
        raise fault("leads on to what is not a URL")
    if SCHEME.match(location):
        # As it stands: a library's join takes `http:///x` for a path on this host.
        return check_url(location, limits)
    try:
        following = target.join(URL(location))
    except (ValueError, UnicodeError):
        raise fault("leads on to what is not a URL") from None
    return check_url(str(following), limits)


async def _body(answer: aiohttp.ClientResponse, limits: FetchLimits) -> bytes:
    if answer.status == 429 or answer.status >= 500:
        raise Unavailable(f"{PATH}: the picture's server answered {answer.status}")
    if answer.status != 200:
        raise fault(f"the picture's server answered {answer.status}")
    encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "", "gzip", "x-gzip", "deflate"):
        raise fault("the picture comes in a Content-Encoding that was not asked for")
    if answer.content_length is not None and answer.content_length > limits.max_bytes:
        raise _too_large(limits)
    # Only what fits is ever unpacked: a bomb is met with the same bound as a file. 47: gzip or zlib, told by its first bytes.
    unpack = None if encoding in ("identity", "") else zlib.decompressobj(wbits=47)
    body, received = bytearray(), 0
    async for chunk in answer.content.iter_chunked(_CHUNK):
        received += len(chunk)
        try:
            body += chunk if unpack is None else unpack.decompress(chunk, limits.max_bytes + 1 - len(body))
        except zlib.error:
            raise fault("the picture's server sent a broken body") from None
        if len(body) > limits.max_bytes or received > limits.max_bytes:
            raise _too_large(limits)
    if unpack is not None and not unpack.eof:
        raise fault("the picture's server sent a broken body")
    return bytes(body)


class _Guard(AbstractResolver):
    """Resolves, checks, and checks again where the socket is made: an address in the URL itself never passes the resolver."""

    def __init__(self, limits: FetchLimits, resolve: Resolve) -> None:
        self._limits = limits
        self._resolve = resolve
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

    def _may(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address, host: str) -> bool:
        # A zone (fe80::1%eth0) names an interface of this machine.
        zoned = getattr(address, "scope_id", None) is not None
        return not zoned and (host in self._limits.hosts or is_allowed(address, self._limits.networks))

    def _refuse(self) -> _RefusedHere:
        self.refused = True
        return _RefusedHere(REFUSED)


async def _resolve(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(where[0]) for *_, where in found]


def _too_large(limits: FetchLimits) -> TooLarge:
    message = f"the picture is larger than {limits.max_bytes} bytes"
    return TooLarge(f"{PATH}: {message}", faults=(Fault(PATH, message, f"at most {limits.max_bytes} bytes"),))
