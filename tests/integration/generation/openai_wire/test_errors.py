"""What goes wrong comes out as the exception class that OpenAI's clients have for it, and in OpenAI's shape on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from tests.integration.generation.openai_wire.house import MAX_BODY, House, open_house, resource
from tests.integration.generation.openai_wire.test_chat import said
from tests.servers.jwks import issuer
from tests.servers.redis import RedisServer

from octavo_core.errors import Moderated, OctavoError, ProviderRefused, ProviderTimeout, ProviderUnavailable, Throttled
from octavo_core.identity import Principal
from octavo_generation.generator import serve

pytestmark = pytest.mark.needs("redis")

REFUSED: list[tuple[dict[str, Any], str, str | None]] = [
    ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "unsupported_parameter", "tools"),
    ({"logprobs": True}, "unsupported_parameter", "logprobs"),
    ({"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}}}, "invalid_value", "response_format.type"),
    ({"temperature": 3}, "invalid_value", "temperature"),
    ({"n": 11}, "invalid_value", "n"),
    ({"stop": ["a", "b", "c", "d", "e"]}, "invalid_value", "stop"),
    ({"stream_options": {"include_usage": True}}, "invalid_value", "stream_options"),
    ({"extra_body": {"colour": "red"}}, "invalid_value", "colour"),
    ({"messages": []}, "invalid_value", "messages"),
    ({"messages": [{"role": "tool", "content": "x", "tool_call_id": "1"}]}, "unsupported_parameter", "messages"),
    ({"messages": [{"role": "nobody", "content": "x"}]}, "invalid_value", "messages[0].role"),
    ({"messages": said("x" * 9_000)}, "context_length_exceeded", "messages"),
    (
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}}]}]},
        "invalid_image_format",
        "messages[0].content",
    ),
]


@pytest.mark.parametrize(("asked", "code", "param"), REFUSED, ids=[f"{code}-{param}" for _, code, param in REFUSED])
async def test_what_is_not_taken_is_a_bad_request_that_names_the_parameter(
    house: House, asked: dict[str, Any], code: str, param: str | None
) -> None:
    async with house.client() as client:
        with pytest.raises(openai.BadRequestError) as caught:
            await client.chat.completions.create(**{"model": "m", "messages": said("hi"), **asked})
    assert (caught.value.code, caught.value.param, caught.value.type) == (code, param, "invalid_request_error")
    assert caught.value.response.headers["x-correlation-id"]
    assert await house.jobs() == []


FAILURES: list[tuple[OctavoError, type[openai.APIStatusError], int, str]] = [
    (ProviderUnavailable("up is down", provider="up"), openai.InternalServerError, 503, "provider_unavailable"),
    (ProviderTimeout("up is slow", provider="up"), openai.InternalServerError, 504, "provider_timeout"),
    (ProviderRefused("up says no", provider="up"), openai.InternalServerError, 502, "provider_refused"),
    (Moderated("up refused this for its content"), openai.BadRequestError, 400, "content_policy_violation"),
]


@pytest.mark.parametrize(("failure", "kind", "status", "code"), FAILURES, ids=[code for *_, code in FAILURES])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_a_job_that_fails_before_a_word_was_said_has_its_own_status(
    redis_server: RedisServer, tmp_path: Path, stream: bool, failure: OctavoError, kind: type[openai.APIStatusError], status: int, code: str
) -> None:
    once = serve(resource(jobs={"maxAttempts": 1}))
    async with open_house(redis_server.url, tmp_path, generator=once) as house, house.client(max_retries=2) as client:
        house.parrot.fail.append(failure)
        with pytest.raises(kind) as caught:
            await client.chat.completions.create(model="m", messages=said("hi"), stream=stream)  # type: ignore[call-overload]
        assert (caught.value.status_code, caught.value.code) == (status, code)
        # The job has had its attempts: the client is told not to begin anew.
        assert len(await house.jobs()) == 1


async def test_a_full_queue_is_a_rate_limit_that_says_when_to_come_back(redis_server: RedisServer, tmp_path: Path) -> None:
    narrow = serve(resource(jobs={"maxQueued": 1}))
    async with open_house(redis_server.url, tmp_path, generator=narrow, works=False) as house, house.client() as client:
        with pytest.raises(openai.RateLimitError) as caught:
            await client.chat.completions.create(model="m", messages=said("hi"), n=2)  # type: ignore[call-overload]
        assert caught.value.response.headers["retry-after"] == "5"
        assert (caught.value.code, caught.value.type) == ("rate_limit_exceeded", "rate_limit_error")
        # The first of the two was accepted, and nobody waits for it.
        assert [job.state for job in await house.until_state("cancelled")] == ["cancelled"]  # type: ignore[arg-type]


async def test_limits_and_moderation_are_asked_before_a_job_is_made(redis_server: RedisServer, tmp_path: Path) -> None:
    asked: list[tuple[str, list[str], int]] = []
    refusals: list[OctavoError] = [Throttled("slowly", retry_after=9), Moderated("not that word")]

    async def admit(principal: Principal, texts: Sequence[str], count: int) -> None:
        asked.append((principal.user, list(texts), count))
        raise refusals.pop(0)

    async with open_house(redis_server.url, tmp_path, admit=admit) as house, house.client() as client:
        with pytest.raises(openai.RateLimitError) as limited:
            await client.chat.completions.create(model="m", messages=said("hi"), n=2)  # type: ignore[call-overload]
        with pytest.raises(openai.BadRequestError) as moderated:
            await client.completions.create(model="m", prompt=["a", "b"])
        assert await house.jobs() == []
    assert limited.value.response.headers["retry-after"] == "9"
    assert moderated.value.code == "content_policy_violation"
    assert asked == [("anonymous", ["hi"], 2), ("anonymous", ["a", "b"], 2)]


async def test_a_generator_that_asks_for_tokens(redis_server: RedisServer, tmp_path: Path) -> None:
    with issuer() as tokens:
        private = serve(resource(auth={"mode": "jwt"}), jwks_url=tokens.url)
        async with open_house(redis_server.url, tmp_path, generator=private) as house:
            async with house.client() as stranger:
                with pytest.raises(openai.AuthenticationError) as caught:
                    await stranger.chat.completions.create(model="m", messages=said("hi"))  # type: ignore[arg-type]
                with pytest.raises(openai.AuthenticationError):
                    await stranger.models.list()
            async with house.client(api_key=tokens.token("ana")) as ana:
                await ana.chat.completions.create(model="m", messages=said("hi"))  # type: ignore[arg-type]
            assert [job.owner for job in await house.jobs()] == ["ana"]
    assert caught.value.code == "invalid_api_key"


@pytest.mark.parametrize(
    ("method", "path", "content", "headers", "status", "code"),
    [
        ("POST", "/v1/chat/completions", b"{", {}, 400, "malformed_body"),
        ("POST", "/v1/chat/completions", b"", {}, 400, "malformed_body"),
        ("POST", "/v1/chat/completions", b"{}", {"content-type": "text/plain"}, 400, "unsupported_media_type"),
        ("POST", "/v1/chat/completions", b"x" * (MAX_BODY + 1), {}, 413, "too_large"),
        ("POST", "/v1/completions", b"[]", {}, 400, "invalid_value"),
        ("POST", "/v1/images/generations", b'{"prompt": "x"}', {}, 404, "model_not_found"),
        ("GET", "/v1/chat/completions", None, {}, 405, "method_not_allowed"),
        ("GET", "/v1/nothing", None, {}, 404, "not_found"),
        ("GET", "/v1/models/gpt-4o", None, {}, 404, "model_not_found"),
    ],
)
async def test_every_error_below_v1_has_openais_shape(
    house: House, method: str, path: str, content: bytes | None, headers: dict[str, str], status: int, code: str
) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        answer = await client.request(method, f"{house.base_url}{path}", content=content, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    assert answer.json()["error"].keys() == {"message", "type", "param", "code"}
    assert answer.json()["error"]["code"] == code
    assert answer.headers["x-correlation-id"]
