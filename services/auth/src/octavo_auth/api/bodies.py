"""What is taken: strict, bounded, and nothing besides what is named, so that no field can be smuggled in."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from octavo_auth.domain.encryption import MAX_CONTEXT_CHARS, MAX_PLAIN_CHARS
from octavo_auth.domain.identifiers import MAX_IDENTIFIER_CHARS
from octavo_auth.domain.model import Channel, Outcome, Role
from octavo_auth.domain.passwords import MAX_SENT_CHARS

UUID = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

ACTION = "^[a-z_]{1,40}$"


def _printable(text: str) -> str:
    if "\x00" in text or any(ord(character) < 32 and character not in "\t" for character in text):
        raise ValueError("holds control characters")
    return text


Text = Annotated[str, AfterValidator(_printable)]
Identifier = Annotated[Text, Field(min_length=1, max_length=MAX_IDENTIFIER_CHARS)]
Password = Annotated[str, Field(min_length=1, max_length=MAX_SENT_CHARS)]
Id = Annotated[str, Field(pattern=UUID)]
UserId = Annotated[str, Path(pattern=UUID, description="Id of the user.")]
SessionId = Annotated[str, Path(pattern=UUID, description="Id of the session.")]
Provider = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$", description="Name of the issuer.")]
Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
Cursor = Annotated[str | None, Query(pattern=UUID, description="`next_cursor` of the page before.")]
Search = Annotated[str | None, AfterValidator(lambda text: None if text is None else _printable(text)), Query(max_length=100)]
OfUser = Annotated[str | None, Query(pattern=UUID)]
Action = Annotated[str | None, Query(pattern=ACTION)]
OfOutcome = Annotated[Outcome | None, Query()]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RegisterBody(_Body):
    name: Annotated[Text, Field(min_length=1, max_length=128, description="As others see it; one may also log in by it.")]
    password: Annotated[Password, Field(description="8 to 128 characters; not a common one, not the account's own name.")]
    email: Annotated[Text | None, Field(max_length=MAX_IDENTIFIER_CHARS)] = None
    phone: Annotated[Text | None, Field(max_length=40, description="With its country: +34600111222.")] = None


class VerifyBody(_Body):
    verification_id: Id
    code: Annotated[Text, Field(min_length=1, max_length=32)]


class ResendBody(_Body):
    verification_id: Id


class LoginBody(_Body):
    username: Annotated[Identifier, Field(description="E-mail address, phone number or name.")]
    password: Password


class RefreshBody(_Body):
    refresh_token: Annotated[Text, Field(min_length=1, max_length=256)]


class RecoverBody(_Body):
    username: Annotated[Identifier, Field(description="E-mail address, phone number or name.")]
    channel: Annotated[Literal["email", "whatsapp"], Field(description="Where the code shall go, if there is a choice.")] = "email"

    @property
    def way(self) -> Channel:
        return "phone" if self.channel == "whatsapp" else "email"


class RecoverConfirmBody(_Body):
    recovery_id: Id
    code: Annotated[Text, Field(min_length=1, max_length=32)]
    password: Password


class ProfileBody(_Body):
    name: Annotated[Text, Field(min_length=1, max_length=128)]


class PasswordBody(_Body):
    current_password: Annotated[Password | None, Field(description="Left out only by an account that has none.")] = None
    new_password: Password


class ContactBody(_Body):
    email: Annotated[Text | None, Field(max_length=MAX_IDENTIFIER_CHARS)] = None
    phone: Annotated[Text | None, Field(max_length=40)] = None
    password: Password | None = None


class ContactVerifyBody(_Body):
    contact_id: Id
    code: Annotated[Text, Field(min_length=1, max_length=32)]


class DeleteBody(_Body):
    password: Annotated[Password | None, Field(description="Left out only by an account that has none.")] = None


class AdminBody(_Body):
    role: Role | None = None
    status: Literal["active", "suspended"] | None = None

    @model_validator(mode="after")
    def _names_something(self) -> AdminBody:
        if self.role is None and self.status is None:
            raise ValueError("name a role or a status")
        return self


class MailBody(_Body):
    user: Id
    subject: Annotated[Text, Field(min_length=1, max_length=200)]
    text: Annotated[str, Field(min_length=1, max_length=10_000)]


class AuditBody(_Body):
    """What an admin did at another service. The correlation id is the request's own."""

    actor: Annotated[Id, Field(description="The admin.")]
    action: Annotated[str, Field(pattern=ACTION)]
    outcome: Literal["ok", "refused"] = "ok"
    subject: Annotated[Id | None, Field(description="Whom it concerns.")] = None
    address: Annotated[Text, Field(max_length=45, description="Where the admin called from.")] = ""
    detail: Annotated[Text, Field(max_length=200)] = ""


class TicketBody(_Body):
    ticket: Annotated[Text, Field(min_length=1, max_length=128)]
    binding: Annotated[
        Text | None,
        Field(min_length=1, max_length=128, description="The secret whose SHA-256 the start was given; none where it was given none."),
    ] = None


class ServiceTokenBody(_Body):
    client_id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
    client_secret: Annotated[str, Field(min_length=1, max_length=256)]
    on_behalf_of: Annotated[str | None, Field(min_length=1, max_length=128, description="The id of a person who asked for the work.")] = (
        None
    )


class EncryptBody(_Body):
    plaintext: Annotated[str, Field(max_length=MAX_PLAIN_CHARS)]
    context: Annotated[str, Field(min_length=1, max_length=MAX_CONTEXT_CHARS, description="What it belongs to; needed to decrypt.")]


class DecryptBody(_Body):
    ciphertext: Annotated[str, Field(min_length=1, max_length=8 * MAX_PLAIN_CHARS)]
    context: Annotated[str, Field(min_length=1, max_length=MAX_CONTEXT_CHARS)]
