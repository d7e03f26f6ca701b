"""Chat completions: our conversation in OpenAI's words, and the answer, whole or as a stream of chunks, in ours."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any, Literal

from octavo_core.errors import Moderated, ProviderError
from octavo_generation.providers.port import ChatAnswer, ChatPrompt, Message, Usage
from octavo_generation.providers.profile import ModelProfile

LimitWord = Literal["max_tokens", "max_completion_tokens"]

_FINISHED = frozenset({"stop", "length", "content_filter"})
_EMPTY_IS_FINE = frozenset({"length", "content_filter"})
"""A reasoning model that used all its tokens to think, or a filter that took everything, leaves no text; any other end has one."""
_STATUSES = {
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "content_filter": 400,
    "content_policy_violation": 400,
    "invalid_request_error": 400,
}


def to_wire(prompt: ChatPrompt, *, model: str, profile: ModelProfile | None, limit_word: LimitWord) -> dict[str, Any]:
    """`limit_word` counts where there is no profile to say it. What the model refuses is left out."""
    refused = profile.refused if profile else frozenset()
    wanted: dict[str, Any] = {
        profile.token_parameter if profile else limit_word: prompt.max_tokens,
        "temperature": prompt.temperature,
        "top_p": prompt.top_p,
        "seed": prompt.seed,
        "stop": list(prompt.stop) or None,
        "presence_penalty": prompt.presence_penalty,
        "frequency_penalty": prompt.frequency_penalty,
        "response_format": {"type": "json_object"} if prompt.json_object else None,
        "user": prompt.user,
    }
    body: dict[str, Any] = {"model": model, "messages": [_message(message) for message in prompt.messages]}
    return body | {name: value for name, value in wanted.items() if value is not None and name not in refused}


def streamed(body: dict[str, Any], *, with_usage: bool) -> dict[str, Any]:
    return body | {"stream": True} | ({"stream_options": {"include_usage": True}} if with_usage else {})


def from_wire(answer: dict[str, Any], *, provider: str, model: str) -> ChatAnswer:
    """Raises `ProviderError` when the answer lacks what every answer has, `Moderated` when it is a refusal."""
    choice = _first(answer.get("choices"))
    message = choice.get("message")
    message = message if isinstance(message, dict) else {}
    text, reason = message.get("content"), _finish_reason(choice)
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal and not text:
        raise Moderated(f"{provider} refused this for its content: {refusal[:300]}")
    if text is None and reason in _EMPTY_IS_FINE and choice.get("finish_reason"):
        text = ""
    if not isinstance(text, str):
        raise ProviderError(f"{provider} answered without a message", provider=provider)
    return ChatAnswer(text, reason or "stop", usage_of(answer), str(answer.get("model") or model))


@dataclass(slots=True)
class Chunks:
    """A streamed answer while it comes. `add` gives the new piece of the text, which may be empty."""

    provider: str
    model: str
    pieces: list[str] = field(default_factory=list)
    refusal: list[str] = field(default_factory=list)
    finish_reason: str | None = None
    usage: Usage = field(default_factory=Usage)

    def add(self, chunk: dict[str, Any]) -> str:
        self.model = str(chunk.get("model") or self.model)
        if isinstance(chunk.get("usage"), dict):
            self.usage = usage_of(chunk)
        # The chunk with the usage, and Azure's first one with its verdict on the prompt, have no choices.
        choice = _first(chunk.get("choices"))
        self.finish_reason = _finish_reason(choice) or self.finish_reason
        delta = choice.get("delta")
        delta = delta if isinstance(delta, dict) else {}
        if isinstance(delta.get("refusal"), str):
            self.refusal.append(delta["refusal"])
        piece = delta.get("content")
        if not isinstance(piece, str) or not piece:
            return ""
        self.pieces.append(piece)
        return piece

    def answer(self, *, ended: bool) -> ChatAnswer:
        """`ended`: the stream said that it is over. Raises `ProviderError` for one that just stopped, which must not pass for whole."""
        if self.refusal and not self.pieces:
            raise Moderated(f"{self.provider} refused this for its content: {''.join(self.refusal)[:300]}")
        if not ended and self.finish_reason is None:
            raise ProviderError(f"{self.provider} answered with a stream that stopped in the middle", provider=self.provider)
        return ChatAnswer("".join(self.pieces), self.finish_reason or "stop", self.usage, self.model)


def error_status(chunk: dict[str, Any]) -> int | None:
    """The status that a whole answer would have had for what a chunk says went wrong; None for a chunk that is well."""
    error = chunk.get("error")
    if not error:
        return None
    told = [error.get("code"), error.get("type")] if isinstance(error, dict) else []
    for code in told:
        if isinstance(code, int) and 400 <= code < 600:
            return code
    return next((status for word, status in _STATUSES.items() if word in told), 500)


def usage_of(answer: dict[str, Any]) -> Usage:
    usage: Any = answer.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    prompt, completion, total = (_count(usage.get(name)) for name in ("prompt_tokens", "completion_tokens", "total_tokens"))
    if prompt is not None and completion is not None and total is not None:
        # xAI counts the tokens of thinking in the total only, and bills them as the answer's.
        completion = max(completion, total - prompt)
    return Usage(prompt, completion)


def _message(message: Message) -> dict[str, Any]:
    if not message.pictures:
        return {"role": message.role, "content": message.text}
    parts: list[dict[str, Any]] = [{"type": "text", "text": message.text}] if message.text else []
    for picture in message.pictures:
        url = f"data:{picture.media_type};base64,{base64.b64encode(picture.data).decode()}"
        parts.append({"type": "image_url", "image_url": {"url": url}})
    return {"role": message.role, "content": parts}


def _first(choices: Any) -> dict[str, Any]:
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else {}


def _finish_reason(choice: dict[str, Any]) -> str | None:
    """None while it goes on. What is neither cut nor filtered has stopped, whatever a server's own word for it is."""
    reason = choice.get("finish_reason")
    return None if not reason else reason if reason in _FINISHED else "stop"


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
