"""From "I want an account" to an account.

A registration is bound to an id that only whoever asked for it has: the code of another's registration with one's own address
confirms nothing of theirs. The account is made when the code comes back, so that nobody can sit on an address that is not theirs.

Dead between the code's redemption and the account's creation: the code is used up, there is no account, and the person registers
again.
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from octavo_auth.domain import identifiers, passwords
from octavo_auth.domain.hashing import PasswordHashing
from octavo_auth.domain.journal import Journal
from octavo_auth.domain.model import Channel, Code, Origin, User
from octavo_auth.domain.ports import Codes, Users
from octavo_auth.domain.sending import CODE_MS, COOL_DOWN_MS, TRIES
from octavo_auth.domain.throttling import CODE_ADDRESS, MAIL_TARGET, REGISTER_ADDRESS, Throttle
from octavo_auth.domain.tokens import as_typed, code_digest
from octavo_auth.domain.work import Work
from octavo_core.clock import Clock
from octavo_core.errors import Fault, InvalidInput, Throttled
from octavo_core.ids import generate_uuid

WRONG_CODE = "the code is wrong, was used, or has expired"


@dataclass(frozen=True, slots=True)
class Applicant:
    name: str
    password: str
    email: str | None
    phone: str | None


class Registration:
    def __init__(
        self,
        *,
        users: Users,
        codes: Codes,
        hashing: PasswordHashing,
        work: Work,
        throttle: Throttle,
        journal: Journal,
        clock: Clock,
        code_key: bytes,
        admin_email: str | None,
        offers_phone: bool,
    ) -> None:
        self._users = users
        self._codes = codes
        self._hashing = hashing
        self._work = work
        self._throttle = throttle
        self._journal = journal
        self._clock = clock
        self._code_key = code_key
        self._admin_email = admin_email
        self._offers_phone = offers_phone

    async def register(self, applicant: Applicant, origin: Origin) -> str:
        """The id of the registration; a code is on its way to the address (e-mail first) or number, or a notice to who has an account
        there already."""
        await self._throttle.check(REGISTER_ADDRESS, origin.address)
        name = identifiers.display_name(applicant.name)
        email = None if applicant.email is None else identifiers.email(applicant.email)
        phone = None if applicant.phone is None else identifiers.phone(applicant.phone)
        channel, address = self._first(email, phone)
        password = passwords.check_new(applicant.password, names=(name, email, phone))
        await self._throttle.check(MAIL_TARGET, f"{channel}:{address}")
        payload = {"name": name, "password_hash": await self._hashing.digest(password), "phone": phone if channel == "email" else None}
        now = self._clock.now_ms()
        code = Code(
            id=generate_uuid(),
            purpose="register",
            channel=channel,
            address=address,
            created_at=now,
            expires_at=now + CODE_MS,
            tries_left=TRIES,
            payload=orjson.dumps(payload).decode(),
            sent_at=now,
        )
        await self._codes.add(code, self._journal.entry("register", origin))
        await self._work.send_code(code.id)
        return code.id

    async def resend(self, registration: str, origin: Origin) -> None:
        """Says nothing of whether there is such a registration."""
        await self._throttle.check(CODE_ADDRESS, origin.address)
        known = await self._codes.get(registration)
        if known is None:
            return
        await self._throttle.check(MAIL_TARGET, f"{known.channel}:{known.address}")
        now = self._clock.now_ms()
        claimed = await self._codes.claim_resend(registration, "register", now=now, cool_down_ms=COOL_DOWN_MS, expires_at=now + CODE_MS)
        if isinstance(claimed, int):
            raise Throttled("a code was sent a moment ago; wait for it", retry_after=claimed / 1000)
        if claimed is not None:
            await self._work.send_code(registration)

    async def verify(self, registration: str, code: str, origin: Origin) -> User:
        """The new account. Raises `InvalidInput` for a wrong code, `Conflict` when the address was taken meanwhile."""
        await self._throttle.check(CODE_ADDRESS, origin.address)
        digest = code_digest(self._code_key, registration, as_typed("register", code))
        now = self._clock.now_ms()
        found = await self._codes.redeem(registration, "register", digest, user=None, now=now)
        if found is None:
            await self._journal.refused("verify", origin, detail="wrong code")
            raise InvalidInput(WRONG_CODE, faults=(Fault("code", WRONG_CODE),))
        payload = orjson.loads(found.payload)
        user_id = generate_uuid()
        user = User(
            id=user_id,
            name=payload["name"],
            name_key=identifiers.name_key(payload["name"]),
            email=found.address if found.channel == "email" else None,
            phone=found.address if found.channel == "phone" else None,
            password_hash=payload["password_hash"],
            created_at=now,
            updated_at=now,
        )
        created = await self._users.create(user, None, self._journal.entry("verify", origin, actor=user_id))
        if await self._becomes_admin(created, origin):
            created = await self._users.get(user_id) or created
        if payload["phone"] is not None:
            await self._confirm_other(created, payload["phone"])
        return created

    async def _becomes_admin(self, user: User, origin: Origin) -> bool:
        if self._admin_email is None or user.email != self._admin_email.lower():
            return False
        return await self._users.promote_first_admin(
            user.email, self._journal.entry("promote", origin, actor=user.id, detail="OCTAVO_ADMIN_EMAIL")
        )

    async def _confirm_other(self, user: User, phone: str) -> None:
        """The number that was given beside the address has yet to be confirmed; its code goes out now, and comes back to
        `/me/contact/verify`. Its id is that of the account."""
        if not self._offers_phone:
            return
        now = self._clock.now_ms()
        code = Code(user.id, "contact", "phone", phone, now, now + CODE_MS, TRIES, user=user.id, sent_at=now)
        await self._codes.add(code)
        await self._work.send_code(code.id)

    def _first(self, email: str | None, phone: str | None) -> tuple[Channel, str]:
        if email is not None:
            return "email", email
        if phone is None:
            raise InvalidInput("email: give an e-mail address or a phone number", faults=(Fault("email", "is missing", "or a phone"),))
        check_phone_offered(self._offers_phone)
        return "phone", phone


def check_phone_offered(offered: bool) -> None:
    if not offered:
        raise InvalidInput("phone: no message can be sent to a phone from here", faults=(Fault("phone", "cannot be reached", "an email"),))
