"""Chat over OpenAI's wire format: what is sent, what comes back, whole and streamed."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.contract.generation.providers.openings import CHAT_PATHS, KEY, open_against
from tests.servers.vendor_wire import Reply, VendorWire, sse, vendor_wire

from octavo_core.errors import Moderated, ProviderError, ProviderRefused, ProviderUnavailable
from octavo_core.spec import ProviderType
from octavo_generation.providers.port import (
    ChatAnswer,
    ChatPrompt,
    ChatProvider,
    ImageProvider,
    Message,
    ModerationProvider,
    Picture,
    Usage,
)

CHAT = "/v1/chat/completions"
HELLO = ChatPrompt((Message("user", "Why?"),))
ANSWER = {
    "id": "x",
    "object": "chat.completion",
    "model": "m-2",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "An answer."}}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}


def chunk(text: str | None = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    delta = {} if text is None else {"content": text}
    return {"object": "chat.completion.chunk", "model": "m-2", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


USAGE_CHUNK = {"object": "chat.completion.chunk", "model": "m-2", "choices": [], "usage": ANSWER["usage"]}


@pytest.fixture
async def vendor() -> AsyncIterator[VendorWire]:
    async with vendor_wire() as started:
        yield started


@pytest.fixture
async def asked(vendor: VendorWire) -> AsyncIterator[ChatProvider]:
    opened: ChatProvider = open_against(vendor.url, "openai-compatible")
    yield opened
    await opened.close()


async def test_an_answer_comes_back_in_our_words(asked: ChatProvider, vendor: VendorWire) -> None:
    vendor.on("POST", CHAT, Reply(body=ANSWER))
    assert await asked.chat(HELLO) == ChatAnswer("An answer.", "stop", Usage(3, 2), "m-2")
    assert [seen.body for seen in vendor.seen] == [{"model": "m", "messages": [{"role": "user", "content": "Why?"}]}]


async def test_everything_that_can_be_said(asked: ChatProvider, vendor: VendorWire) -> None:
    vendor.on("POST", CHAT, Reply(body=ANSWER))
    prompt = ChatPrompt(
        (
            Message("system", "Be kind."),
            Message("user", "What is this?", (Picture(b"\x89PNG", "image/png"), Picture(b"\xff\xd8", "image/jpeg"))),
            Message("assistant", "A dot."),
            Message("user", "", (Picture(b"GIF8", "image/gif"),)),
        ),
        max_tokens=7,
        temperature=0.0,
        top_p=0.5,
        seed=0,
        stop=("\n", "END"),
        presence_penalty=-1.0,
        frequency_penalty=0.5,
        json_object=True,
        user="u-1",
    )
    await asked.chat(prompt)

    def url(data: bytes, media_type: str) -> dict[str, Any]:
        return {"type": "image_url", "image_url": {"url": f"data:{media_type};base64,{base64.b64encode(data).decode()}"}}

    assert vendor.seen[0].body == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be kind."},
            {
                "role": "user",
                "content": [{"type": "text", "text": "What is this?"}, url(b"\x89PNG", "image/png"), url(b"\xff\xd8", "image/jpeg")],
            },
            {"role": "assistant", "content": "A dot."},
            {"role": "user", "content": [url(b"GIF8", "image/gif")]},
        ],
        "max_tokens": 7,
        "temperature": 0.0,
        "top_p": 0.5,
        "seed": 0,
        "stop": ["\n", "END"],
        "presence_penalty": -1.0,
        "frequency_penalty": 0.5,
        "response_format": {"type": "json_object"},
        "user": "u-1",
    }


@pytest.mark.parametrize(
    ("kind", "model", "sent"),
    [
        ("openai", "gpt-4o", {"max_completion_tokens", "temperature", "stop", "seed"}),
        ("openai", "o3", {"max_completion_tokens", "seed"}),
        ("openai", "gpt-99", {"max_completion_tokens", "temperature", "stop", "seed"}),
        ("xai", "grok-4.3", {"max_completion_tokens", "temperature", "seed"}),
        ("xai", "grok-4.20-non-reasoning", {"max_completion_tokens", "temperature", "stop", "seed"}),
        ("openai-compatible", "o3", {"max_tokens", "temperature", "stop", "seed"}),
    ],
)
async def test_each_model_is_asked_with_what_it_takes(vendor: VendorWire, kind: ProviderType, model: str, sent: set[str]) -> None:
    vendor.on("POST", CHAT, Reply(body=ANSWER))
    provider = open_against(vendor.url, kind, model)
    await provider.chat(ChatPrompt(HELLO.messages, max_tokens=5, temperature=1.0, stop=("x",), seed=1))
    await provider.close()
    assert set(vendor.seen[0].body) - {"model", "messages"} == sent


async def test_the_key_goes_in_the_authorization_header_and_only_where_there_is_one(asked: ChatProvider, vendor: VendorWire) -> None:
    vendor.on("POST", CHAT, Reply(body=ANSWER))
    await asked.chat(HELLO)
    without = open_against(vendor.url, "openai-compatible", key=None)
    await without.chat(HELLO)
    await without.close()
    assert vendor.seen[0].headers["authorization"] == f"Bearer {KEY}"
    assert "authorization" not in vendor.seen[1].headers


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"choices": [{"message": {"content": ""}, "finish_reason": None}], "usage": None}, ChatAnswer("", "stop", Usage(), "m")),
        ({"choices": [{"message": {"content": "x"}, "finish_reason": "eos"}]}, ChatAnswer("x", "stop", Usage(), "m")),
        ({"choices": [{"message": {"content": None}, "finish_reason": "length"}]}, ChatAnswer("", "length", Usage(), "m")),
        ({"choices": [{"message": {}, "finish_reason": "content_filter"}]}, ChatAnswer("", "content_filter", Usage(), "m")),
        (
            {"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": "3", "completion_tokens": True}},
            ChatAnswer("x", "stop", Usage(), "m"),
        ),
        (
            # xAI: the tokens of thinking are in the total only.
            {"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 112}},
            ChatAnswer("x", "stop", Usage(10, 102), "m"),
        ),
    ],
)
async def test_what_an_answer_may_leave_out(asked: ChatProvider, vendor: VendorWire, body: Any, answer: ChatAnswer) -> None:
    vendor.on("POST", CHAT, Reply(body=body))
    assert await asked.chat(HELLO) == answer


async def test_a_models_own_refusal_is_moderation(asked: ChatProvider, vendor: VendorWire) -> None:
    vendor.on("POST", CHAT, Reply(body={"choices": [{"message": {"content": None, "refusal": "I can't help with that."}}]}))
    with pytest.raises(Moderated, match=r"I can't help with that\."):
        await asked.chat(HELLO)


async def test_a_stream_comes_piece_by_piece_and_is_the_answer(asked: ChatProvider, vendor: VendorWire) -> None:
    events = sse(chunk(""), chunk("An "), chunk("answer."), chunk(None, "length"), USAGE_CHUNK, "[DONE]")
    vendor.on("POST", CHAT, Reply(events=events))
    pieces: list[str] = []
    answer = await asked.chat(HELLO, pieces.append)
    assert pieces == ["An ", "answer."]
    assert answer == ChatAnswer("An answer.", "length", Usage(3, 2), "m-2")
    assert vendor.seen[0].body["stream"] is True
    assert vendor.seen[0].body["stream_options"] == {"include_usage": True}
    assert vendor.seen[0].headers["accept"] == "text/event-stream"


async def test_the_pieces_are_there_before_the_end(asked: ChatProvider, vendor: VendorWire) -> None:
    vendor.on("POST", CHAT, Reply(events=sse(chunk("now"), "[DONE]"), held=True))
    first = asyncio.Event()
    running = asyncio.create_task(asked.chat(HELLO, lambda _: first.set()))
    await asyncio.wait_for(first.wait(), 5)
    assert not running.done()
    vendor.released.set()
    assert (await running).text == "now"


async def test_a_stream_in_odd_slices(asked: ChatProvider, vendor: VendorWire) -> None:
    whole = "".join(sse(chunk("¡Año"), chunk(" nuevo! 🎉"), "[DONE]")).replace("\n", "\r\n")
    whole = ": a comment\r\n\r\nretry: 5\r\n" + whole
    vendor.on("POST", CHAT, Reply(events=[bytes([byte]) for byte in whole.encode()]))
    pieces: list[str] = []
    answer = await asked.chat(HELLO, pieces.append)
    assert "".join(pieces) == answer.text == "¡Año nuevo! 🎉"


async def test_a_server_that_cannot_stream_answers_whole(asked: ChatProvider, vendor: VendorWire) -> None:
    vendor.on("POST", CHAT, Reply(body=ANSWER))
    pieces: list[str] = []
    assert (await asked.chat(HELLO, pieces.append)).text == "An answer."
    assert pieces == ["An answer."]


async def test_a_stream_ends_with_its_finish_reason_or_with_done(asked: ChatProvider, vendor: VendorWire) -> None:
    vendor.on("POST", CHAT, Reply(events=sse(chunk("a", "stop"))), Reply(events=sse(chunk("b"), "[DONE]")))
    assert (await asked.chat(HELLO, lambda _: None)).text == "a"
    assert (await asked.chat(HELLO, lambda _: None)).text == "b"


async def test_a_stream_that_just_stops_is_no_answer(asked: ChatProvider, vendor: VendorWire) -> None:
    vendor.on("POST", CHAT, Reply(events=sse(chunk("a"), chunk("b"))))
    with pytest.raises(ProviderError, match="stopped in the middle") as caught:
        await asked.chat(HELLO, lambda _: None)
    assert caught.value.retryable


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"message": "overloaded", "type": "server_error"}, ProviderUnavailable),
        ({"message": "slow down", "code": "rate_limit_exceeded"}, ProviderUnavailable),
        ({"message": "no more money", "type": "insufficient_quota"}, ProviderRefused),
        ({"message": "bad", "code": 400}, ProviderRefused),
        ({"message": "no", "code": "content_filter"}, Moderated),
        ("out of memory", ProviderUnavailable),
    ],
)
async def test_an_error_in_the_middle_of_a_stream(asked: ChatProvider, vendor: VendorWire, error: Any, kind: type[ProviderError]) -> None:
    vendor.on("POST", CHAT, Reply(events=sse(chunk("a"), {"error": error})))
    with pytest.raises((ProviderError, Moderated)) as caught:
        await asked.chat(HELLO, lambda _: None)
    assert type(caught.value) is kind
    assert (error if isinstance(error, str) else error["message"]) in caught.value.message


async def test_a_refusal_that_is_streamed(asked: ChatProvider, vendor: VendorWire) -> None:
    said = [{"choices": [{"delta": {"refusal": piece}}]} for piece in ("I ", "cannot.")]
    vendor.on("POST", CHAT, Reply(events=sse(*said, chunk(None, "stop"), "[DONE]")))
    with pytest.raises(Moderated, match=r"I cannot\."):
        await asked.chat(HELLO, lambda _: None)


@pytest.mark.parametrize("stream", [False, True])
async def test_one_call_after_the_other_needs_one_connection(asked: ChatProvider, vendor: VendorWire, stream: bool) -> None:
    vendor.on("POST", CHAT, Reply(events=sse(chunk("a", "stop"), "[DONE]")) if stream else Reply(body=ANSWER))
    for _ in range(5):
        await asked.chat(HELLO, (lambda _: None) if stream else None)
    assert len(vendor.connections) == 1


async def test_many_calls_at_once_share_few_connections(asked: ChatProvider, vendor: VendorWire) -> None:
    vendor.on("POST", CHAT, Reply(body=ANSWER))
    answers = await asyncio.gather(*(asked.chat(HELLO) for _ in range(30)))
    assert {answer.text for answer in answers} == {"An answer."}
    assert len(vendor.seen) == 30
    assert len(vendor.connections) <= 4


async def test_a_server_that_knows_no_stream_options_is_spared_them(asked: ChatProvider, vendor: VendorWire) -> None:
    refusal = Reply(422, {"error": {"message": "Extra inputs are not permitted: stream_options"}})
    vendor.on("POST", CHAT, refusal, Reply(events=sse(chunk("a", "stop"), "[DONE]")))
    for _ in range(2):
        assert (await asked.chat(HELLO, lambda _: None)).text == "a"
    assert ["stream_options" in seen.body for seen in vendor.seen] == [True, False, False]


async def test_a_model_that_wants_the_other_word_for_its_bound_gets_it(asked: ChatProvider, vendor: VendorWire) -> None:
    told = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    vendor.on("POST", CHAT, Reply(400, {"error": {"message": told}}), Reply(body=ANSWER))
    prompt = ChatPrompt(HELLO.messages, max_tokens=5)
    for _ in range(2):
        await asked.chat(prompt)
    assert [sorted(seen.body)[0] for seen in vendor.seen] == ["max_tokens", "max_completion_tokens", "max_completion_tokens"]


async def test_a_refusal_of_another_kind_is_not_asked_twice(asked: ChatProvider, vendor: VendorWire) -> None:
    vendor.on("POST", CHAT, Reply(400, {"error": {"message": "max_completion_tokens is too large: 9"}}))
    with pytest.raises(ProviderRefused):
        await asked.chat(HELLO)
    assert len(vendor.seen) == 1


@pytest.mark.parametrize(
    ("kind", "model", "ports"),
    [
        ("openai", "gpt-4o", {ChatProvider, ModerationProvider}),
        ("openai", "dall-e-3", {ImageProvider, ModerationProvider}),
        ("openai", "omni-moderation-latest", {ModerationProvider}),
        ("openai", "gpt-99", {ChatProvider, ImageProvider, ModerationProvider}),
        ("xai", "grok-4", {ChatProvider}),
        ("xai", "grok-imagine-image", {ImageProvider}),
        ("openai-compatible", "m", {ChatProvider, ImageProvider}),
        ("azure-openai", "gpt-4o", {ChatProvider}),
        ("azure-openai", "our-pictures", {ChatProvider, ImageProvider}),
        ("fake", "whatever", {ChatProvider, ImageProvider, ModerationProvider}),
        ("anthropic", "claude-sonnet-5-5", {ChatProvider}),
    ],
)
async def test_a_model_meets_the_ports_of_what_it_is_for(kind: ProviderType, model: str, ports: set[Any]) -> None:
    opened = open_against("http://127.0.0.1:9", kind, model)
    assert {port for port in (ChatProvider, ImageProvider, ModerationProvider) if isinstance(opened, port)} == ports
    assert (opened.name, opened.model) == ("up", model)
    await opened.close()


def test_every_chat_type_is_in_the_contract() -> None:
    assert {"openai", "xai", "openai-compatible", "azure-openai", "anthropic"} == set(CHAT_PATHS)
