"""Anthropic's Messages API: the system apart, a bound always, events with names, reasons in OpenAI's words."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.contract.generation.providers.openings import KEY, open_against
from tests.servers.vendor_wire import Reply, VendorWire, sse, vendor_wire

from octavo_core.errors import ProviderError, ProviderRefused, ProviderUnavailable
from octavo_generation.providers.port import ChatAnswer, ChatPrompt, ChatProvider, Message, Picture, Usage

MESSAGES = "/v1/messages"
HELLO = ChatPrompt((Message("user", "Why?"),))
ANSWER = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-6",
    "content": [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "text", "text": "So "},
        {"type": "text", "text": "it is."},
    ],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 5, "cache_creation_input_tokens": 2, "cache_read_input_tokens": 3, "output_tokens": 4},
}


def stream(*pieces: str, stop_reason: str | None = "end_turn", ends: bool = True) -> list[str]:
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {"model": "claude-x", "content": [], "usage": {"input_tokens": 5, "output_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm", "text": "not for us"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "ping"},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
        *({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": piece}} for piece in pieces),
    ]
    if stop_reason is not None:
        events.append({"type": "message_delta", "delta": {"stop_reason": stop_reason}, "usage": {"output_tokens": 9}})
    if ends:
        events.append({"type": "message_stop"})
    return sse(*events, names=[event["type"] for event in events])


@pytest.fixture
async def vendor() -> AsyncIterator[VendorWire]:
    async with vendor_wire() as started:
        yield started


@pytest.fixture
async def asked(vendor: VendorWire) -> AsyncIterator[ChatProvider]:
    opened: ChatProvider = open_against(vendor.url, "anthropic")
    yield opened
    await opened.close()


async def test_an_answer_comes_back_in_our_words(asked: ChatProvider, vendor: VendorWire) -> None:
    vendor.on("POST", MESSAGES, Reply(body=ANSWER))
    assert await asked.chat(HELLO) == ChatAnswer("So it is.", "stop", Usage(10, 4), "claude-sonnet-4-6")
    seen = vendor.seen[0]
    # The longest that the model's profile allows, as OpenAI's API does where nothing is said.
    assert seen.body == {"model": "claude-sonnet-4-6", "max_tokens": 128_000, "messages": [{"role": "user", "content": "Why?"}]}
    assert (seen.headers["x-api-key"], seen.headers["anthropic-version"]) == (KEY, "2023-06-01")
    assert "authorization" not in seen.headers


async def test_everything_that_can_be_said(asked: ChatProvider, vendor: VendorWire) -> None:
    vendor.on("POST", MESSAGES, Reply(body=ANSWER))
    prompt = ChatPrompt(
        (
            Message("system", "Be kind."),
            Message("user", "What is this?", (Picture(b"\x89PNG", "image/png"),)),
            Message("assistant", "A dot."),
            Message("system", "Be short."),
            Message("user", "And now?"),
        ),
        max_tokens=7,
        temperature=1.6,
        top_p=0.5,
        seed=1,
        stop=("END", " \n"),
        presence_penalty=1.0,
        frequency_penalty=1.0,
        user="u-1",
    )
    await asked.chat(prompt)
    source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(b"\x89PNG").decode()}
    assert vendor.seen[0].body == {
        "model": "claude-sonnet-4-6",
        "max_tokens": 7,
        "system": "Be kind.\n\nBe short.",
        "messages": [
            {"role": "user", "content": [{"type": "image", "source": source}, {"type": "text", "text": "What is this?"}]},
            {"role": "assistant", "content": "A dot."},
            {"role": "user", "content": "And now?"},
        ],
        "temperature": 1.0,
        "stop_sequences": ["END"],
        "metadata": {"user_id": "u-1"},
    }


@pytest.mark.parametrize(
    ("model", "wanted", "sent"),
    [
        ("claude-sonnet-4-6", {"top_p": 0.5}, {"top_p": 0.5, "max_tokens": 128_000}),
        ("claude-opus-5-5", {"temperature": 0.2, "top_p": 0.5}, {"max_tokens": 128_000}),
        ("claude-haiku-4-5", {"max_tokens": 1_000_000}, {"max_tokens": 64_000}),
        ("claude-99", {}, {"max_tokens": 8_192}),
        ("claude-99", {"max_tokens": 100_000}, {"max_tokens": 100_000}),
    ],
)
async def test_each_model_is_asked_with_what_it_takes(vendor: VendorWire, model: str, wanted: dict[str, Any], sent: dict[str, Any]) -> None:
    vendor.on("POST", MESSAGES, Reply(body=ANSWER))
    provider = open_against(vendor.url, "anthropic", model)
    await provider.chat(ChatPrompt(HELLO.messages, **wanted))
    await provider.close()
    body = vendor.seen[0].body
    assert {name: value for name, value in body.items() if name not in ("model", "messages")} == sent


@pytest.mark.parametrize("ending", ["", "/", "/v1"])
async def test_the_address_and_the_version_may_be_ones_own(vendor: VendorWire, ending: str) -> None:
    vendor.on("POST", MESSAGES, Reply(body=ANSWER))
    provider = open_against(vendor.url + ending, "anthropic", api_version="2099-01-01")
    await provider.chat(HELLO)
    await provider.close()
    assert vendor.seen[0].headers["anthropic-version"] == "2099-01-01"


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("pause_turn", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "content_filter"),
        (None, "stop"),
    ],
)
async def test_why_it_stopped(asked: ChatProvider, vendor: VendorWire, theirs: str | None, ours: str) -> None:
    vendor.on("POST", MESSAGES, Reply(body=ANSWER | {"stop_reason": theirs}), Reply(events=stream("a", stop_reason=theirs)))
    assert (await asked.chat(HELLO)).finish_reason == ours
    assert (await asked.chat(HELLO, lambda _: None)).finish_reason == ours


async def test_what_an_answer_may_leave_out(asked: ChatProvider, vendor: VendorWire) -> None:
    vendor.on("POST", MESSAGES, Reply(body={"content": []}))
    assert await asked.chat(HELLO) == ChatAnswer("", "stop", Usage(), "claude-sonnet-4-6")


async def test_a_stream_comes_piece_by_piece_and_is_the_answer(asked: ChatProvider, vendor: VendorWire) -> None:
    vendor.on("POST", MESSAGES, Reply(events=stream("So ", "it is.", stop_reason="max_tokens")))
    pieces: list[str] = []
    answer = await asked.chat(HELLO, pieces.append)
    assert pieces == ["So ", "it is."]
    assert answer == ChatAnswer("So it is.", "length", Usage(5, 9), "claude-x")
    assert vendor.seen[0].body["stream"] is True


async def test_a_server_that_cannot_stream_answers_whole(asked: ChatProvider, vendor: VendorWire) -> None:
    vendor.on("POST", MESSAGES, Reply(body=ANSWER))
    pieces: list[str] = []
    assert (await asked.chat(HELLO, pieces.append)).text == "So it is."
    assert pieces == ["So it is."]


async def test_a_stream_that_just_stops_is_no_answer(asked: ChatProvider, vendor: VendorWire) -> None:
    vendor.on("POST", MESSAGES, Reply(events=stream("a", stop_reason=None, ends=False)))
    with pytest.raises(ProviderError, match="stopped in the middle"):
        await asked.chat(HELLO, lambda _: None)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("overloaded_error", ProviderUnavailable),
        ("rate_limit_error", ProviderUnavailable),
        ("api_error", ProviderUnavailable),
        ("a_new_one", ProviderUnavailable),
        ("invalid_request_error", ProviderRefused),
        ("permission_error", ProviderRefused),
        ("billing_error", ProviderRefused),
    ],
)
async def test_an_error_in_the_middle_of_a_stream(asked: ChatProvider, vendor: VendorWire, kind: str, error: type[ProviderError]) -> None:
    told = {"type": "error", "error": {"type": kind, "message": f"no more for {KEY}"}}
    vendor.on("POST", MESSAGES, Reply(events=[*stream("a", stop_reason=None, ends=False), *sse(told, names=["error"])]))
    with pytest.raises(ProviderError, match=r"no more for \[redacted\]") as caught:
        await asked.chat(HELLO, lambda _: None)
    assert type(caught.value) is error


async def test_one_stream_after_the_other_needs_one_connection(asked: ChatProvider, vendor: VendorWire) -> None:
    vendor.on("POST", MESSAGES, Reply(events=stream("a")))
    for _ in range(5):
        await asked.chat(HELLO, lambda _: None)
    assert len(vendor.connections) == 1


@pytest.mark.parametrize("text", ['{"a": 1}', '```json\n{"a": 1}\n```', '\n```\n{"a": 1}```\n'])
async def test_a_json_object_is_asked_for_in_words_and_freed_of_its_fence(asked: ChatProvider, vendor: VendorWire, text: str) -> None:
    vendor.on("POST", MESSAGES, Reply(body={"content": [{"type": "text", "text": text}], "stop_reason": "end_turn"}))
    prompt = ChatPrompt((Message("system", "Be kind."), Message("user", "x")), json_object=True)
    pieces: list[str] = []
    assert (await asked.chat(prompt)).text == '{"a": 1}'
    assert (await asked.chat(prompt, pieces.append)).text == '{"a": 1}'
    assert pieces == ['{"a": 1}']
    assert vendor.seen[0].body["system"].startswith("Be kind.\n\nAnswer with one JSON object")
