"""Where callers reach this process: the operator leads the Services of sleeping generators there."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Sequence


def own_addresses(configured: Sequence[str], reached_at: str) -> list[str]:
    """The configured ones, else the address at which the operator has just reached us and those of our host name, which in a pod
    are the pod's own. Never one that is the machine's own affair: nobody else could reach it."""
    if configured:
        return list(configured)
    return sorted({address for address in (reached_at, *_of_host_name()) if _is_of_use(address)}, key=lambda address: address != reached_at)


def _of_host_name() -> Iterable[str]:
    try:
        return [str(found[4][0]) for found in socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_STREAM)]
    except OSError:
        return ()


def _is_of_use(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return not (parsed.is_loopback or parsed.is_link_local or parsed.is_unspecified)
