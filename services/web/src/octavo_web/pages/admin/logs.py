"""Logs: searched in pages, followed live; and who did what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from octavo_web.adapters.admin_api import AdminApi
from octavo_web.domain.lookups import Field
from octavo_web.pages.admin.asking import Administrator, Parts
from octavo_web.pages.admin.finding import find
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
        found = await find(request, LOG_FIELDS, lambda query: self._api.logs(query, asking, limit=_LINES))
        return self._parts.show(
            request,
            "admin_logs.html",
            "_admin_logs.html",
            error=found.error,
            # What was found stands still while it is read; whoever wants to see lines come follows them.
            live=found.is_away,
            typed=found.typed,
            lookup=found.lookup,
            listed=found.listed,
            list_path=LOGS,
            least=LEAST,
            levels=LEVELS,
            fields_of=fields_of,
            tail=TAIL,
        )

    async def audit(self, request: Request, asking: Administrator) -> Response:
        found = await find(request, AUDIT_FIELDS, lambda query: self._api.audit(query, asking, limit=_ENTRIES))
        return self._parts.show(
            request,
            "admin_audit.html",
            "_admin_audit.html",
            error=found.error,
            live=found.lookup.is_first if found.lookup is not None else found.is_away,
            typed=found.typed,
            lookup=found.lookup,
            listed=found.listed,
            list_path=AUDIT,
        )


def fields_of(line: Mapping[str, Any]) -> str:
    """All that a line says besides its message, as a person reads JSON. Empty where that is nothing."""
    fields = line.get("fields")
    if not isinstance(fields, dict) or not fields:
        return ""
    return orjson.dumps(fields, option=orjson.OPT_INDENT_2).decode()[:_MAX_FIELDS_CHARS]
