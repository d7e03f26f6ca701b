"""The port of what is done after the answer: durable jobs, at least once each."""

from __future__ import annotations

from typing import Literal, Protocol

Notice = Literal["password_changed", "contact_changed", "session_revoked", "account_suspended"]


class Work(Protocol):
    """Returns when the job is durable. Raises `Unavailable`, and `Throttled` where too many wait."""

    async def send_code(self, code: str) -> None: ...

    async def send_notice(self, user: str, notice: Notice) -> None:
        """Best effort: what it tells of has been done, and must not fail for want of a notice."""
        ...

    async def send_mail(self, user: str, *, subject: str, text: str, key: str | None) -> None:
        """For another service. `key` again with the same mail is the same mail; with another one it raises `Conflict`."""
        ...

    async def erase(self, erasure: str) -> None:
        """Idempotent by the erasure's id; one that was given up begins again."""
        ...
