"""Anthropic: messages, whole and as a stream of named events."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import orjson

from octavo_core.clock import utc_now
from octavo_fakes import tokens
from octavo_fakes.answer import Answer, Event, Headers, Stream, header, json_answer
from octavo_fakes.call import Call, WireFault
from octavo_fakes.pictures import Pictures
from octavo_fakes.playbook import Allowance
from octavo_fakes.stage import Asked, Turn
from octavo_fakes.vendors.composing import Composed, Conversation, bound, compose, decode_picture

_MODELS = re.compile(r"claude-[\w.-]+|(?:sample|fake|octavo)[\w.:-]*")
_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})


class Anthropic:
    name = "anthropic"

    def check_key(self, call: Call) -> None:
        key = call.header(b"x-api-key") or call.bearer()
        if not key:
            raise WireFault(401, "x-api-key header is required")
        if key.startswith("bad-"):
            raise WireFault(401, "invalid x-api-key")
        if not call.header(b"anthropic-version"):
            raise WireFault(400, "anthropic-version: header is required")

    def error(self, fault: WireFault, call: Call) -> Answer:
        kind = fault.kind or _TYPES.get(fault.status) or ("api_error" if fault.status >= 500 else "invalid_request_error")
        error = {"type": kind, "message": fault.message}
        return json_answer({"type": "error", "error": error, "request_id": f"req_{secrets.token_hex(12)}"}, fault.status)

    def headers(self, allowance: Allowance | None) -> Headers:
        limit, remaining, reset_s = (4_000, 3_999, 1.0) if allowance is None else (allowance.limit, allowance.remaining, allowance.reset_s)
        reset = (utc_now() + timedelta(seconds=reset_s)).isoformat(timespec="seconds").replace("+00:00", "Z")
        return (
            (b"request-id", b"req_" + secrets.token_hex(12).encode()),
            header("anthropic-organization-id", "octavo-samples"),
            header("anthropic-ratelimit-requests-limit", limit),
            header("anthropic-ratelimit-requests-remaining", remaining),
            header("anthropic-ratelimit-requests-reset", reset),
        )


class Messages:
    def __init__(self, vendor: Anthropic, pictures: Pictures) -> None:
        self._vendor = vendor
        self._pictures = pictures

    async def answer(self, turn: Turn) -> Answer | Stream:
        body, model = turn.call.json(), turn.call.model
        if not model:
            raise WireFault(400, "model: Field required")
        if not _MODELS.fullmatch(model):
            raise WireFault(404, f"model: {model[:100]}")
        max_tokens = body.get("max_tokens")
        if not isinstance(max_tokens, int) or isinstance(max_tokens, bool) or max_tokens < 1:
            raise WireFault(
                400, "max_tokens: Field required" if max_tokens is None else "max_tokens: Input should be a whole number above 0"
            )
        conversation, stops = read_messages(body), _stops(body)
        _check_sampling(body)
        if turn.refusal == "error":
            raise WireFault(400, "Output blocked by content filtering policy")
        refused = bool(turn.refusal)
        text = "" if refused else await compose(conversation, self._pictures, seed=0, text=turn.text)
        answer = bound(text, max_tokens=max_tokens, stops=stops)
        reason = "refusal" if refused else "max_tokens" if answer.is_cut else "stop_sequence" if answer.stopped_at else "end_turn"
        message: dict[str, Any] = {
            "id": f"msg_{secrets.token_hex(12)}",
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [{"type": "text", "text": answer.text}] if answer.text else [],
            "stop_reason": reason,
            "stop_sequence": answer.stopped_at,
            "usage": {
                "input_tokens": conversation.tokens,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "output_tokens": answer.tokens,
                "service_tier": "standard",
            },
        }
        return Stream(_events(message, answer)) if body.get("stream") is True else json_answer(message)


def read_messages(body: dict[str, Any]) -> Conversation:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise WireFault(400, "messages: at least one message is required")
    instructions = _joined(body.get("system") or "", "system")[0]
    question, texts, pictures = "", [instructions] if instructions else [], tuple[bytes, ...]()
    for place, message in enumerate(messages):
        role = message.get("role") if isinstance(message, dict) else None
        if role not in ("user", "assistant"):
            raise WireFault(400, f"messages.{place}.role: Input should be 'user' or 'assistant'")
        text, seen = _joined(message.get("content"), f"messages.{place}.content")
        texts.append(text)
        if role == "user":
            question, pictures = text, seen
    return Conversation(question or texts[-1], instructions, "\n".join(texts), pictures)


def prompt_of(call: Asked) -> str:
    """For rules and the journal."""
    body = call.json()
    parts = [body.get("system"), *(message.get("content") for message in body.get("messages", ()))]
    blocks = [block for part in parts for block in (part if isinstance(part, list) else [{"text": part}])]
    return "\n".join(block["text"] for block in blocks if isinstance(block, dict) and isinstance(block.get("text"), str))


def _joined(content: object, where: str) -> tuple[str, tuple[bytes, ...]]:
    if isinstance(content, str):
        return content, ()
    if not isinstance(content, list) or not content:
        raise WireFault(400, f"{where}: Input should be a valid string or a list of blocks")
    texts, pictures = [], []
    for place, block in enumerate(content):
        match block:
            case {"type": "text", "text": str() as text}:
                texts.append(text)
            case {"type": "image", "source": {"type": "base64", "media_type": str() as kind, "data": str() as data}} if kind in _PICTURES:
                pictures.append(decode_picture(data))
            case {"type": "image"}:
                raise WireFault(400, f"{where}.{place}.image.source: only base64 images of a known type can be looked at here")
            case _:
                raise WireFault(400, f"{where}.{place}: Input should be a text or an image block")
    return "\n".join(texts), tuple(pictures)


def _stops(body: dict[str, Any]) -> tuple[str, ...]:
    stops = body.get("stop_sequences") or []
    if not isinstance(stops, list) or not all(isinstance(stop, str) and stop.strip() for stop in stops):
        raise WireFault(400, "stop_sequences: each stop sequence must contain non-whitespace")
    return tuple(stops)


def _check_sampling(body: dict[str, Any]) -> None:
    for name in ("temperature", "top_p"):
        value = body.get(name)
        if value is not None and (not isinstance(value, int | float) or not 0 <= value <= 1):
            raise WireFault(400, f"{name}: range: 0..1")
    for name in ("n", "seed", "response_format", "presence_penalty", "frequency_penalty"):
        if name in body:
            raise WireFault(400, f"{name}: Extra inputs are not permitted")


def _events(message: dict[str, Any], answer: Composed) -> Iterator[Event]:
    usage = {**message["usage"], "output_tokens": 1}
    yield _event("message_start", {"message": {**message, "content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}})
    yield _event("ping", {})
    if answer.text:
        yield _event("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}})
        for piece in tokens.pieces(answer.text):
            yield _event("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": piece}}, text=True)
        yield _event("content_block_stop", {"index": 0})
    delta = {"stop_reason": message["stop_reason"], "stop_sequence": message["stop_sequence"]}
    yield _event("message_delta", {"delta": delta, "usage": {"output_tokens": answer.tokens}})
    yield _event("message_stop", {})


def _event(name: str, members: dict[str, Any], *, text: bool = False) -> Event:
    return Event(b"event: " + name.encode() + b"\ndata: " + orjson.dumps({"type": name, **members}) + b"\n\n", text)
