"""What the job of a code does: find out whom it concerns, make the code, write its digest down, send it.

The request that asked for it knows nothing of that, so that it answers the same, in the same time, whether there is an account or not;
and the code stands in no job, in no log and in no table. Run twice (a crash between sending and the job's end), it sends a second
code, and the newer one holds.
"""

from __future__ import annotations

from dataclasses import replace

from octavo_auth.domain.identifiers import classify
from octavo_auth.domain.model import Channel, Code, Message, User
from octavo_auth.domain.ports import Codes, Sender, Users
from octavo_auth.domain.tokens import code_digest, new_code
from octavo_auth.domain.work import Notice
from octavo_core.clock import Clock

CODE_MS = 600_000
COOL_DOWN_MS = 60_000
TRIES = 5

_NOTICES: dict[Notice, tuple[str, str]] = {
    "password_changed": ("Your password was changed", "The password of your account was changed, and all other sessions were ended."),
    "contact_changed": ("Your account has a new address", "A new e-mail address or phone number was confirmed for your account."),
    "session_revoked": (
        "A session was ended",
        "A login of yours was used a second time with a token that had been exchanged already. Somebody may have copied it; the session"
        " was ended. Log in again.",
    ),
    "account_suspended": ("Your account is suspended", "Your account was suspended. Ask those who run this place."),
}
_NOT_YOU = 'If this was not you, set a new password at once, by "forgotten password".'


class CodeSending:
    def __init__(self, *, users: Users, codes: Codes, sender: Sender, clock: Clock, code_key: bytes) -> None:
        self._users = users
        self._codes = codes
        self._sender = sender
        self._clock = clock
        self._code_key = code_key

    async def send_code(self, code_id: str) -> None:
        """Raises `ProviderError` when the message could not be handed over."""
        code = await self._codes.get(code_id)
        if code is None or code.expires_at <= self._clock.now_ms():
            return
        match code.purpose:
            case "register" | "contact":
                owner = await self._users.find(code.channel, code.address)
                if owner is not None and owner.id != code.user:
                    await self._sender.send(_taken(code))
                elif owner is None:
                    await self._send(code, code.channel, code.address, code.user)
            case "recover":
                found = classify(code.address)
                user = None if found is None else await self._users.find(*found)
                if user is not None and user.status == "active" and (to := _reached(user, code.channel)) is not None:
                    await self._send(code, *to, user.id)
            case "ticket":
                pass

    async def send_notice(self, user_id: str, notice: Notice) -> None:
        user = await self._users.get(user_id)
        to = None if user is None or user.email is None else user.email
        if to is None:
            return
        subject, text = _NOTICES[notice]
        warning = f"\n\n{_NOT_YOU}" if notice in ("password_changed", "contact_changed") else ""
        await self._sender.send(Message("email", to, subject, f"{text}{warning}\n"))

    async def send_mail(self, user_id: str, subject: str, text: str) -> None:
        """Of another service, to whoever has an address and may log in."""
        user = await self._users.get(user_id)
        if user is not None and user.email is not None and user.status == "active":
            await self._sender.send(Message("email", user.email, subject, text))

    async def _send(self, code: Code, channel: Channel, to: str, user: str | None) -> None:
        made = new_code(code.purpose)
        digest = code_digest(self._code_key, code.id, made)
        await self._codes.set_sent(code.id, digest=digest, user=user, now=self._clock.now_ms())
        await self._sender.send(_message(replace(code, channel=channel), to, made))


def _reached(user: User, channel: Channel) -> tuple[Channel, str] | None:
    """By what was asked for, else by what there is."""
    ways: dict[Channel, str | None] = {"email": user.email, "phone": user.phone}
    order: tuple[Channel, Channel] = ("email", "phone") if channel == "email" else ("phone", "email")
    return next(((way, address) for way in order if (address := ways[way]) is not None), None)


def _message(code: Code, to: str, made: str) -> Message:
    shown = made if len(made) < 10 else f"{made[:5]}-{made[5:]}"
    if code.purpose == "recover":
        subject = "A new password for Octavo"
        text = f"Your code to set a new password: {shown}\n\nIt holds for 10 minutes and once. If you did not ask for it, ignore this.\n"
    else:
        subject = "Your code for Octavo"
        text = f"Your code: {shown}\n\nIt holds for 10 minutes. If you did not ask for it, ignore this.\n"
    return Message(code.channel, to, subject, text, code=shown)


def _taken(code: Code) -> Message:
    text = (
        "Somebody, perhaps you, wanted to open an account with this address or number. There is one already: log in, or set a new"
        ' password by "forgotten password". If it was not you, there is nothing to do.\n'
    )
    return Message(code.channel, code.address, "You have an account already", text)
