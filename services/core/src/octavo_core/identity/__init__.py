"""Who is calling: the principal, and the check of the token that says so. Tokens are issued elsewhere."""

from octavo_core.identity.acting import ActingTokens, NoTokens
from octavo_core.identity.forwarding import Forwarded, forwarding_token, is_forwarded, verify_forwarded
from octavo_core.identity.keys import DiscoveredKeys, JwksKeys, KeySource, StaticKeys
from octavo_core.identity.principal import ANONYMOUS, Principal
from octavo_core.identity.service_tokens import ServiceTokens
from octavo_core.identity.tokens import TokenVerifier

__all__ = [
    "ANONYMOUS",
    "ActingTokens",
    "DiscoveredKeys",
    "Forwarded",
    "JwksKeys",
    "KeySource",
    "NoTokens",
    "Principal",
    "ServiceTokens",
    "StaticKeys",
    "TokenVerifier",
    "forwarding_token",
    "is_forwarded",
    "verify_forwarded",
]
