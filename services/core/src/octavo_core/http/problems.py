"""Errors on the wire: `application/problem+json` (RFC 9457) whose members also carry `success`, `error`, `message` and
`correlation_id`. The one table of HTTP codes is here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from structlog.contextvars import get_contextvars

from octavo_core import errors
from octavo_core.errors import Fault, OctavoError

MEDIA_TYPE = "application/problem+json"
SAID = "octavo.problem"
"""In a scope: the code and the message of the error that the request was answered with."""
UNAVAILABLE_S = 5
"""When to come back to a service that lacks a dependency, where nobody knows better."""

_STATUS: dict[type[OctavoError], int] = {
    errors.InvalidInput: 422,
    errors.MalformedBody: 400,
    errors.TooLarge: 413,
    errors.UnsupportedMedia: 415,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.QuotaReached: 409,
    errors.PreconditionFailed: 412,
    errors.PreconditionMissing: 428,
    errors.Throttled: 429,
    errors.BudgetSpent: 429,
    errors.Moderated: 451,
    errors.ProviderError: 502,
    errors.ProviderUnavailable: 503,
    errors.ProviderTimeout: 504,
    errors.ProviderRefused: 502,
    errors.EngineError: 500,
    errors.Unavailable: 503,
    errors.Misconfigured: 500,
}
_CODE_BY_STATUS = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 406: "not_acceptable", 413: "too_large"}


_PROBLEM = {
    "type": "object",
    "required": ["success", "error", "message", "correlation_id", "type", "title", "status", "detail"],
    "properties": {
        "success": {"const": False},
        "error": {"type": "string", "description": "The machine's word for it."},
        "message": {"type": "string"},
        "correlation_id": {"type": ["string", "null"]},
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["path", "message"],
                "properties": {"path": {"type": "string"}, "message": {"type": "string"}, "allowed": {"type": "string"}},
            },
        },
    },
}
PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "The request is at fault; the problem says how.", "content": {MEDIA_TYPE: {"schema": _PROBLEM}}},
    "5XX": {"description": "Something else is at fault.", "content": {MEDIA_TYPE: {"schema": _PROBLEM}}},
}
"""For OpenAPI documents: what every operation may answer beside its result."""


class ErrorResponse(Response):
    """Leaves in the scope what it says, as code and message, where the edge finds it for the log."""

    def __init__(self, content: bytes, status: int, *, code: str, message: str, headers: Mapping[str, str], media_type: str) -> None:
        super().__init__(content, status, headers=headers, media_type=media_type)
        self._said = (code, message)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[SAID] = self._said
        await super().__call__(scope, receive, send)


def status_of(error: OctavoError) -> int:
    return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)


def problem_response(error: OctavoError) -> Response:
    headers, after = {}, error.retry_after
    if after is None and isinstance(error, errors.Unavailable):
        after = UNAVAILABLE_S
    if after is not None:
        headers["retry-after"] = str(max(1, math.ceil(after)))
    if isinstance(error, errors.Unauthenticated):
        headers["www-authenticate"] = "Bearer"
    return build_problem(status_of(error), error.code, error.message, faults=error.faults, headers=headers)


def problem_for_status(status: int, message: str | None = None, headers: Mapping[str, str] | None = None) -> Response:
    """For what the framework itself refuses: unknown routes, wrong methods."""
    phrase = HTTPStatus(status).phrase
    code = _CODE_BY_STATUS.get(status, phrase.lower().replace(" ", "_").replace("'", ""))
    return build_problem(status, code, message or phrase, headers=headers)


def build_problem(
    status: int, code: str, message: str, *, faults: Sequence[Fault] = (), headers: Mapping[str, str] | None = None
) -> Response:
    body: dict[str, object] = {
        "success": False,
        "error": code,
        "message": message,
        "correlation_id": get_contextvars().get("correlation_id"),
        "type": f"urn:octavo:error:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": message,
    }
    if faults:
        body["errors"] = [fault.as_dict() for fault in faults]
    return ErrorResponse(orjson.dumps(body), status, code=code, message=message, headers=headers or {}, media_type=MEDIA_TYPE)
