"""What the domain needs of a database and of the world.

Contract of all stores, the same on SQLite, PostgreSQL and MySQL or MariaDB (one suite runs against all): a call is one transaction,
durable when it returns, or nothing of it is; what takes an `AuditEntry` writes it in that transaction. Any number of processes may
call at once. `Unavailable` when the database cannot be reached. Nobody retries in here otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from octavo_auth.domain.model import (
    AuditEntry,
    AuditPage,
    Caught,
    Channel,
    Code,
    Erasure,
    Identity,
    Message,
    NewToken,
    Picture,
    Purpose,
    Reused,
    Role,
    Rotated,
    Session,
    Status,
    StoredKey,
    User,
    UserPage,
)


class Users(Protocol):
    async def get(self, user: str) -> User | None: ...

    async def find(self, kind: str, key: str) -> User | None:
        """By `email`, `phone` or `name`, as `identifiers.classify` says it."""
        ...

    async def create(self, user: User, identity: Identity | None, entry: AuditEntry) -> User:
        """`name_key` is taken if nobody has it. Raises `Conflict` when the address, number or identity belongs to another account."""
        ...

    async def rename(self, user: str, name: str, name_key: str, entry: AuditEntry) -> User:
        """Raises `NotFound`."""
        ...

    async def set_contact(self, user: str, channel: Channel, address: str, entry: AuditEntry) -> User:
        """Raises `Conflict` when it belongs to another account, `NotFound`."""
        ...

    async def set_password(self, user: str, password_hash: str, *, keep: str | None, entry: AuditEntry) -> None:
        """Ends all sessions but `keep`."""
        ...

    async def rehash(self, user: str, old: str, new: str) -> None:
        """The same password under newer parameters; nothing happens when it was changed meanwhile."""
        ...

    async def set_picture(self, user: str, picture: Picture | None, entry: AuditEntry) -> User: ...

    async def picture(self, user: str) -> Picture | None: ...

    async def administer(self, user: str, *, role: Role | None, status: Status | None, entry: AuditEntry) -> User:
        """Suspending ends all sessions. Raises `NotFound`, and `Conflict` where no active admin would be left, or the account is being
        deleted."""
        ...

    async def promote_first_admin(self, email: str, entry: AuditEntry) -> bool:
        """Makes the active account of that address an admin if there is no active admin; whether it did."""
        ...

    async def page(self, request: UserPage) -> list[User]: ...

    async def find_identity(self, issuer: str, subject: str) -> User | None: ...

    async def link_identity(self, identity: Identity, entry: AuditEntry) -> None:
        """Idempotent."""
        ...

    async def begin_erasure(self, erasure: Erasure, entry: AuditEntry) -> Erasure:
        """From here on nobody can log in, and address and name are free. The earlier erasure, where one had begun. Raises `NotFound`,
        and `Conflict` for the last active admin."""
        ...

    async def pending_erasures(self, limit: int) -> list[Erasure]: ...

    async def get_erasure(self, erasure: str) -> Erasure | None: ...

    async def finish_erasure(self, erasure: str, now: int) -> None:
        """Removes all that is left of the user here, and takes them out of the audit log. Idempotent."""
        ...


class Sessions(Protocol):
    async def open(self, session: Session, token: NewToken, entry: AuditEntry) -> None: ...

    async def rotate(self, digest: str, new: NewToken, now: int, entry: Callable[[User, bool], AuditEntry]) -> Rotated | Reused | None:
        """Exchanges a refresh token, once. None: unknown, expired, revoked, or its user may not log in. `Reused` revokes the session.
        `entry` is asked with the user and whether it was reused."""
        ...

    async def find(self, session: str) -> tuple[Session, User] | None: ...

    async def of_user(self, user: str, now: int) -> list[Session]:
        """Those that hold, newest first."""
        ...

    async def revoke(self, session: str, user: str, entry: AuditEntry) -> bool: ...

    async def revoke_all(self, user: str, entry: AuditEntry) -> int: ...


class Codes(Protocol):
    async def add(self, code: Code, entry: AuditEntry | None = None) -> None: ...

    async def get(self, code: str) -> Code | None: ...

    async def set_sent(self, code: str, *, digest: str | None, user: str | None, now: int) -> None: ...

    async def claim_resend(self, code: str, purpose: Purpose, *, now: int, cool_down_ms: int, expires_at: int) -> Code | int | None:
        """The code, now marked as sent; or for how many milliseconds it is too soon; None when there is none."""
        ...

    async def redeem(self, code: str, purpose: Purpose, digest: str, *, user: str | None, now: int) -> Code | None:
        """Takes it away if the digest is right; one try less if it is wrong; None then, and for what expired or was tried too often.
        `user`, where given, must be its own. Of two calls at once one gets it."""
        ...


class Audit(Protocol):
    async def add(self, entry: AuditEntry) -> None: ...

    async def page(self, request: AuditPage) -> list[AuditEntry]: ...


class Outbox(Protocol):
    """Messages that were caught instead of sent; the newest `KEPT` are kept, a day long."""

    async def add(self, caught: Caught) -> None: ...

    async def newest(self, limit: int) -> Sequence[Caught]: ...


class Keys(Protocol):
    async def all(self) -> list[StoredKey]: ...

    async def revoked(self) -> frozenset[str]:
        """Digests of the accounts whose tokens count no more (`octavo_core.identity.revocation`)."""
        ...

    async def add(
        self, purpose: str, make: Callable[[int], StoredKey], *, unless_newer_than: int | None, retire_older_at: int | None
    ) -> StoredKey:
        """Adds the key that `make(version)` makes, and lets the older ones of its purpose retire then. With `unless_newer_than` the newest
        one is returned instead if it was created after that; of several processes one adds."""
        ...


class Housekeeping(Protocol):
    async def purge(self, now: int, *, audit_before: int) -> int:
        """Deletes what has expired: codes, sessions and their tokens, caught messages, and audit entries of before `audit_before`."""
        ...


class Sender(Protocol):
    async def send(self, message: Message) -> None:
        """Raises `ProviderError` (retryable or not, as it says)."""
        ...


class PictureReading(Protocol):
    async def read(self, data: bytes) -> Picture:
        """A small, clean copy. Raises `UnsupportedMedia`, `TooLarge`, `InvalidInput`, `Throttled`."""
        ...


class CaughtMessages(Protocol):
    async def text(self, caught: Caught) -> str: ...
