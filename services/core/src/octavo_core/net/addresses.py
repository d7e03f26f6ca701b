"""Which addresses are public. Everything else may be ours: a database, a cloud's metadata, a neighbour in the cluster.

Source: the special-purpose address registries of RFC 6890 as Python's `ipaddress` has them, plus what it calls global and is not
meant for us: multicast, 6to4 and Teredo (RFC 7526 retires the one, the other ends in somebody's home), NAT64 by what it leads to.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable

from octavo_core.net.reach import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC: tuple[Network, ...] = (
    ipaddress.IPv4Network("100.64.0.0/10"),
    ipaddress.IPv4Network("168.63.129.16/32"),  # Azure's own services, for every machine there
    ipaddress.IPv4Network("192.0.0.0/24"),
    ipaddress.IPv4Network("192.88.99.0/24"),
    ipaddress.IPv4Network("198.18.0.0/15"),
    ipaddress.IPv6Network("2001::/23"),
    ipaddress.IPv6Network("2001:db8::/32"),
    ipaddress.IPv6Network("2002::/16"),
    ipaddress.IPv6Network("3fff::/20"),
)


def is_allowed(address: Address, networks: Iterable[Network] = ()) -> bool:
    """Public, or in one of the networks. An IPv6 form of an IPv4 address is judged by that."""
    address = _meant(address)
    if any(address in network for network in networks):
        return True
    if any(address in network for network in _NOT_PUBLIC) or not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return isinstance(address, ipaddress.IPv4Address) or address in _GLOBAL_UNICAST


def literal_address(host: str) -> Address | None:
    """The address that a host is when it is written as one, also in the old forms that the C library takes (0x7f.1, 017700000001,
    2130706433); None for a name. Raises `ValueError` for what looks like an address and is none."""
    if ":" in host:
        return ipaddress.IPv6Address(host)
    if not looks_numeric(host):
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host.removesuffix(".")))
    except OSError:
        raise ValueError(host) from None


def looks_numeric(host: str) -> bool:
    """As browsers decide it: the last label is a number (URL Standard, "ends in a number")."""
    last = host.rstrip(".").rpartition(".")[2]
    return last.isdigit() or (last[:2] in ("0x", "0X") and all(c in "0123456789abcdefABCDEF" for c in last[2:]))


def _meant(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address
