"""People: found, suspended and let in again, made admins, signed out, deleted. Auth decides, and writes down who did it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from octavo_core.errors import Conflict, Fault, InvalidInput, OctavoError, Throttled
from octavo_web.adapters.admin_api import AdminApi, Asking
from octavo_web.domain.lookups import Field
from octavo_web.pages.admin.asking import Administrator, Parts
from octavo_web.pages.admin.finding import find
from octavo_web.pages.forms import read_form

PATH = "/admin/users"
ROLES = ("user", "admin")
STATUSES = ("active", "suspended", "deleting")
FIELDS = (Field("q", max_chars=100), Field("role", "choice", ROLES), Field("status", "choice", STATUSES))
CHANGES: Mapping[str, Mapping[str, str]] = {
    "suspend": {"status": "suspended"},
    "admit": {"status": "active"},
    "promote": {"role": "admin"},
    "demote": {"role": "user"},
}
"""What each button changes."""
_LIMIT = 30


class PeoplePages:
    def __init__(self, parts: Parts, api: AdminApi) -> None:
        self._parts = parts
        self._api = api

    def router(self) -> APIRouter:
        router = APIRouter(prefix=PATH, include_in_schema=False)
        router.add_api_route("", self.all, methods=["GET"])
        router.add_api_route("/{user}", self.one, methods=["GET"])
        router.add_api_route("/{user}", self.act, methods=["POST"])
        router.add_api_route("/{user}/delete", self.ask_delete, methods=["GET"])
        router.add_api_route("/{user}/delete", self.delete, methods=["POST"])
        return router

    async def all(self, request: Request, asking: Administrator) -> Response:
        found = await find(request, FIELDS, lambda query: self._api.users(query, asking, limit=_LIMIT))
        return self._parts.show(
            request,
            "admin_users.html",
            "_admin_users.html",
            error=found.error,
            # People do not come and go while one looks; what was away is looked for again.
            live=found.is_away,
            typed=found.typed,
            lookup=found.lookup,
            listed=found.listed,
            list_path=PATH,
            said=request.query_params.get("said", ""),
        )

    async def one(self, request: Request, asking: Administrator, user: str) -> Response:
        return await self._user(request, asking, user)

    async def act(self, request: Request, asking: Administrator, user: str) -> Response:
        does = (await read_form(request)).line("act")
        if does not in CHANGES and does != "sign_out":
            raise InvalidInput("there is nothing of that kind to be done")
        try:
            if does == "sign_out":
                await self._api.sign_out(user, asking)
            else:
                await self._api.change_user(user, CHANGES[does], asking)
        except (Conflict, Throttled) as error:
            return await self._user(request, asking, user, error=error)
        return RedirectResponse(f"{PATH}/{user}?{urlencode({'said': does})}", 303)

    async def ask_delete(self, request: Request, asking: Administrator, user: str) -> Response:
        return self._confirmation(request, await self._api.user(user, asking))

    async def delete(self, request: Request, asking: Administrator, user: str) -> Response:
        """Once the person's address was typed: nobody deletes the wrong one by a slip."""
        typed = (await read_form(request)).line("confirm")[:300]
        found = await self._api.user(user, asking)
        try:
            if typed.casefold() != known_as(found).casefold():
                raise InvalidInput("confirm: is not the same", faults=(Fault("confirm", "is not the same"),))
            await self._api.delete_user(user, asking)
        except (InvalidInput, Conflict, Throttled) as error:
            return self._confirmation(request, found, typed=typed, error=error)
        return RedirectResponse(f"{PATH}?said=deleted", 303)

    async def _user(self, request: Request, asking: Asking, user: str, *, error: OctavoError | None = None) -> Response:
        found = await self._api.user(user, asking)
        return self._parts.show(
            request,
            "admin_user.html",
            "_admin_user.html",
            error=error,
            user=found,
            said="" if error is not None else request.query_params.get("said", ""),
        )

    def _confirmation(self, request: Request, user: Mapping[str, Any], *, typed: str = "", error: OctavoError | None = None) -> Response:
        return self._parts.show(
            request, "admin_delete.html", "_admin_user.html", error=error, user=user, known_as=known_as(user), typed=typed, said=""
        )


def known_as(user: Mapping[str, Any]) -> str:
    """What tells a person from all others; the name only where there is nothing else."""
    return str(user.get("email") or user.get("phone") or user.get("name") or user.get("id"))
