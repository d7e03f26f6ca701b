"""Auth's own routes for admins, asked with the token of the admin who asks."""

from __future__ import annotations

from collections.abc import Sequence

from octavo_admin.adapters.calling import Calls
from octavo_admin.domain.model import Reply


class AuthPeople:
    """See `ports.People`. Passes on, and adds nothing: auth checks the token, the session and the role, and writes its audit log with the
    admin's own name. `address` is believed by auth where it trusts us as a proxy (OCTAVO_TRUSTED_PROXIES)."""

    def __init__(self, auth_url: str, calls: Calls) -> None:
        self._base = f"{auth_url.rstrip('/')}/api/auth"
        self._calls = calls

    async def ask(
        self, method: str, path: str, *, authorization: str, address: str, query: Sequence[tuple[str, str]] = (), json: object = None
    ) -> Reply:
        headers = {"authorization": authorization, "x-forwarded-for": address}
        answer = await self._calls.ask(method, self._base + path, query=list(query), json=json, headers=headers)
        return Reply(answer.status, answer.body, answer.media_type)
