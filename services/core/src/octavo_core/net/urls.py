"""Addresses that strangers give, judged by what stands in them: nothing is resolved here, so that a name may still lead inside.

What two parsers could read in two ways is refused, and the library that takes a URL apart is the one that connects.
"""

from __future__ import annotations

import re

from yarl import URL

from octavo_core.errors import Fault, InvalidInput
from octavo_core.net.addresses import is_allowed, literal_address
from octavo_core.net.reach import MAX_URL_CHARS, Reach

REFUSED = "this address cannot be fetched from: it is not there, or it is not public"
AMBIGUOUS = re.compile(r"[\x00-\x20\x7f-\xa0\\]|//[^/?#]*@")
"""Blanks and control characters (parsers drop them), backslashes (browsers take them for slashes), user info."""
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.(?!-)[a-z0-9_-]{1,63})*\.?", re.ASCII)
_INSIDE = ("localhost", "local", "internal", "intranet", "lan", "home.arpa", "cluster.local", "svc", "localdomain")
"""Names that are never public, whatever a DNS server says."""


def check_url(url: str, reach: Reach) -> URL:
    """The URL taken apart, an address in it in its one plain form. Pure. Raises `InvalidInput`."""
    if len(url) > MAX_URL_CHARS:
        raise fault(reach, f"must be at most {MAX_URL_CHARS} characters long")
    if not url.lower().startswith(("http://", "https://")):
        raise fault(reach, "must be an http or https URL", "http://… or https://…")
    if AMBIGUOUS.search(url):
        raise fault(reach, "must not contain blanks, control characters, backslashes, or a user name")
    try:
        parsed = URL(url)
        host, port = parsed.raw_host, parsed.port
    except (ValueError, UnicodeError):
        raise fault(reach, "is not a URL") from None
    if not host or port is None:
        raise fault(reach, "must name a host")
    if port not in reach.ports:
        raise refused(reach)
    try:
        address = literal_address(host)
    except ValueError:
        raise fault(reach, "is not a URL") from None
    if address is not None:
        if not is_allowed(address, reach.networks) and str(address) not in reach.hosts:
            raise refused(reach)
        # The C library's old forms of an address become the one that everybody reads the same way.
        return parsed.with_host(str(address)).with_fragment(None)
    if not _NAME.fullmatch(host) or len(host) > 253:
        raise fault(reach, "is not a URL")
    name = host.rstrip(".")
    if name not in reach.hosts and not reach.networks and name.endswith(tuple(f".{inside}" for inside in _INSIDE)):
        raise refused(reach)
    if name in _INSIDE and name not in reach.hosts and not reach.networks:
        raise refused(reach)
    return parsed.with_fragment(None)


def refused(reach: Reach) -> InvalidInput:
    ports = ", ".join(map(str, sorted(reach.ports)))
    return fault(reach, REFUSED, f"public addresses, ports {ports}")


def fault(reach: Reach, message: str, allowed: str | None = None) -> InvalidInput:
    return InvalidInput(f"{reach.path}: {message}", faults=(Fault(reach.path, message, allowed),))
