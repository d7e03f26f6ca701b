"""What is answered. Never a hash, never a digest, never another person."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from octavo_auth.domain.login import Tokens
from octavo_auth.domain.model import AuditEntry, Outcome, Role, Session, Status, User
from octavo_core.clock import to_iso

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class Done(BaseModel):
    success: Literal[True] = True
    message: str


class UserAnswer(BaseModel):
    id: str
    name: str
    email: str | None
    phone: str | None
    image: Annotated[str | None, Field(description="Path of the picture.")]
    role: Role
    status: Status
    has_password: bool
    created_at: Time
    updated_at: Time
    last_login_at: Time | None

    @classmethod
    def of(cls, user: User) -> UserAnswer:
        return cls(
            id=user.id,
            name=user.name,
            email=user.email,
            phone=user.phone,
            image=None if user.picture is None else f"/api/auth/users/{user.id}/picture?v={user.picture[:12]}",
            role=user.role,
            status=user.status,
            has_password=user.password_hash is not None,
            created_at=to_iso(user.created_at),
            updated_at=to_iso(user.updated_at),
            last_login_at=None if user.last_login_at is None else to_iso(user.last_login_at),
        )


class OneUser(BaseModel):
    success: Literal[True] = True
    user: UserAnswer


class Users(BaseModel):
    success: Literal[True] = True
    items: list[UserAnswer]
    next_cursor: str | None


class Registered(Done):
    verification_id: str


class ContactBegun(Done):
    contact_id: str


class Recovering(Done):
    recovery_id: str


class Deleting(Done):
    erasure_id: str


class SignedOut(Done):
    sessions: int


class TokensAnswer(BaseModel):
    success: Literal[True] = True
    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of a scheme
    expires_in: Annotated[int, Field(description="Seconds.")]
    refresh_token: Annotated[str, Field(description="To be used once; it ends the session when it is used again.")]
    session_id: str
    user: UserAnswer

    @classmethod
    def of(cls, tokens: Tokens) -> TokensAnswer:
        return cls(
            access_token=tokens.access,
            expires_in=tokens.access_s,
            refresh_token=tokens.refresh,
            session_id=tokens.session.id,
            user=UserAnswer.of(tokens.user),
        )


class ServiceTokenAnswer(BaseModel):
    success: Literal[True] = True
    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of a scheme
    expires_in: int


class SessionAnswer(BaseModel):
    id: str
    current: bool
    method: str
    address: str
    user_agent: str
    created_at: Time
    last_used_at: Time
    expires_at: Time

    @classmethod
    def of(cls, session: Session, current: str) -> SessionAnswer:
        return cls(
            id=session.id,
            current=session.id == current,
            method=session.method,
            address=session.address,
            user_agent=session.agent,
            created_at=to_iso(session.created_at),
            last_used_at=to_iso(session.last_used_at),
            expires_at=to_iso(session.expires_at),
        )


class Sessions(BaseModel):
    success: Literal[True] = True
    items: list[SessionAnswer]


class AuditAnswer(BaseModel):
    id: str
    at: Time
    action: str
    outcome: Outcome
    actor: str | None
    subject: str | None
    address: str
    correlation_id: str
    detail: str

    @classmethod
    def of(cls, entry: AuditEntry) -> AuditAnswer:
        return cls(
            id=entry.id,
            at=to_iso(entry.at),
            action=entry.action,
            outcome=entry.outcome,
            actor=entry.actor,
            subject=entry.subject,
            address=entry.address,
            correlation_id=entry.correlation_id,
            detail=entry.detail,
        )


class AuditLog(BaseModel):
    success: Literal[True] = True
    items: list[AuditAnswer]
    next_cursor: str | None


class Encrypted(BaseModel):
    success: Literal[True] = True
    ciphertext: str
    key_version: int


class Decrypted(BaseModel):
    success: Literal[True] = True
    plaintext: str
    key_version: int


class Jwks(BaseModel):
    keys: list[dict[str, Any]]
    octavo_revoked: list[str] = Field(description="Digests of subjects whose tokens count no more, though they have not expired.")


class Issuers(BaseModel):
    success: Literal[True] = True
    items: list[str]


class CaughtAnswer(BaseModel):
    id: str
    channel: Literal["email", "phone"]
    to: str
    subject: str
    text: str
    at: Time


class CaughtMessagesAnswer(BaseModel):
    success: Literal[True] = True
    items: list[CaughtAnswer]
