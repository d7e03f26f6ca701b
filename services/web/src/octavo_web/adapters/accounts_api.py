"""Auth as the pages need it: each call is one of its routes, and the person's address goes along for its throttles and its log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from octavo_core.errors import Unavailable
from octavo_web.adapters.rotating import Tokens
from octavo_web.adapters.services_api import ServicesApi

_BASE = "/api/auth"


class AccountsApi:
    """Raises what `ServicesApi.call` raises. `who`: headers that name the person's address and browser."""

    def __init__(self, services: ServicesApi) -> None:
        self._services = services

    async def login(self, username: str, password: str, who: Mapping[str, str]) -> Tokens:
        return _tokens(await self._post("/login", {"username": username, "password": password}, who))

    async def exchange_ticket(self, ticket: str, binding: str, who: Mapping[str, str]) -> Tokens:
        return _tokens(await self._post("/oidc/token", {"ticket": ticket, "binding": binding}, who))

    async def refresh(self, refresh: str, who: Mapping[str, str]) -> Tokens:
        return _tokens(await self._post("/refresh", {"refresh_token": refresh}, who))

    async def register(self, fields: Mapping[str, str], who: Mapping[str, str]) -> str:
        """The id under which the code is taken."""
        return str((await self._post("/register", fields, who)).get("verification_id", ""))

    async def verify(self, verification: str, code: str, who: Mapping[str, str]) -> None:
        await self._post("/verify", {"verification_id": verification, "code": code}, who)

    async def resend(self, verification: str, who: Mapping[str, str]) -> None:
        await self._post("/verify/resend", {"verification_id": verification}, who)

    async def recover(self, username: str, channel: str, who: Mapping[str, str]) -> str:
        """The id under which the code is taken."""
        return str((await self._post("/recover", {"username": username, "channel": channel}, who)).get("recovery_id", ""))

    async def set_password(self, recovery: str, code: str, password: str, who: Mapping[str, str]) -> None:
        await self._post("/recover/confirm", {"recovery_id": recovery, "code": code, "password": password}, who)

    async def logout(self, access: str, who: Mapping[str, str]) -> None:
        await self._services.call("POST", f"{_BASE}/logout", token=access, headers=who)

    async def issuers(self) -> list[str]:
        """Whose users may log in beside our own."""
        items = (await self._services.call("GET", f"{_BASE}/oidc")).body.get("items", [])
        return [str(name) for name in items] if isinstance(items, list) else []

    async def outbox(self) -> list[dict[str, Any]]:
        """Messages that were caught instead of sent. Raises `NotFound` where they are sent."""
        items = (await self._services.call("GET", f"{_BASE}/outbox")).body.get("items", [])
        return items if isinstance(items, list) else []

    async def _post(self, path: str, body: Mapping[str, str], who: Mapping[str, str]) -> dict[str, Any]:
        return (await self._services.call("POST", f"{_BASE}{path}", body=body, headers=who)).body


def _tokens(body: Mapping[str, Any]) -> Tokens:
    try:
        return Tokens(
            access=str(body["access_token"]),
            expires_in=int(body["expires_in"]),
            refresh=str(body["refresh_token"]),
            name=str(body["user"]["name"]),
        )
    except (LookupError, TypeError, ValueError):
        raise Unavailable("the accounts answered something else than tokens") from None
