from __future__ import annotations

from typing import Any

import orjson
import pytest
from starlette.types import Message

from octavo_core.errors import (
    Conflict,
    EngineError,
    Fault,
    Forbidden,
    InvalidInput,
    Misconfigured,
    Moderated,
    NotFound,
    OctavoError,
    ProviderRefused,
    ProviderUnavailable,
    Throttled,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from octavo_core.http import problem_response
from octavo_generation.api.openai.errors import Refused, error_response, in_openai_words, job_failed

CASES: list[tuple[OctavoError, int, str, str]] = [
    (InvalidInput("x"), 400, "invalid_request_error", "invalid_value"),
    (Refused("x", param="n", code="c", status=404), 404, "invalid_request_error", "c"),
    (TooLarge("x"), 413, "invalid_request_error", "too_large"),
    (Unauthenticated("x"), 401, "authentication_error", "invalid_api_key"),
    (Forbidden("x"), 403, "permission_error", "forbidden"),
    (NotFound("x"), 404, "invalid_request_error", "not_found"),
    (Conflict("x"), 409, "invalid_request_error", "conflict"),
    (Throttled("x", retry_after=3.2), 429, "rate_limit_error", "rate_limit_exceeded"),
    (Moderated("x"), 400, "invalid_request_error", "content_policy_violation"),
    (ProviderUnavailable("x", provider="p"), 503, "server_error", "provider_unavailable"),
    (ProviderRefused("x", provider="p"), 502, "server_error", "provider_refused"),
    (EngineError("x"), 500, "server_error", "engine_error"),
    (Unavailable("x"), 503, "server_error", "unavailable"),
    (Misconfigured("x"), 500, "server_error", "misconfigured"),
]


@pytest.mark.parametrize(("error", "status", "kind", "code"), CASES, ids=[f"{type(case[0]).__name__}" for case in CASES])
async def test_an_error_has_the_same_words_from_a_route_and_from_a_layer_around_it(
    error: OctavoError, status: int, kind: str, code: str
) -> None:
    answer = error_response(error)
    assert answer.status_code == status
    told = orjson.loads(answer.body)["error"]
    assert (told["type"], told["code"], told["message"]) == (kind, code, "x")
    if not isinstance(error, Refused):
        start, body = await passed_through(problem_response(error))
        assert (start["status"], orjson.loads(body["body"])["error"]) == (status, told)


async def test_the_first_fault_is_the_parameter_and_headers_stay() -> None:
    error = InvalidInput("x", faults=(Fault("messages[0].role", "wrong"), Fault("n", "wrong")))
    assert orjson.loads(error_response(error).body)["error"]["param"] == "messages[0].role"
    _, body = await passed_through(problem_response(error))
    assert orjson.loads(body["body"])["error"]["param"] == "messages[0].role"
    limited, body = await passed_through(problem_response(Throttled("x", retry_after=3.2)))
    headers = dict(limited["headers"])
    assert headers[b"retry-after"] == b"4"
    assert headers[b"content-type"] == b"application/json"
    assert headers[b"content-length"] == str(len(body["body"])).encode()
    assert error_response(Throttled("x", retry_after=3.2)).headers["retry-after"] == "4"


async def test_what_is_no_problem_passes_untouched() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    messages: list[Message] = [
        {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]},
        {"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True},
        {"type": "http.response.body", "body": b"", "more_body": False},
    ]
    spoken = in_openai_words(send)
    for message in messages:
        await spoken(message)
    assert sent == messages


@pytest.mark.parametrize(
    ("code", "status"),
    [("provider_timeout", 504), ("timeout", 504), ("provider_error", 502), ("provider_budget", 502), ("moderated", 400), ("odd", 500)],
)
def test_a_failed_job_has_the_status_of_its_cause_and_is_not_begun_anew(code: str, status: int) -> None:
    answer = error_response(job_failed({"error": code, "message": "why"}))
    assert (answer.status_code, answer.headers["x-should-retry"]) == (status, "false")


async def passed_through(response: Any) -> tuple[Message, Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    await response({"type": "http"}, receive, in_openai_words(send))
    start, body = sent
    return start, body
