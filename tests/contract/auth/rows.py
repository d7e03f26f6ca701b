"""Nouns for the contract suite."""

from __future__ import annotations

from typing import Any

from octavo_auth.domain.model import AuditEntry, Code, NewToken, Session, StoredKey, User
from octavo_core.ids import generate_uuid

NOW = 1_800_000_000_000
LATER = NOW + 600_000


def entry(action: str = "test", **more: Any) -> AuditEntry:
    given: dict[str, Any] = {"outcome": "ok", "at": NOW, "actor": None, "subject": None, "address": "192.0.2.1", "correlation_id": "c"}
    return AuditEntry(action=action, **{**given, **more})


def user(name: str = "Ana", **more: Any) -> User:
    given: dict[str, Any] = {"id": generate_uuid(), "name": name, "name_key": name.casefold(), "created_at": NOW, "updated_at": NOW}
    return User(**{**given, **more})


def session(owner: User, **more: Any) -> Session:
    given: dict[str, Any] = {
        "id": generate_uuid(), "user": owner.id, "created_at": NOW, "last_used_at": NOW, "expires_at": NOW + 86_400_000,
        "method": "password", "address": "192.0.2.1", "agent": "test",
    }  # fmt: skip
    return Session(**{**given, **more})


def token(name: str, expires_at: int = NOW + 86_400_000) -> NewToken:
    return NewToken(name.ljust(64, "0"), expires_at)


def code(**more: Any) -> Code:
    given: dict[str, Any] = {
        "id": generate_uuid(), "purpose": "register", "channel": "email", "address": "ana@example.org", "created_at": NOW,
        "expires_at": LATER, "tries_left": 5, "digest": "a" * 64, "sent_at": NOW,
    }  # fmt: skip
    return Code(**{**given, **more})


def key(version: int, created_at: int = NOW) -> StoredKey:
    return StoredKey(f"key-{version}", "signing", version, "sealed", created_at, created_at)
