"""Login by another issuer's word: from the person that it vouches for to an account here.

The pair of issuer and subject is the account's; an e-mail address is not, unless the issuer is one whose word about addresses is trusted
(`trust_email`): else whoever runs an issuer, or can write any address into their profile there, could have anybody's account.
"""

from __future__ import annotations

import hashlib
import hmac

from octavo_auth.domain import identifiers
from octavo_auth.domain.journal import Journal
from octavo_auth.domain.login import WRONG_LOGIN, Login, Tokens
from octavo_auth.domain.model import Code, Identity, Origin, User
from octavo_auth.domain.ports import Codes, Users
from octavo_auth.domain.throttling import OIDC_ADDRESS, Throttle
from octavo_auth.domain.tokens import code_digest, new_code
from octavo_core.clock import Clock
from octavo_core.errors import Conflict, InvalidInput, Unauthenticated
from octavo_core.ids import generate_uuid

TICKET_MS = 60_000


class Federation:
    def __init__(
        self, *, users: Users, codes: Codes, login: Login, throttle: Throttle, journal: Journal, clock: Clock, code_key: bytes
    ) -> None:
        self._users = users
        self._codes = codes
        self._login = login
        self._throttle = throttle
        self._journal = journal
        self._clock = clock
        self._code_key = code_key

    async def arrived(
        self,
        *,
        issuer: str,
        subject: str,
        name: str | None,
        email: str | None,
        trust_email: bool,
        provider: str,
        binding: str,
        origin: Origin,
    ) -> str:
        """A ticket that the browser exchanges for tokens within a minute, once: tokens have no place in a URL. `binding`: the digest of
        the secret without which it is worth nothing, or empty."""
        user = await self._users.find_identity(issuer, subject)
        if user is None:
            user = await self._new(Identity(issuer, subject, ""), name, _address(email) if trust_email else None, provider, origin)
        now, ticket, ticket_id = self._clock.now_ms(), new_code("ticket"), generate_uuid()
        code = Code(
            id=ticket_id,
            purpose="ticket",
            channel="email",
            address=binding,
            created_at=now,
            expires_at=now + TICKET_MS,
            tries_left=1,
            user=user.id,
            payload=provider,
            digest=code_digest(self._code_key, ticket_id, ticket),
            sent_at=now,
        )
        await self._codes.add(code)
        return f"{ticket_id}.{ticket}"

    async def exchange(self, ticket: str, binding: str | None, origin: Origin) -> Tokens:
        """Whoever sends a `binding` is never logged in by a ticket that is bound to another, or to none: it came from somebody else, who
        would have them work in a strange account. Raises `Unauthenticated`."""
        await self._throttle.check(OIDC_ADDRESS, origin.address)
        ticket_id, _, secret = ticket.partition(".")
        digest = code_digest(self._code_key, ticket_id, secret)
        code = await self._codes.redeem(ticket_id, "ticket", digest, user=None, now=self._clock.now_ms())
        user = None if code is None or code.user is None else await self._users.get(code.user)
        if code is None or user is None or not hmac.compare_digest(code.address, binding_digest(binding)):
            await self._journal.refused("login", origin, detail="wrong ticket")
            raise Unauthenticated(WRONG_LOGIN)
        return await self._login.open_session(user, f"oidc:{code.payload}", origin)

    async def _new(self, identity: Identity, name: str | None, email: str | None, provider: str, origin: Origin) -> User:
        if email is not None and (known := await self._users.find("email", email)) is not None:
            linked = Identity(identity.issuer, identity.subject, known.id)
            await self._users.link_identity(linked, self._journal.entry("link", origin, actor=known.id, detail=provider))
            return known
        now, user_id = self._clock.now_ms(), generate_uuid()
        shown = _shown(name)
        user = User(user_id, shown, now, now, email=email, name_key=identifiers.name_key(shown))
        linked = Identity(identity.issuer, identity.subject, user_id)
        entry = self._journal.entry("register", origin, actor=user_id, detail=f"oidc:{provider}")
        try:
            return await self._users.create(user, linked, entry)
        except Conflict:
            # Their first login came twice at once, from two tabs.
            other = await self._users.find_identity(identity.issuer, identity.subject)
            if other is None:
                raise
            return other


def binding_digest(binding: str | None) -> str:
    return "" if binding is None else hashlib.sha256(binding.encode()).hexdigest()


def _address(email: str | None) -> str | None:
    try:
        return None if email is None else identifiers.email(email)
    except InvalidInput:
        return None


def _shown(name: str | None) -> str:
    try:
        return identifiers.display_name((name or "")[: identifiers.MAX_NAME_CHARS].partition("@")[0])
    except InvalidInput:
        return "Somebody"
