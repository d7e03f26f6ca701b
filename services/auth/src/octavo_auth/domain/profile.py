"""What a person changes about their own account: name, password, address, number, picture; and its deletion."""

from __future__ import annotations

import structlog

from octavo_auth.domain import identifiers, passwords
from octavo_auth.domain.hashing import PasswordHashing
from octavo_auth.domain.journal import Journal
from octavo_auth.domain.model import Channel, Code, Erasure, Origin, Picture, Session, User
from octavo_auth.domain.ports import Codes, Users
from octavo_auth.domain.registration import WRONG_CODE, check_phone_offered
from octavo_auth.domain.sending import CODE_MS, TRIES
from octavo_auth.domain.throttling import CODE_ADDRESS, MAIL_TARGET, PASSWORD_ACCOUNT, Throttle
from octavo_auth.domain.tokens import as_typed, code_digest
from octavo_auth.domain.work import Work
from octavo_core.clock import Clock
from octavo_core.errors import Fault, Forbidden, InvalidInput, OctavoError
from octavo_core.ids import generate_uuid

log = structlog.get_logger(__name__)

FRESH_LOGIN_MS = 600_000
"""Who has no password confirms a change by having logged in within this time."""
WRONG_PASSWORD = "the password is wrong"  # noqa: S105 - what is said about one


class Profile:
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
        self._offers_phone = offers_phone

    async def rename(self, user: User, name: str, origin: Origin) -> User:
        shown = identifiers.display_name(name)
        return await self._users.rename(user.id, shown, identifiers.name_key(shown), self._journal.entry("rename", origin, actor=user.id))

    async def change_password(self, user: User, session: Session, current: str | None, new: str, origin: Origin) -> None:
        """Ends all other sessions. Raises `Forbidden` when the current one is wrong."""
        checked = passwords.check_new(new, names=(user.name, user.email, user.phone), path="new_password")
        await self._confirm(user, session, current, origin, "change_password")
        await self._users.set_password(
            user.id,
            await self._hashing.digest(checked),
            keep=session.id,
            entry=self._journal.entry("change_password", origin, actor=user.id),
        )
        await self._work.send_notice(user.id, "password_changed")

    async def begin_contact(
        self, user: User, session: Session, *, email: str | None, phone: str | None, password: str | None, origin: Origin
    ) -> str:
        """The id under which the code will be taken; it goes to the new address or number."""
        if (email is None) == (phone is None):
            raise InvalidInput("give an e-mail address or a phone number", faults=(Fault("email", "one of email and phone"),))
        channel: Channel = "email" if email is not None else "phone"
        address = identifiers.email(email) if email is not None else identifiers.phone(phone or "")
        if channel == "phone":
            check_phone_offered(self._offers_phone)
        await self._confirm(user, session, password, origin, "contact")
        await self._throttle.check(MAIL_TARGET, f"{channel}:{address}")
        now = self._clock.now_ms()
        code = Code(generate_uuid(), "contact", channel, address, now, now + CODE_MS, TRIES, user=user.id, sent_at=now)
        await self._codes.add(code, self._journal.entry("contact", origin, actor=user.id, detail=channel))
        await self._work.send_code(code.id)
        return code.id

    async def confirm_contact(self, user: User, contact: str, code: str, origin: Origin) -> User:
        """Raises `InvalidInput` for a wrong code, `Conflict` when the address was taken meanwhile."""
        await self._throttle.check(CODE_ADDRESS, origin.address)
        digest = code_digest(self._code_key, contact, as_typed("contact", code))
        found = await self._codes.redeem(contact, "contact", digest, user=user.id, now=self._clock.now_ms())
        if found is None:
            await self._journal.refused("contact_verify", origin, actor=user.id, subject=user.id, detail="wrong code")
            raise InvalidInput(WRONG_CODE, faults=(Fault("code", WRONG_CODE),))
        entry = self._journal.entry("contact_verify", origin, actor=user.id, detail=found.channel)
        changed = await self._users.set_contact(user.id, found.channel, found.address, entry)
        await self._work.send_notice(user.id, "contact_changed")
        return changed

    async def set_picture(self, user: User, picture: Picture | None, origin: Origin) -> User:
        action = "picture" if picture is not None else "picture_removed"
        return await self._users.set_picture(user.id, picture, self._journal.entry(action, origin, actor=user.id))

    async def delete(self, user: User, session: Session, password: str | None, origin: Origin) -> str:
        """The id of the erasure, which goes on by itself until every service has forgotten the person (`erasing`)."""
        await self._confirm(user, session, password, origin, "delete")
        return await self.erase(user.id, origin, actor=user.id)

    async def erase(self, user: str, origin: Origin, *, actor: str) -> str:
        """As `delete`, by an admin. Raises `NotFound`, and `Conflict` for the last admin."""
        now = self._clock.now_ms()
        entry = self._journal.entry("delete", origin, actor=actor, subject=user)
        erasure = await self._users.begin_erasure(Erasure(generate_uuid(), user, now), entry)
        try:
            await self._work.erase(erasure.id)
        except OctavoError as error:
            # The account is gone; the sweep finds the erasure without a job.
            log.warning("an erasure waits for the sweep", erasure=erasure.id, error=error.code)
        return erasure.id

    async def _confirm(self, user: User, session: Session, password: str | None, origin: Origin, action: str) -> None:
        await self._throttle.check(PASSWORD_ACCOUNT, user.id)
        if user.password_hash is None:
            if self._clock.now_ms() - session.created_at > FRESH_LOGIN_MS:
                raise Forbidden("log in again first: this account has no password that could confirm it")
            return
        if password is None or not await self._hashing.verify(user.password_hash, passwords.normalised(password)):
            await self._journal.refused(action, origin, actor=user.id, subject=user.id, detail="wrong password")
            raise Forbidden(WRONG_PASSWORD)
        await self._throttle.forgive(PASSWORD_ACCOUNT, user.id)
