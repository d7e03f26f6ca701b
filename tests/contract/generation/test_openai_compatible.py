"""The text provider's port, met by the OpenAI-compatible one against a real server: one request a call, errors of our tree only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from tests.servers.generators import provider, text_generator
from tests.servers.upstream import Upstream, upstream

from octavo_core.errors import ProviderError, ProviderRefused, ProviderTimeout, ProviderUnavailable
from octavo_core.spec import GeneratorService, parse_resource
from octavo_generation.providers.port import TextAnswer, TextPrompt, TextProvider
from octavo_generation.providers.registry import open_provider

KEY = "sk-contract-0123456789"


@pytest.fixture
def server() -> Iterator[Upstream]:
    with upstream() as started:
        yield started


@pytest.fixture
async def asked(server: Upstream) -> AsyncIterator[TextProvider]:
    opened = open_one(provider(server.url, timeoutSeconds=1, credentials={"env": "KEY"}))
    yield opened
    await opened.close()


def open_one(document: dict[str, Any]) -> TextProvider:
    resource = parse_resource(text_generator("x", "", providers=[document]))
    assert isinstance(resource, GeneratorService)
    assert resource.spec.providers is not None
    return open_provider(resource.spec.providers[0], environment={"KEY": KEY}, max_connections=4)


async def test_an_answer_comes_back_in_our_words(asked: TextProvider, server: Upstream) -> None:
    answer = await asked.generate(TextPrompt("Why?"))
    assert answer == TextAnswer(text="An answer.", finish_reason="stop", prompt_tokens=3, completion_tokens=2, model="m")
    assert server.requests == [{"model": "m", "messages": [{"role": "user", "content": "Why?"}]}]


async def test_what_an_answer_may_leave_out(asked: TextProvider, server: Upstream) -> None:
    server.fail_next.append((200, {}, {"choices": [{"message": {"content": ""}, "finish_reason": None}], "usage": None}))
    answer = await asked.generate(TextPrompt("x"))
    assert answer == TextAnswer(text="", finish_reason="stop", prompt_tokens=None, completion_tokens=None, model="m")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ProviderRefused),
        (401, ProviderRefused),
        (403, ProviderRefused),
        (404, ProviderRefused),
        (408, ProviderTimeout),
        (429, ProviderUnavailable),
        (500, ProviderUnavailable),
        (503, ProviderUnavailable),
        (302, ProviderRefused),
    ],
)
async def test_a_bad_status_is_one_error_with_the_providers_name(
    asked: TextProvider, server: Upstream, status: int, kind: type[ProviderError]
) -> None:
    server.fail_next.append((status, {}, {"error": {"message": f"refused {KEY}"}}))
    with pytest.raises(ProviderError) as caught:
        await asked.generate(TextPrompt("x"))
    assert type(caught.value) is kind
    assert caught.value.provider == "up"
    assert caught.value.message == f"up answered {status}: refused [redacted]"
    assert caught.value.retryable is (kind is not ProviderRefused)
    assert len(server.requests) == 1, "nobody retries in here"


@pytest.mark.parametrize(
    ("header", "seconds"), [("2", 2.0), ("0.5", 0.5), ("-3", 0.0), ("1e9", 3600.0), ("inf", 3600.0), ("nan", None), ("soon", None)]
)
async def test_the_time_to_come_back(asked: TextProvider, server: Upstream, header: str, seconds: float | None) -> None:
    server.fail_next.append((429, {"retry-after": header}, {}))
    with pytest.raises(ProviderUnavailable) as caught:
        await asked.generate(TextPrompt("x"))
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b'{"choices": 3}',
        b'{"choices": [[]]}',
        b'{"choices": [{"message": {"content": [1]}}]}',
        b'{"choices": [{"message": {"content": "' + b"x" * 9_000_000 + b'"}}]}',
    ],
    ids=lambda body: body[:20],
)
async def test_garbage_is_an_error_that_may_pass(asked: TextProvider, server: Upstream, body: bytes) -> None:
    server.fail_next.append((200, {}, body))
    with pytest.raises(ProviderError) as caught:
        await asked.generate(TextPrompt("x"))
    assert type(caught.value) is ProviderError
    assert caught.value.retryable


async def test_an_answer_that_takes_too_long(asked: TextProvider, server: Upstream) -> None:
    server.latency_s = 60
    with pytest.raises(ProviderTimeout, match="up did not answer in 1 s"):
        await asked.generate(TextPrompt("x"))


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/v1", "http://absent.invalid/v1"])
async def test_a_server_that_is_not_there(url: str) -> None:
    absent = open_one(provider(url, timeoutSeconds=5))
    with pytest.raises(ProviderUnavailable, match="up cannot be reached"):
        await absent.generate(TextPrompt("x"))
    await absent.close()


async def test_many_calls_at_once_share_few_connections(server: Upstream) -> None:
    several = open_one(provider(server.url))
    answers = await asyncio.gather(*(several.generate(TextPrompt(f"number {n}")) for n in range(30)))
    await several.close()
    assert {answer.text for answer in answers} == {"An answer."}
    assert len(server.requests) == 30


async def test_the_key_goes_in_the_authorization_header_and_only_where_there_is_one(asked: TextProvider, server: Upstream) -> None:
    await asked.generate(TextPrompt("x"))
    without = open_one(provider(server.url))
    await without.generate(TextPrompt("x"))
    await without.close()
    with_key, without_key = ({name.lower(): value for name, value in headers.items()} for headers in server.headers)
    assert with_key["authorization"] == f"Bearer {KEY}"
    assert "authorization" not in without_key


async def test_closing_one_that_was_never_asked() -> None:
    await open_one(provider("http://127.0.0.1:9/v1")).close()
