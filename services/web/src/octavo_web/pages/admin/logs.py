"""Logs: searched in pages, followed live; and who did what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from octavo_core.errors import OctavoError, Unavailable
from octavo_web.adapters.admin_api import AdminApi, Items
from octavo_web.domain.lookups import Field, Lookup, lookup_of, typed_of
from octavo_web.pages.admin.asking import IN_PLACE, Administrator, Parts
from octavo_web.pages.admin.words import LEVELS
from octavo_web.pages.cards import GATEWAY

LOGS = "/admin/logs"
AUDIT = "/admin/audit"
LEAST = ("debug", "info", "warning", "error")
OUTCOMES = ("ok", "refused", "throttled")
LOG_FIELDS = (
    Field("service", max_chars=256),
    Field("level", "choice", LEAST),
    Field("correlation_id", pattern=r"[A-Za-z0-9._:/+=@-]+", max_chars=128),
    Field("text", max_chars=200),
    Field("since", "moment", max_chars=32),
    Field("until", "moment", max_chars=32),
)
AUDIT_FIELDS = (
    Field("user", max_chars=36),
    Field("action", pattern=r"[a-z_]+", max_chars=40),
    Field("outcome", "choice", OUTCOMES),
)
TAIL = f"{GATEWAY}/api/admin/logs/tail"
_LINES = 100
_ENTRIES = 50
_MAX_FIELDS_CHARS = 20_000


class LogPages:
    def __init__(self, parts: Parts, api: AdminApi) -> None:
        self._parts = parts
        self._api = api

    def router(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        router.add_api_route(LOGS, self.logs, methods=["GET"])
        router.add_api_route(AUDIT, self.audit, methods=["GET"])
        return router

    async def logs(self, request: Request, asking: Administrator) -> Response:
        given = request.query_params
        try:
            lookup = lookup_of(LOG_FIELDS, given)
            page = await self._api.logs(lookup.query, asking, limit=_LINES)
        except IN_PLACE as error:
            return self._logs(request, typed_of(LOG_FIELDS, given), error=error)
        return self._logs(request, lookup.typed, lookup=lookup, page=page)

    async def audit(self, request: Request, asking: Administrator) -> Response:
        given = request.query_params
        try:
            lookup = lookup_of(AUDIT_FIELDS, given)
            page = await self._api.audit(lookup.query, asking, limit=_ENTRIES)
        except IN_PLACE as error:
            return self._audit(request, typed_of(AUDIT_FIELDS, given), error=error)
        return self._audit(request, lookup.typed, lookup=lookup, page=page)

    def _logs(
        self,
        request: Request,
        typed: Mapping[str, str],
        *,
        lookup: Lookup | None = None,
        page: Items | None = None,
        error: OctavoError | None = None,
    ) -> Response:
        return self._parts.show(
            request,
            "admin_logs.html",
            "_admin_logs.html",
            error=error,
            # What was found stands still while it is read; whoever wants to see lines come follows them.
            live=isinstance(error, Unavailable),
            typed=typed,
            lookup=lookup,
            listed=page or Items(),
            list_path=LOGS,
            least=LEAST,
            levels=LEVELS,
            fields_of=fields_of,
            tail=TAIL,
        )

    def _audit(
        self,
        request: Request,
        typed: Mapping[str, str],
        *,
        lookup: Lookup | None = None,
        page: Items | None = None,
        error: OctavoError | None = None,
    ) -> Response:
        return self._parts.show(
            request,
            "admin_audit.html",
            "_admin_audit.html",
            error=error,
            live=lookup.is_first if lookup is not None else isinstance(error, Unavailable),
            typed=typed,
            lookup=lookup,
            listed=page or Items(),
            list_path=AUDIT,
        )


def fields_of(line: Mapping[str, Any]) -> str:
    """All that a line says besides its message, as a person reads JSON. Empty where that is nothing."""
    fields = line.get("fields")
    if not isinstance(fields, dict) or not fields:
        return ""
    return orjson.dumps(fields, option=orjson.OPT_INDENT_2).decode()[:_MAX_FIELDS_CHARS]
