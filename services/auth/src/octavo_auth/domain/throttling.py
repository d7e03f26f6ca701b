"""How often each thing may be tried, by whom it is tried on and by the address it comes from."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Rule:
    """`amount` times in any `seconds`."""

    name: str
    amount: int
    seconds: int


MINUTE, QUARTER, HOUR = 60, 900, 3_600

LOGIN_HERE = Rule("login-here", 10, QUARTER)
"""One account from one address."""
LOGIN_ACCOUNT = Rule("login-account", 30, QUARTER)
"""One account from everywhere. Above the other, so that a stranger needs more than one address to keep a person out."""
LOGIN_ADDRESS = Rule("login-address", 100, QUARTER)
REGISTER_ADDRESS = Rule("register-address", 30, HOUR)
MAIL_TARGET = Rule("mail-target", 6, HOUR)
"""Codes for one address or number, whoever asks."""
CODE_ADDRESS = Rule("code-address", 60, QUARTER)
"""Codes that are tried from one address, whichever they are of."""
RECOVER_ADDRESS = Rule("recover-address", 30, HOUR)
REFRESH_ADDRESS = Rule("refresh-address", 600, QUARTER)
PASSWORD_ACCOUNT = Rule("password-account", 10, QUARTER)
"""A password that is asked for again (change, delete) by who is logged in."""
PICTURE_ACCOUNT = Rule("picture-account", 30, HOUR)
OIDC_ADDRESS = Rule("oidc-address", 60, QUARTER)
SERVICE_ADDRESS = Rule("service-address", 300, QUARTER)


class Throttle(Protocol):
    async def check(self, rule: Rule, who: str) -> None:
        """Counts one. Raises `Throttled` with `retry_after`; what is refused is not counted."""
        ...

    async def forgive(self, rule: Rule, who: str) -> None:
        """After a success: what was counted is forgotten."""
        ...


def network(address: str) -> str:
    """What one person has: an IPv4 address, or the /64 that an IPv6 address is in."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:45]
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
