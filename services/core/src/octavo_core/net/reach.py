"""Where a stranger's URL may lead, and how long it may take there."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MAX_URL_CHARS = 2_048


@dataclass(frozen=True, slots=True)
class Reach:
    """`ports` holds for all hosts. `hosts` (lower case, whole names) and `networks` are reached although they are not public."""

    ports: frozenset[int] = frozenset({80, 443})
    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()
    connect_s: float = 5.0
    total_s: float = 15.0
    path: str = "url"
    """What errors call the URL: the field of the request that it came in."""


def allowed_beside_public(entries: Iterable[str]) -> tuple[frozenset[str], tuple[Network, ...]]:
    """Host names and networks, as `Reach` takes them, of a setting that lists both."""
    listed = tuple(entries)
    networks = tuple(network for network in map(network_of, listed) if network is not None)
    return frozenset(entry.lower().rstrip(".") for entry in listed if network_of(entry) is None), networks


def network_of(entry: str) -> Network | None:
    """An address is a network of one; None for a name."""
    try:
        return ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return None
