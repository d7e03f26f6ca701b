"""Who is calling a sleeping generator: its tokens are checked as it would check them itself, offline."""

from __future__ import annotations

from octavo_activator.gate import Gate
from octavo_core.errors import Misconfigured
from octavo_core.identity import ANONYMOUS, JwksKeys, Principal, TokenVerifier
from octavo_core.spec import Auth


class Doorkeeper:
    def __init__(self, *, jwks_url: str | None, issuer: str) -> None:
        self._keys = None if jwks_url is None else JwksKeys(jwks_url)
        self._issuer = issuer
        self._verifiers: dict[tuple[str, str | None], TokenVerifier] = {}

    def can_check(self, gate: Gate) -> bool:
        """False: nothing is accepted here in that generator's stead; its requests wait for it."""
        mode = gate.route.auth.mode
        return mode == "none" or (mode == "jwt" and self._keys is not None)

    async def principal(self, gate: Gate, authorization: str | None) -> Principal:
        """Raises `Unauthenticated`, or `Unavailable` when the issuer's keys cannot be had."""
        auth = gate.route.auth
        if auth.mode != "none":
            return await self._verifier(auth).verify(authorization)
        if self._keys is None:
            return ANONYMOUS
        verifier = self._verifier(Auth())
        return await verifier.verify(authorization) if verifier.is_of_issuer(authorization) else ANONYMOUS

    def _verifier(self, auth: Auth) -> TokenVerifier:
        if self._keys is None:
            raise Misconfigured("tokens cannot be checked: OCTAVO_JWKS_URL is not set")
        wanted = (auth.issuer or self._issuer, auth.audience)
        if wanted not in self._verifiers:
            self._verifiers[wanted] = TokenVerifier(self._keys, issuer=wanted[0], audience=wanted[1])
        return self._verifiers[wanted]
