"""Errors as OpenAI's API words them, so that its clients raise the exception class that fits.

    {"error": {"message": "…", "type": "invalid_request_error", "param": "messages[0].role", "code": "…"}}

The clients tell classes by the status alone: 400 BadRequest, 401 Authentication, 403 PermissionDenied, 404 NotFound, 409 Conflict,
429 RateLimit, 5xx InternalServer. They try again by themselves on 408, 409, 429 and 5xx unless `x-should-retry: false` forbids it; it
does where our job has had its attempts already.
"""

from __future__ import annotations

from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import Message, Send
from structlog.contextvars import get_contextvars

from octavo_core.errors import InvalidInput, OctavoError
from octavo_core.http import problem_response
from octavo_core.http.problems import MEDIA_TYPE, ErrorResponse, status_of

_STATUS = {415: 400, 422: 400, 451: 400}
"""Where OpenAI's clients have no class for ours, or one that callers do not expect."""
_CODES = {
    "moderated": "content_policy_violation",
    "too_many_requests": "rate_limit_exceeded",
    "unauthenticated": "invalid_api_key",
    "validation_failed": "invalid_value",
}
_FINAL = frozenset({409})
"""What stays as it is however often it is asked, though the clients would try again."""
_JOB_STATUS = {
    "provider_unavailable": 503,
    "provider_timeout": 504,
    "timeout": 504,
    "unavailable": 503,
    "moderated": 451,
    "validation_failed": 422,
    "too_many_requests": 429,
}


class Refused(InvalidInput):
    """A request that these routes do not take: with OpenAI's own `code` for it, and the parameter."""

    def __init__(self, message: str, *, param: str | None, code: str, status: int = 400) -> None:
        super().__init__(message)
        self.param = param
        self.code = code
        self.status = status


class JobFailed(OctavoError):
    """The job ended without an answer; `code` and `message` are those in its row."""

    def __init__(self, message: str, *, code: str, status: int) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


def job_failed(error: dict[str, Any]) -> JobFailed:
    """From the `error` of a failed job's row."""
    code = str(error.get("error", "internal_error"))
    status = _JOB_STATUS.get(code, 502 if code.startswith("provider") else 500)
    return JobFailed(str(error.get("message", "the generation failed")), code=code, status=status)


def error_response(error: OctavoError) -> Response:
    if isinstance(error, Refused | JobFailed):
        status, headers = error.status, dict[str, str]()
    else:
        ours = problem_response(error)
        status, headers = ours.status_code, {k: ours.headers[k] for k in ("retry-after", "www-authenticate") if k in ours.headers}
    status = _STATUS.get(status, status)
    if isinstance(error, JobFailed) or status in _FINAL:
        headers["x-should-retry"] = "false"
    headers["x-request-id"] = str(get_contextvars().get("correlation_id"))
    content = orjson.dumps(error_body(error))
    return ErrorResponse(content, status, code=error.code, message=error.message, headers=headers, media_type="application/json")


def error_body(error: OctavoError) -> dict[str, Any]:
    """The body of an error answer, and of an event that ends a stream."""
    status = error.status if isinstance(error, Refused | JobFailed) else status_of(error)
    param = error.param if isinstance(error, Refused) else error.faults[0].path or None if error.faults else None
    return _body(status, error.code, error.message, param)


def in_openai_words(send: Send) -> Send:
    """`send` for a whole request below `/v1/`: what any layer answers as a problem (a body over its bound, an unknown path, a last
    catch) goes out in OpenAI's shape. Everything else passes untouched."""
    held: list[Message] = []

    async def send_translated(message: Message) -> None:
        if message["type"] == "http.response.start" and _is_problem(message):
            held.append(message)
        elif held and message["type"] == "http.response.body":
            held.append(message)
            if not message.get("more_body", False):
                for part in _translated(held):
                    await send(part)
        else:
            await send(message)

    return send_translated


def _is_problem(start: Message) -> bool:
    return any(name.lower() == b"content-type" and value.startswith(MEDIA_TYPE.encode()) for name, value in start.get("headers", ()))


def _translated(held: list[Message]) -> list[Message]:
    start, *parts = held
    problem: dict[str, Any] = orjson.loads(b"".join(part.get("body", b"") for part in parts))
    faults = problem.get("errors") or [{}]
    body = orjson.dumps(_body(start["status"], problem["error"], problem["message"], faults[0].get("path") or None))
    kept = [(name, value) for name, value in start["headers"] if name.lower() not in (b"content-type", b"content-length")]
    headers = [*kept, (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    return [
        {**start, "status": _STATUS.get(start["status"], start["status"]), "headers": headers},
        {"type": "http.response.body", "body": body},
    ]


def _body(status: int, code: str, message: str, param: str | None) -> dict[str, Any]:
    return {"error": {"message": message, "type": _type(status), "param": param, "code": _CODES.get(code, code)}}


def _type(status: int) -> str:
    if status >= 500:
        return "server_error"
    return {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}.get(status, "invalid_request_error")
