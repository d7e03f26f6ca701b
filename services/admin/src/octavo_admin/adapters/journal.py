"""Auth's audit log, by its internal route: see `domain.ports.Journal`."""

from __future__ import annotations

from octavo_admin.adapters.calling import Calls
from octavo_admin.domain.model import Act
from octavo_core.errors import Forbidden, Unavailable
from octavo_core.identity import ServiceTokens

_MAX_DETAIL_CHARS = 200


class AuthJournal:
    def __init__(self, auth_url: str, tokens: ServiceTokens, calls: Calls) -> None:
        self._url = f"{auth_url.rstrip('/')}/api/auth/internal/audit"
        self._tokens = tokens
        self._calls = calls

    async def write(self, act: Act) -> None:
        said = {
            "actor": act.admin.user,
            "action": act.action,
            "outcome": act.outcome,
            "subject": act.subject,
            "address": act.admin.address[:45],
            "detail": act.detail[:_MAX_DETAIL_CHARS],
        }
        answer = await self._calls.ask("POST", self._url, token=await self._tokens.token(), json=said)
        if answer.status == 403:
            raise Forbidden("this is for admins")
        if answer.status != 204:
            raise Unavailable(f"the audit log cannot be written (auth answered {answer.status}), so nothing was done", retry_after=2)
