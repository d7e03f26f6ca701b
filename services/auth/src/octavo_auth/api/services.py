"""What the routes stand on."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from octavo_auth.domain.encryption import Encryption
from octavo_auth.domain.federation import Federation
from octavo_auth.domain.issuers import Issuer
from octavo_auth.domain.journal import Journal
from octavo_auth.domain.keyring import KeyRing
from octavo_auth.domain.login import Login
from octavo_auth.domain.ports import Audit, CaughtMessages, Outbox, PictureReading, Users
from octavo_auth.domain.profile import Profile
from octavo_auth.domain.recovery import Recovery
from octavo_auth.domain.registration import Registration
from octavo_auth.domain.throttling import Throttle
from octavo_auth.domain.tokens import TokenIssuer
from octavo_auth.domain.work import Work
from octavo_core.clock import Clock
from octavo_core.identity import TokenVerifier


@dataclass(frozen=True, slots=True)
class ServiceClients:
    """Who may have a token of a service. `shared`: one secret for every name, as on a laptop."""

    secrets: Mapping[str, str]
    shared: str | None

    def accepts(self, name: str, secret: str) -> bool:
        known = self.secrets.get(name, self.shared if not self.secrets else None)
        # Compared in any case, so that a name that is not there takes as long.
        return secrets.compare_digest((known or "").encode(), secret.encode()) and known is not None


@dataclass(frozen=True, slots=True)
class AuthServices:
    users: Users
    audit: Audit
    outbox: Outbox
    caught: CaughtMessages
    registration: Registration
    login: Login
    recovery: Recovery
    profile: Profile
    federation: Federation
    issuers: Mapping[str, Issuer]
    keys: KeyRing
    encryption: Encryption
    tokens: TokenIssuer
    verifier: TokenVerifier
    clients: ServiceClients
    throttle: Throttle
    journal: Journal
    pictures: PictureReading
    clock: Clock
    work: Work
    catches_mail: bool
    picture_max_bytes: int
    secure_cookies: bool
