"""What goes wrong between us and any chat vendor: one error of our tree, with the provider's name and without the key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.contract.generation.providers.openings import CHAT_PATHS, KEY, open_against
from tests.servers.starting import free_port
from tests.servers.vendor_wire import Reply, VendorWire, sse, vendor_wire

from octavo_core.errors import Moderated, ProviderError, ProviderRefused, ProviderTimeout, ProviderUnavailable
from octavo_core.spec import ProviderType
from octavo_generation.providers.port import ChatPrompt, ChatProvider, Message

HELLO = ChatPrompt((Message("user", "x"),))
ON_TEXT: Any = lambda _piece: None  # noqa: E731
STREAMED = pytest.mark.parametrize("on_text", [None, ON_TEXT], ids=["whole", "streamed"])
KINDS: list[ProviderType] = ["openai", "xai", "openai-compatible", "azure-openai", "anthropic"]
FIRST_PIECES = {
    "anthropic": sse(
        {"type": "message_start", "message": {"model": "c", "usage": {"input_tokens": 1}}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "a"}},
    )
}
LAST_PIECES = {
    "openai": sse({"choices": [{"delta": {"content": "a"}, "finish_reason": "stop"}]}, "[DONE]"),
    "anthropic": [*FIRST_PIECES["anthropic"], *sse({"type": "message_stop"})],
}
OPENAI_PIECES = sse({"choices": [{"delta": {"content": "a"}}]}, {"choices": [{"delta": {"content": "b"}}]})


@pytest.fixture
async def vendor() -> AsyncIterator[VendorWire]:
    async with vendor_wire() as started:
        yield started


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> ProviderType:
    found: ProviderType = request.param
    return found


@pytest.fixture
def path(kind: ProviderType) -> str:
    return CHAT_PATHS[kind]


@pytest.fixture
async def asked(vendor: VendorWire, kind: ProviderType) -> AsyncIterator[ChatProvider]:
    opened: ChatProvider = open_against(vendor.url, kind)
    yield opened
    await opened.close()


@STREAMED
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, ProviderRefused),
        (401, ProviderRefused),
        (402, ProviderRefused),
        (403, ProviderRefused),
        (404, ProviderRefused),
        (408, ProviderTimeout),
        (413, ProviderRefused),
        (429, ProviderUnavailable),
        (500, ProviderUnavailable),
        (503, ProviderUnavailable),
        (529, ProviderUnavailable),
    ],
)
async def test_a_bad_status_is_one_error_with_the_providers_name_and_without_the_key(
    asked: ChatProvider, vendor: VendorWire, path: str, status: int, error: type[ProviderError], on_text: Any
) -> None:
    vendor.on("POST", path, Reply(status, {"type": "error", "error": {"message": f"refused {KEY}."}}))
    with pytest.raises(ProviderError) as caught:
        await asked.chat(HELLO, on_text)
    assert type(caught.value) is error
    assert caught.value.provider == "up"
    assert caught.value.message == f"up answered {status}: refused [redacted]."
    assert caught.value.retryable is (error is not ProviderRefused)
    assert len(vendor.seen) == 1, "nobody retries in here"


async def test_a_redirect_is_not_followed_with_the_key(asked: ChatProvider, vendor: VendorWire, path: str) -> None:
    vendor.on("POST", path, Reply(307, headers={"location": f"{vendor.url}/elsewhere"}))
    for on_text in (None, ON_TEXT):
        with pytest.raises(ProviderRefused, match="up answered 307"):
            await asked.chat(HELLO, on_text)
    assert {seen.path for seen in vendor.seen} == {path}


@STREAMED
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "1e9"}, 3600.0),
        ({"retry-after": "inf"}, 3600.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, None),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "1"}, 1.0),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s", "x-ratelimit-reset-tokens": "1h"}, 360.0),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "120ms"}, 0.12),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "7"}, 7.0),
        ({"x-ratelimit-remaining-tokens": "5", "x-ratelimit-reset-tokens": "7s"}, None),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "7 days"}, None),
        ({}, None),
    ],
)
async def test_the_time_to_come_back(vendor: VendorWire, headers: dict[str, str], seconds: float | None, on_text: Any) -> None:
    asked = open_against(vendor.url, "openai")
    vendor.on("POST", CHAT_PATHS["openai"], Reply(429, headers=headers))
    with pytest.raises(ProviderUnavailable) as caught:
        await asked.chat(HELLO, on_text)
    await asked.close()
    assert caught.value.retry_after == pytest.approx(seconds)


@STREAMED
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{}",
        b'{"choices": 3}',
        b'{"choices": []}',
        b'{"choices": [[]]}',
        b'{"choices": [{"message": {"content": null}}]}',
        b'{"choices": [{"message": {"content": [1]}}]}',
        b'{"content": "text"}',
    ],
    ids=lambda body: body[:40],
)
async def test_garbage_is_an_error_that_may_pass(asked: ChatProvider, vendor: VendorWire, path: str, body: bytes, on_text: Any) -> None:
    vendor.on("POST", path, Reply(body=body))
    with pytest.raises(ProviderError) as caught:
        await asked.chat(HELLO, on_text)
    assert type(caught.value) is ProviderError
    assert caught.value.retryable


@pytest.mark.parametrize("data", ["<html>", "[]", "3"])
async def test_garbage_in_a_stream(asked: ChatProvider, vendor: VendorWire, path: str, data: str) -> None:
    vendor.on("POST", path, Reply(events=sse(data)))
    with pytest.raises(ProviderError, match="not a JSON object"):
        await asked.chat(HELLO, ON_TEXT)


@STREAMED
async def test_an_answer_without_end_is_not_read_to_its_end(
    vendor: VendorWire, kind: ProviderType, path: str, on_text: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("octavo_generation.providers.wire.MAX_ANSWER_BYTES", 1_000_000)
    asked = open_against(vendor.url, kind)
    piece = sse({"type": "ping", "choices": [{"delta": {"content": "x" * 100_000}}]})
    vendor.on("POST", path, Reply(body=b"x" * 3_000_000) if on_text is None else Reply(events=piece * 30))
    with pytest.raises(ProviderError, match="more than 1000000 bytes"):
        await asked.chat(HELLO, on_text)
    await asked.close()


@STREAMED
async def test_an_answer_that_takes_too_long(vendor: VendorWire, kind: ProviderType, path: str, on_text: Any) -> None:
    asked = open_against(vendor.url, kind, timeout_s=0.3)
    vendor.on("POST", path, Reply(held=True))
    with pytest.raises(ProviderTimeout, match=r"up did not answer in 0\.3 s"):
        await asked.chat(HELLO, on_text)
    await asyncio.wait_for(vendor.left.wait(), 5)
    await asked.close()


async def test_a_stream_that_stalls(vendor: VendorWire, kind: ProviderType, path: str) -> None:
    asked = open_against(vendor.url, kind, timeout_s=0.3)
    vendor.on("POST", path, Reply(events=[*FIRST_PIECES.get(kind, OPENAI_PIECES), "data: "], held=True))
    pieces: list[str] = []
    with pytest.raises(ProviderTimeout):
        await asked.chat(HELLO, pieces.append)
    assert pieces
    await asked.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "absent.invalid"])
@STREAMED
async def test_a_server_that_is_not_there(kind: ProviderType, host: str, on_text: Any) -> None:
    absent = open_against(f"http://{host}:{free_port()}", kind)
    with pytest.raises(ProviderUnavailable, match="up cannot be reached"):
        await absent.chat(HELLO, on_text)
    await absent.close()


@STREAMED
async def test_an_answer_that_is_cut_in_the_middle(asked: ChatProvider, vendor: VendorWire, kind: str, path: str, on_text: Any) -> None:
    vendor.on("POST", path, Reply(cut=True) if on_text is None else Reply(events=FIRST_PIECES.get(kind, OPENAI_PIECES), cut=True))
    with pytest.raises(ProviderUnavailable, match="up cannot be reached"):
        await asked.chat(HELLO, on_text)


@STREAMED
async def test_a_call_that_is_cancelled_ends_its_connection(
    asked: ChatProvider, vendor: VendorWire, kind: str, path: str, on_text: Any
) -> None:
    events = None if on_text is None else FIRST_PIECES.get(kind, OPENAI_PIECES)
    vendor.on("POST", path, Reply(events=events, held=True))
    running = asyncio.create_task(asked.chat(HELLO, on_text))
    await asyncio.wait_for(vendor.begun.wait(), 5)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await asyncio.wait_for(vendor.left.wait(), 5)
    assert vendor.in_flight == 0


async def test_a_reader_that_fails_ends_the_stream(asked: ChatProvider, vendor: VendorWire, kind: str, path: str) -> None:
    vendor.on("POST", path, Reply(events=[*FIRST_PIECES.get(kind, OPENAI_PIECES), "data: "], held=True))

    def fail(_piece: str) -> None:
        raise LookupError("the reader's own fault")

    with pytest.raises(LookupError) as caught:
        await asked.chat(HELLO, fail)
    await asyncio.wait_for(vendor.left.wait(), 5)
    # Held until here: its traceback keeps the call's frames, so no collection of garbage has ended the stream.
    assert caught.value.args


async def test_closing_one_that_was_never_asked(kind: ProviderType) -> None:
    await open_against("http://127.0.0.1:9", kind).close()


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [
        ("openai", 400, {"code": "content_policy_violation", "message": "Your request was rejected."}),
        ("openai", 400, {"code": "moderation_blocked", "type": "image_generation_user_error", "message": "no"}),
        ("xai", 400, "Generated image rejected by content moderation."),
        ("xai", 403, "Content violates usage guidelines. Team: t, Failed check: SAFETY"),
        ("azure-openai", 400, {"code": "content_filter", "message": "filtered", "innererror": {"code": "ResponsibleAIPolicyViolation"}}),
        ("azure-openai", 400, {"code": "contentFilter", "message": "filtered"}),
        ("azure-openai", 400, {"code": "400", "inner_error": {"code": "ResponsibleAIPolicyViolation"}, "message": "filtered"}),
        ("anthropic", 400, {"type": "invalid_request_error", "message": "Output blocked by content filtering policy"}),
    ],
)
@STREAMED
async def test_what_is_refused_for_its_content(
    asked: ChatProvider, vendor: VendorWire, path: str, status: int, error: Any, on_text: Any
) -> None:
    vendor.on("POST", path, Reply(status, {"error": error}))
    with pytest.raises(Moderated, match="up refused this for its content"):
        await asked.chat(HELLO, on_text)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("openai", {"type": "insufficient_quota", "code": "insufficient_quota", "message": "You exceeded your current quota."}),
        ("openai", {"type": "insufficient_quota", "code": "project_spend_limit_exceeded", "message": "limit"}),
        ("azure-openai", {"code": "insufficient_quota", "message": "no"}),
        ("anthropic", {"type": "rate_limit_error", "message": "This request would exceed your organization's spend limit."}),
    ],
)
async def test_credit_that_is_used_up_is_a_refusal_and_not_worth_waiting_for(
    asked: ChatProvider, vendor: VendorWire, path: str, error: Any
) -> None:
    vendor.on("POST", path, Reply(429, {"error": error}, {"retry-after": "1"}))
    with pytest.raises(ProviderRefused, match="up answered 429"):
        await asked.chat(HELLO)


async def test_words_of_content_in_an_overload_are_no_refusal(asked: ChatProvider, vendor: VendorWire, path: str) -> None:
    vendor.on("POST", path, Reply(503, {"error": {"message": "our content moderation is overloaded", "code": "content_filter"}}))
    with pytest.raises(ProviderUnavailable):
        await asked.chat(HELLO)


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
async def test_the_end_of_a_stream_is_read_so_that_its_connection_serves_the_next(
    asked: ChatProvider, vendor: VendorWire, kind: str, path: str
) -> None:
    vendor.on("POST", path, Reply(events=[*LAST_PIECES[kind], ": the end comes late\n\n"], held=True))
    running = asyncio.create_task(asked.chat(HELLO, ON_TEXT))
    await asyncio.wait_for(vendor.begun.wait(), 5)
    await asyncio.wait({running}, timeout=0.2)
    vendor.released.set()
    assert (await running).text == "a"
    await asked.chat(HELLO, ON_TEXT)
    assert len(vendor.connections) == 1


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
async def test_a_server_that_keeps_a_stream_open_after_its_end_does_not_keep_us(
    asked: ChatProvider, vendor: VendorWire, kind: str, path: str
) -> None:
    vendor.on("POST", path, Reply(events=[*LAST_PIECES[kind], ": never"], held=True))
    assert (await asyncio.wait_for(asked.chat(HELLO, ON_TEXT), 3)).text == "a"


@pytest.mark.parametrize(
    "body",
    [
        b'{"error": {"message": "no: ' + KEY.replace("/", "\\/").encode() + b'"}}',
        b'{"error": {"message": "no: ' + KEY.replace("+", "\\u002b").encode() + b'"}}',
        b'{"error": "no: ' + KEY.encode() + b'"}',
        b'{"detail": "no: ' + KEY.encode() + b'"}',
        b"no: " + KEY.encode(),
        b'{"error": {"message": "' + b"x" * 290 + KEY.encode() + b'"}}',
    ],
    ids=lambda body: body[:50],
)
async def test_a_key_that_is_told_in_any_other_way_is_struck_out(asked: ChatProvider, vendor: VendorWire, path: str, body: bytes) -> None:
    vendor.on("POST", path, Reply(401, body))
    with pytest.raises(ProviderRefused) as caught:
        await asked.chat(HELLO)
    assert "[redacted]" in caught.value.message
    assert KEY[:12] not in caught.value.message
