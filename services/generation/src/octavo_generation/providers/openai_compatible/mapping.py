"""Our request in OpenAI's words, and its answer in ours (chat completions, as its API reference describes them)."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import orjson

from octavo_core.errors import ProviderError
from octavo_generation.providers.port import TextAnswer, TextPrompt


def to_wire(prompt: TextPrompt, model: str) -> dict[str, Any]:
    messages = [{"role": "system", "content": prompt.system}] if prompt.system else []
    body: dict[str, Any] = {"model": model, "messages": [*messages, {"role": "user", "content": prompt.prompt}]}
    for name in ("max_tokens", "temperature", "top_p", "seed"):
        value = getattr(prompt, name)
        if value is not None:
            body[name] = value
    return body


def from_wire(answer: dict[str, Any], *, provider: str, model: str) -> TextAnswer:
    """Raises `ProviderError` when the answer lacks what every answer has."""
    try:
        choice = answer["choices"][0]
        text = choice["message"]["content"]
    except (KeyError, IndexError, TypeError):
        text = None
    if not isinstance(text, str):
        raise ProviderError(f"{provider} answered without a message", provider=provider)
    usage: Any = answer.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    return TextAnswer(
        text=text,
        finish_reason=str(choice.get("finish_reason") or "stop"),
        prompt_tokens=usage.get("prompt_tokens"),
        completion_tokens=usage.get("completion_tokens"),
        model=str(answer.get("model") or model),
    )


def error_message(raw: bytes) -> str:
    """What the server says went wrong, at most 300 characters of it."""
    with contextlib.suppress(orjson.JSONDecodeError, AttributeError):
        error = orjson.loads(raw).get("error")
        message = error.get("message") if isinstance(error, dict) else error
        if isinstance(message, str):
            return message[:300]
    return raw[:300].decode("utf-8", "replace")


def retry_after_of(header: str | None) -> float | None:
    """Seconds; the header's other form, a date, is left to the back-off."""
    if header is None:
        return None
    with contextlib.suppress(ValueError):
        seconds = float(header)
        return None if math.isnan(seconds) else min(max(seconds, 0.0), 3_600.0)
    return None
