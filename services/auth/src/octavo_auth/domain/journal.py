"""Audit entries, made in one place."""

from __future__ import annotations

from octavo_auth.domain.model import AuditEntry, Origin, Outcome
from octavo_auth.domain.ports import Audit
from octavo_core.clock import Clock


class Journal:
    def __init__(self, audit: Audit, clock: Clock) -> None:
        self._audit = audit
        self._clock = clock

    def entry(
        self,
        action: str,
        origin: Origin,
        *,
        outcome: Outcome = "ok",
        actor: str | None = None,
        subject: str | None = None,
        detail: str = "",
    ) -> AuditEntry:
        """`subject` defaults to the actor. `detail` is never what somebody typed."""
        return AuditEntry(
            action=action,
            outcome=outcome,
            at=self._clock.now_ms(),
            actor=actor,
            subject=actor if subject is None else subject,
            address=origin.address,
            correlation_id=origin.correlation_id,
            detail=detail,
        )

    async def refused(self, action: str, origin: Origin, *, subject: str | None = None, actor: str | None = None, detail: str = "") -> None:
        """Of what changed nothing else."""
        await self._audit.add(self.entry(action, origin, outcome="refused", actor=actor, subject=subject, detail=detail))
