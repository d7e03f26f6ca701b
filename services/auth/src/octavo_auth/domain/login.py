"""Login, refresh, logout: from a password or an issuer's word to a session, and its end.

A wrong name, a wrong password and an account without a password answer the same and take the same time: a password is always
hashed. Refresh tokens are exchanged, each once (RFC 9700, section 4.14): one that comes a second time ends its session, because either
the person or a thief holds an old one, and there is no telling who. So does an answer that was lost on its way; then one logs in again.
"""

from __future__ import annotations

from dataclasses import dataclass

from octavo_auth.domain import identifiers, passwords
from octavo_auth.domain.hashing import PasswordHashing
from octavo_auth.domain.journal import Journal
from octavo_auth.domain.model import AuditEntry, NewToken, Origin, Reused, Session, User
from octavo_auth.domain.ports import Sessions, Users
from octavo_auth.domain.throttling import LOGIN_ACCOUNT, LOGIN_ADDRESS, LOGIN_HERE, REFRESH_ADDRESS, Throttle
from octavo_auth.domain.tokens import REFRESH_CHARS, TokenIssuer, new_refresh_token, refresh_digest
from octavo_auth.domain.work import Work
from octavo_core.clock import Clock
from octavo_core.errors import Forbidden, NotFound, Unauthenticated
from octavo_core.ids import generate_uuid

DAY_MS = 86_400_000
WRONG_LOGIN = "the name or the password is wrong"
WRONG_REFRESH = "the refresh token is not valid"
SUSPENDED = "this account is suspended"


@dataclass(frozen=True, slots=True)
class Tokens:
    access: str
    access_s: int
    refresh: str
    user: User
    session: Session


class Login:
    def __init__(
        self,
        *,
        users: Users,
        sessions: Sessions,
        hashing: PasswordHashing,
        tokens: TokenIssuer,
        throttle: Throttle,
        journal: Journal,
        work: Work,
        clock: Clock,
        idle_days: float,
        session_days: float,
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._hashing = hashing
        self._tokens = tokens
        self._throttle = throttle
        self._journal = journal
        self._work = work
        self._clock = clock
        self._idle_ms = round(idle_days * DAY_MS)
        self._session_ms = round(session_days * DAY_MS)

    async def login(self, username: str, password: str, origin: Origin) -> Tokens:
        """By e-mail address, phone number or name. Raises `Unauthenticated`, `Throttled`, and `Forbidden` for a suspended account whose
        password is right."""
        kind_and_key = identifiers.classify(username)
        account = "?" if kind_and_key is None else ":".join(kind_and_key)
        await self._throttle.check(LOGIN_ADDRESS, origin.address)
        await self._throttle.check(LOGIN_HERE, f"{account}\n{origin.address}")
        await self._throttle.check(LOGIN_ACCOUNT, account)
        user = None if kind_and_key is None else await self._users.find(*kind_and_key)
        known = None if user is None else user.password_hash
        if not await self._hashing.verify(known, passwords.normalised(password)) or user is None or known is None:
            await self._journal.refused("login", origin, subject=None if user is None else user.id)
            raise Unauthenticated(WRONG_LOGIN)
        await self._throttle.forgive(LOGIN_HERE, f"{account}\n{origin.address}")
        await self._throttle.forgive(LOGIN_ACCOUNT, account)
        if self._hashing.is_outdated(known):
            await self._users.rehash(user.id, known, await self._hashing.digest(passwords.normalised(password)))
        return await self.open_session(user, "password", origin)

    async def open_session(self, user: User, method: str, origin: Origin) -> Tokens:
        """For who has shown who they are. Raises `Forbidden` for a suspended account."""
        if user.status != "active":
            await self._journal.refused("login", origin, subject=user.id, detail=user.status)
            raise Forbidden(SUSPENDED) if user.status == "suspended" else Unauthenticated(WRONG_LOGIN)
        now, refresh = self._clock.now_ms(), new_refresh_token()
        session = Session(
            id=generate_uuid(),
            user=user.id,
            created_at=now,
            last_used_at=now,
            expires_at=now + self._session_ms,
            method=method,
            address=origin.address[:45],
            agent=origin.agent[:200],
        )
        token = NewToken(refresh_digest(refresh), min(now + self._idle_ms, session.expires_at))
        await self._sessions.open(session, token, self._journal.entry("login", origin, actor=user.id, detail=method))
        return await self._handed_out(user, session, refresh)

    async def refresh(self, token: str, origin: Origin) -> Tokens:
        """Raises `Unauthenticated`."""
        await self._throttle.check(REFRESH_ADDRESS, origin.address)
        if len(token) != REFRESH_CHARS or not token.isascii():
            raise Unauthenticated(WRONG_REFRESH)

        def entry(user: User, reused: bool) -> AuditEntry:
            detail = "reused; the session is revoked" if reused else ""
            return self._journal.entry("refresh", origin, outcome="refused" if reused else "ok", actor=user.id, detail=detail)

        now, refresh = self._clock.now_ms(), new_refresh_token()
        outcome = await self._sessions.rotate(refresh_digest(token), NewToken(refresh_digest(refresh), now + self._idle_ms), now, entry)
        if outcome is None:
            raise Unauthenticated(WRONG_REFRESH)
        if isinstance(outcome, Reused):
            await self._work.send_notice(outcome.session.user, "session_revoked")
            raise Unauthenticated(WRONG_REFRESH)
        return await self._handed_out(outcome.user, outcome.session, refresh)

    async def logout(self, user: User, session: str, origin: Origin) -> None:
        """Ends one session of theirs. Raises `NotFound`."""
        if not await self._sessions.revoke(session, user.id, self._journal.entry("logout", origin, actor=user.id)):
            raise NotFound("there is no such session")

    async def logout_all(self, user: str, origin: Origin, *, actor: str) -> int:
        """How many sessions ended."""
        return await self._sessions.revoke_all(user, self._journal.entry("logout_all", origin, actor=actor, subject=user))

    async def sessions(self, user: str) -> list[Session]:
        return await self._sessions.of_user(user, self._clock.now_ms())

    async def current(self, session: str, user: str) -> tuple[Session, User]:
        """The session of an access token that has been checked, as it stands now: auth itself does not wait for the token's end.
        Raises `Unauthenticated`."""
        found = await self._sessions.find(session)
        if found is None or found[1].id != user or found[0].revoked_at is not None or found[1].status != "active":
            raise Unauthenticated("the session has ended; log in again")
        return found

    async def _handed_out(self, user: User, session: Session, refresh: str) -> Tokens:
        return Tokens(await self._tokens.access_token(user, session), self._tokens.access_s, refresh, user, session)
