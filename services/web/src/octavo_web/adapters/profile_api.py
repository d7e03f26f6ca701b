"""A person's own account, at auth, and how they wish to be told, at notifications. With their token; `who` names their address and
browser, for auth's throttles and its log. Raises what `ServicesApi` raises."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from octavo_core.errors import NotFound, Unavailable
from octavo_web.adapters.services_api import File, ServicesApi

_AUTH = "/api/auth"
_ME = f"{_AUTH}/me"
_PREFERENCES = "/api/notifications/preferences"
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class ProfileApi:
    def __init__(self, services: ServicesApi) -> None:
        self._services = services

    async def me(self, *, token: str) -> dict[str, Any]:
        return _user((await self._services.call("GET", _ME, token=token)).body)

    async def rename(self, name: str, who: Mapping[str, str], *, token: str) -> str:
        """The name as it is kept."""
        return str(_user((await self._services.call("PATCH", _ME, token=token, body={"name": name}, headers=who)).body).get("name", ""))

    async def picture(self, *, token: str) -> File:
        """Raises `NotFound` where there is none."""
        return await self._services.file(f"{_ME}/picture", token=token)

    async def set_picture(self, data: bytes, who: Mapping[str, str], *, token: str) -> None:
        await self._services.call("PUT", f"{_ME}/picture", token=token, file=data, headers=who)

    async def remove_picture(self, who: Mapping[str, str], *, token: str) -> None:
        await self._services.call("DELETE", f"{_ME}/picture", token=token, headers=who)

    async def begin_contact(self, contact: Mapping[str, str], who: Mapping[str, str], *, token: str) -> str:
        """The id under which the code is taken that goes to the new address or number."""
        answer = await self._services.call("POST", f"{_ME}/contact", token=token, body=contact, headers=who)
        return str(answer.body.get("contact_id", ""))

    async def confirm_contact(self, contact: str, code: str, who: Mapping[str, str], *, token: str) -> None:
        body = {"contact_id": contact, "code": code}
        await self._services.call("POST", f"{_ME}/contact/verify", token=token, body=body, headers=who)

    async def set_password(self, current: str | None, new: str, who: Mapping[str, str], *, token: str) -> None:
        """All other sessions end."""
        body = {"new_password": new} | ({} if current is None else {"current_password": current})
        await self._services.call("POST", f"{_ME}/password", token=token, body=body, headers=who)

    async def sessions(self, *, token: str) -> list[dict[str, Any]]:
        items = (await self._services.call("GET", f"{_AUTH}/sessions", token=token)).body.get("items", ())
        return [one for one in items if isinstance(one, dict)]

    async def end_session(self, session: str, who: Mapping[str, str], *, token: str) -> None:
        if not _ID.fullmatch(session):
            raise NotFound("there is no such session")
        await self._services.call("DELETE", f"{_AUTH}/sessions/{session}", token=token, headers=who)

    async def end_all_sessions(self, who: Mapping[str, str], *, token: str) -> None:
        """This one too."""
        await self._services.call("POST", f"{_AUTH}/logout/all", token=token, headers=who)

    async def preferences(self, *, token: str) -> tuple[int | None, bool]:
        """After how many seconds of a job a mail is wished (None: never), and whether mails can be sent from here."""
        body = (await self._services.call("GET", _PREFERENCES, token=token)).body
        wished = (body.get("preferences") or {}).get("mail_after_seconds")
        return (wished if isinstance(wished, int) else None), bool(body.get("mail_available"))

    async def prefer(self, mail_after_s: int | None, *, token: str) -> None:
        await self._services.call("PUT", _PREFERENCES, token=token, body={"mail_after_seconds": mail_after_s})

    async def delete(self, password: str | None, who: Mapping[str, str], *, token: str) -> None:
        """At once nobody can log in any more; what is left is erased from there on."""
        body = {} if password is None else {"password": password}
        await self._services.call("DELETE", _ME, token=token, body=body, headers=who)


def _user(body: Mapping[str, Any]) -> dict[str, Any]:
    found = body.get("user")
    if not isinstance(found, dict):
        raise Unavailable("the accounts answered something else than an account")
    return found
