"""Our conversation in the words of the Messages API, and its answers and events in ours."""

from __future__ import annotations

import base64
import contextlib
from dataclasses import dataclass, field
from typing import Any

import orjson

from octavo_core.errors import ProviderError
from octavo_generation.providers.port import ChatAnswer, ChatPrompt, Message, Usage
from octavo_generation.providers.profile import ModelProfile

UNKNOWN_MODEL_MAX_TOKENS = 8_192
"""The API insists on a bound; every model since Claude 3.5 may answer so much."""
JSON_ONLY = "Answer with one JSON object and nothing else: no words around it, no code fence."

_FINISH_REASONS = {"max_tokens": "length", "model_context_window_exceeded": "length", "refusal": "content_filter"}
"""All others (end_turn, stop_sequence, …) are `stop`."""
_STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}


def to_wire(prompt: ChatPrompt, *, model: str, profile: ModelProfile | None) -> dict[str, Any]:
    """Left out: the seed and the penalties, which the API does not have, and what the model refuses."""
    refused = profile.refused if profile else frozenset()
    longest = profile.max_output_tokens if profile else None
    bounds = [bound for bound in (prompt.max_tokens, longest) if bound is not None]
    system = [message.text for message in prompt.messages if message.role == "system"] + ([JSON_ONLY] if prompt.json_object else [])
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": min(bounds, default=UNKNOWN_MODEL_MAX_TOKENS),
        "messages": [_message(message) for message in prompt.messages if message.role != "system"],
    }
    wanted: dict[str, Any] = {
        # Ours goes to 2, as OpenAI's does.
        "temperature": None if prompt.temperature is None else min(prompt.temperature, 1.0),
        # Newer models refuse both at once.
        "top_p": prompt.top_p if prompt.temperature is None or "temperature" in refused else None,
        # Sequences of spaces only are refused.
        "stop_sequences": None if "stop" in refused else [stop for stop in prompt.stop if stop.strip()] or None,
        "system": "\n\n".join(system) or None,
        "metadata": {"user_id": prompt.user} if prompt.user else None,
    }
    return body | {name: value for name, value in wanted.items() if value is not None and name not in refused}


def from_wire(answer: dict[str, Any], *, provider: str, model: str) -> ChatAnswer:
    """Raises `ProviderError` when the answer lacks what every answer has."""
    content = answer.get("content")
    if not isinstance(content, list):
        raise ProviderError(f"{provider} answered without a message", provider=provider)
    # Blocks of thinking stay with the upstream.
    texts = [block.get("text") for block in content if isinstance(block, dict) and block.get("type") == "text"]
    text = "".join(text for text in texts if isinstance(text, str))
    return ChatAnswer(text, _finish_reason(answer.get("stop_reason")), _usage(answer.get("usage")), str(answer.get("model") or model))


@dataclass(slots=True)
class Events:
    """A streamed answer while it comes. `add` gives the new piece of the text, which may be empty."""

    provider: str
    model: str
    pieces: list[str] = field(default_factory=list)
    stop_reason: str | None = None
    usage: Usage = field(default_factory=Usage)
    ended: bool = False

    def add(self, event: dict[str, Any]) -> str:
        """Kinds that are not known (pings, thinking, later inventions) say nothing, as the API asks."""
        kind = event.get("type")
        if kind == "message_start":
            message = _dict(event.get("message"))
            self.model = str(message.get("model") or self.model)
            self.usage = _usage(message.get("usage"))
        elif kind == "message_delta":
            reason = _dict(event.get("delta")).get("stop_reason")
            self.stop_reason = reason if isinstance(reason, str) else self.stop_reason
            # Both counts are of the whole answer so far; the first may be left out here.
            now = _usage(event.get("usage"))
            self.usage = Usage(
                self.usage.prompt_tokens if now.prompt_tokens is None else now.prompt_tokens,
                self.usage.completion_tokens if now.completion_tokens is None else now.completion_tokens,
            )
        elif kind == "message_stop":
            self.ended = True
        elif kind == "content_block_delta":
            delta = _dict(event.get("delta"))
            piece = delta.get("text")
            if delta.get("type") == "text_delta" and isinstance(piece, str) and piece:
                self.pieces.append(piece)
                return piece
        return ""

    def answer(self) -> ChatAnswer:
        """Raises `ProviderError` for a stream that just stopped, which must not pass for a whole answer."""
        if not self.ended and self.stop_reason is None:
            raise ProviderError(f"{self.provider} answered with a stream that stopped in the middle", provider=self.provider)
        return ChatAnswer("".join(self.pieces), _finish_reason(self.stop_reason), self.usage, self.model)


def error_status(event: dict[str, Any]) -> int | None:
    """The status that a whole answer would have had for an `error` event; None for every other."""
    return _STATUSES.get(str(_dict(event.get("error")).get("type")), 500) if event.get("type") == "error" else None


def unfenced(text: str) -> str:
    """A JSON object without the code fence that models like to put around it."""
    stripped = text.strip()
    if stripped.startswith("```") and stripped.endswith("```") and "\n" in stripped:
        return stripped[:-3].partition("\n")[2].strip()
    return text


def is_content_refusal(status: int, body: bytes) -> bool:
    """The model's own refusal is no error but a `stop_reason`; this is the filter before it."""
    return status == 400 and "content filtering policy" in _sentence(body)


def is_final(status: int, body: bytes) -> bool:
    """A spending limit that the account has set: 429, and no use to wait for."""
    return status == 429 and ("spend limit" in _sentence(body) or b"enforced_spend_limit_reached" in body)


def _sentence(body: bytes) -> str:
    with contextlib.suppress(orjson.JSONDecodeError):
        message = _dict(_dict(orjson.loads(body)).get("error")).get("message")
        return message.casefold() if isinstance(message, str) else ""
    return ""


def _message(message: Message) -> dict[str, Any]:
    if not message.pictures:
        return {"role": message.role, "content": message.text}
    # Pictures before the words that are about them, as the vendor advises.
    parts: list[dict[str, Any]] = [
        {
            "type": "image",
            "source": {"type": "base64", "media_type": picture.media_type, "data": base64.b64encode(picture.data).decode()},
        }
        for picture in message.pictures
    ]
    return {"role": message.role, "content": [*parts, *([{"type": "text", "text": message.text}] if message.text else [])]}


def _finish_reason(stop_reason: Any) -> str:
    return _FINISH_REASONS.get(str(stop_reason), "stop")


def _usage(usage: Any) -> Usage:
    counts = _dict(usage)
    prompt = [counts.get(name) for name in ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")]
    known = [count for count in prompt if isinstance(count, int)]
    completion = counts.get("output_tokens")
    return Usage(sum(known) if known else None, completion if isinstance(completion, int) else None)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
