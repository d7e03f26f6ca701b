"""The nouns of auth, as they stand in its tables. Times are milliseconds since the epoch; ids are UUIDs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["user", "admin"]
Status = Literal["active", "suspended", "deleting"]
Channel = Literal["email", "phone"]
Purpose = Literal["register", "contact", "recover", "ticket"]
Outcome = Literal["ok", "refused", "throttled"]


@dataclass(frozen=True, slots=True)
class User:
    """`email` and `phone` are confirmed ones. `name` is shown and need not be unique; `name_key` is, and belongs to who came first:
    only they may log in by it. `picture` is the digest of the one that is kept."""

    id: str
    name: str
    created_at: int
    updated_at: int
    email: str | None = None
    phone: str | None = None
    name_key: str | None = None
    password_hash: str | None = None
    role: Role = "user"
    status: Status = "active"
    picture: str | None = None
    last_login_at: int | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """One login: a family of refresh tokens, of which only the newest holds."""

    id: str
    user: str
    created_at: int
    last_used_at: int
    expires_at: int
    """Whatever is refreshed, it ends then."""
    method: str
    address: str
    agent: str
    revoked_at: int | None = None


@dataclass(frozen=True, slots=True)
class NewToken:
    """A refresh token as it is kept: its digest, and until when it may be used."""

    digest: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class Rotated:
    session: Session
    user: User


@dataclass(frozen=True, slots=True)
class Reused:
    """A refresh token came a second time: somebody has a copy, and the whole session is revoked."""

    session: Session


@dataclass(frozen=True, slots=True)
class Code:
    """Something that was sent to an address and must come back. `address` is what somebody typed for `register` and `recover`: whether
    an account has it is found out by the job that sends, so that the request takes the same time either way. Without `digest`
    nothing matches. Of a `ticket` it is the digest that binds it to a browser."""

    id: str
    purpose: Purpose
    channel: Channel
    address: str
    created_at: int
    expires_at: int
    tries_left: int
    user: str | None = None
    payload: str = "{}"
    digest: str | None = None
    sent_at: int = 0


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to whom, from where, with which end. Never a secret, never what somebody typed."""

    action: str
    outcome: Outcome
    at: int
    actor: str | None
    subject: str | None
    address: str
    correlation_id: str
    detail: str = ""
    id: str = ""
    """Given when it is written."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from."""

    address: str
    agent: str
    correlation_id: str


@dataclass(frozen=True, slots=True)
class Picture:
    media_type: str
    data: bytes
    digest: str


@dataclass(frozen=True, slots=True)
class Identity:
    """An account elsewhere: an OpenID Connect issuer, and what it calls the person."""

    issuer: str
    subject: str
    user: str


@dataclass(frozen=True, slots=True)
class Message:
    """To one person: an e-mail, or a WhatsApp message. `code` is the part that must not stand in a log."""

    channel: Channel
    to: str
    subject: str
    text: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Caught:
    id: str
    channel: Channel
    to: str
    subject: str
    sealed_text: str
    at: int


@dataclass(frozen=True, slots=True)
class Erasure:
    """The proof that an account was erased: `user` is there until it is done, and gone afterwards."""

    id: str
    user: str | None
    requested_at: int
    done_at: int | None = None


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key of ours: `signing` (Ed25519) or `data` (AES-256). `sealed` is the secret half under the master key. A signing key signs
    from `active_at` until a newer one does, and is published until `retired_at`; a data key is kept for ever."""

    id: str
    purpose: Literal["signing", "data"]
    version: int
    sealed: str
    created_at: int
    active_at: int
    retired_at: int | None = None


@dataclass(frozen=True, slots=True)
class UserPage:
    """Newest first. `search` is a part of a name, an address or a number."""

    limit: int
    before: str | None = None
    search: str | None = None
    role: Role | None = None
    status: Status | None = None


@dataclass(frozen=True, slots=True)
class AuditPage:
    limit: int
    before: str | None = None
    user: str | None = None
    action: str | None = None
    outcome: Outcome | None = None
