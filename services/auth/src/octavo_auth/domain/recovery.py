"""A forgotten password. The answer, and the time it takes, are the same whether there is an account or not: whom it concerns is found
out by the job that sends (`sending`)."""

from __future__ import annotations

from octavo_auth.domain import passwords
from octavo_auth.domain.hashing import PasswordHashing
from octavo_auth.domain.identifiers import MAX_IDENTIFIER_CHARS, classify
from octavo_auth.domain.journal import Journal
from octavo_auth.domain.model import Channel, Code, Origin
from octavo_auth.domain.ports import Codes, Users
from octavo_auth.domain.registration import WRONG_CODE
from octavo_auth.domain.sending import CODE_MS, TRIES
from octavo_auth.domain.throttling import CODE_ADDRESS, MAIL_TARGET, RECOVER_ADDRESS, Throttle
from octavo_auth.domain.tokens import as_typed, code_digest
from octavo_auth.domain.work import Work
from octavo_core.clock import Clock
from octavo_core.errors import Fault, InvalidInput
from octavo_core.ids import generate_uuid


class Recovery:
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
    ) -> None:
        self._users = users
        self._codes = codes
        self._hashing = hashing
        self._work = work
        self._throttle = throttle
        self._journal = journal
        self._clock = clock
        self._code_key = code_key

    async def begin(self, username: str, channel: Channel, origin: Origin) -> str:
        """The id under which the code will be taken. `channel`: where it shall go, if the account has both."""
        await self._throttle.check(RECOVER_ADDRESS, origin.address)
        found = classify(username)
        await self._throttle.check(MAIL_TARGET, "?" if found is None else ":".join(found))
        now = self._clock.now_ms()
        # What can be no account's is kept as nothing.
        address = "" if found is None else username.strip()[:MAX_IDENTIFIER_CHARS]
        code = Code(generate_uuid(), "recover", channel, address, now, now + CODE_MS, TRIES, sent_at=now)
        await self._codes.add(code, self._journal.entry("recover", origin))
        await self._work.send_code(code.id)
        return code.id

    async def confirm(self, recovery: str, code: str, password: str, origin: Origin) -> None:
        """Sets the password and ends all sessions. Raises `InvalidInput`."""
        await self._throttle.check(CODE_ADDRESS, origin.address)
        # Before the code is used up; against the account's names only after it was right, or a refusal would tell them.
        passwords.check_new(password, names=())
        digest = code_digest(self._code_key, recovery, as_typed("recover", code))
        found = await self._codes.redeem(recovery, "recover", digest, user=None, now=self._clock.now_ms())
        user = None if found is None or found.user is None else await self._users.get(found.user)
        if user is None or user.status != "active":
            await self._journal.refused("recover_confirm", origin, detail="wrong code")
            raise InvalidInput(WRONG_CODE, faults=(Fault("code", WRONG_CODE),))
        checked = passwords.check_new(password, names=(user.name, user.email, user.phone))
        await self._users.set_password(
            user.id,
            await self._hashing.digest(checked),
            keep=None,
            entry=self._journal.entry("recover_confirm", origin, actor=user.id),
        )
        await self._work.send_notice(user.id, "password_changed")
