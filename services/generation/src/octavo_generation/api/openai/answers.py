"""Answers as OpenAI's API gives them: whole, and in chunks. Pure.

A stream is: a chunk with the role, chunks with text, a chunk with the finish reason, with `include_usage` a chunk without choices,
then `[DONE]`. All chunks have the id of the first job. Until the end the model is the one that is asked first; the last chunks name the
one that answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import orjson

from octavo_generation.api.openai.calls import Done

DONE = b"data: [DONE]\n\n"
_REASONS = frozenset({"stop", "length", "content_filter"})


@dataclass(frozen=True, slots=True)
class ChatWire:
    """chat.completions."""

    id: str
    created: int
    model: str
    include_usage: bool

    def whole(self, done: list[Done]) -> bytes:
        choices = [
            {
                "index": index,
                "message": {"role": "assistant", "content": one["result"]["text"], "refusal": None},
                "logprobs": None,
                "finish_reason": finish_reason(one),
            }
            for index, one in enumerate(done)
        ]
        return _whole(self, "chat.completion", choices, done)

    def opening(self, index: int) -> bytes:
        return self._chunk(index, {"role": "assistant", "content": "", "refusal": None}, None, self.model)

    def piece(self, index: int, text: str) -> bytes:
        return self._chunk(index, {"content": text}, None, self.model)

    def closing(self, index: int, done: Done) -> bytes:
        return self._chunk(index, {}, finish_reason(done), _model(self, done))

    def usage(self, done: list[Done]) -> bytes:
        return _usage_chunk(self, "chat.completion.chunk", done)

    def _chunk(self, index: int, delta: dict[str, Any], reason: str | None, model: str) -> bytes:
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}
        return _chunk(self, "chat.completion.chunk", choice, model)


@dataclass(frozen=True, slots=True)
class CompletionWire:
    """The older completions, whose chunks are small completions themselves."""

    id: str
    created: int
    model: str
    include_usage: bool

    def whole(self, done: list[Done]) -> bytes:
        choices = [_text_choice(index, one["result"]["text"], finish_reason(one)) for index, one in enumerate(done)]
        return _whole(self, "text_completion", choices, done)

    def opening(self, index: int) -> bytes:
        return b""

    def piece(self, index: int, text: str) -> bytes:
        return _chunk(self, "text_completion", _text_choice(index, text, None), self.model)

    def closing(self, index: int, done: Done) -> bytes:
        return _chunk(self, "text_completion", _text_choice(index, "", finish_reason(done)), _model(self, done))

    def usage(self, done: list[Done]) -> bytes:
        return _usage_chunk(self, "text_completion", done)


Wire = ChatWire | CompletionWire


def finish_reason(done: Done) -> str:
    """One of OpenAI's words."""
    reason = done["result"].get("finish_reason")
    return reason if reason in _REASONS else "stop"


def usage_of(done: list[Done]) -> dict[str, int]:
    """Of all choices together; what an upstream does not say counts as none."""
    prompt, completion = (sum((one.get("usage") or {}).get(key) or 0 for one in done) for key in ("prompt_tokens", "completion_tokens"))
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def images_body(done: Done, *, created: int, form: Literal["url", "b64_json"] | None, base_url: str) -> dict[str, Any]:
    """`form` None: whichever there is. `base_url` makes whole addresses of paths."""
    data = []
    for image in done["result"]["images"]:
        url, b64 = image.get("path"), image.get("b64_json")
        given: dict[str, Any] = {}
        if b64 is not None and (form == "b64_json" or url is None):
            given["b64_json"] = b64
        elif url is not None:
            given["url"] = base_url + url if url.startswith("/") else url
        if image.get("revised_prompt"):
            given["revised_prompt"] = image["revised_prompt"]
        data.append(given)
    return {"created": created, "data": data}


def _model(wire: Wire, done: Done) -> str:
    return str((done.get("provider") or {}).get("model") or wire.model)


def _text_choice(index: int, text: str, reason: str | None) -> dict[str, Any]:
    return {"index": index, "text": text, "logprobs": None, "finish_reason": reason}


def _whole(wire: Wire, kind: str, choices: list[dict[str, Any]], done: list[Done]) -> bytes:
    body = {"id": wire.id, "object": kind, "created": wire.created, "model": _model(wire, done[0])}
    return orjson.dumps({**body, "choices": choices, "usage": usage_of(done), "system_fingerprint": None})


def _chunk(wire: Wire, kind: str, choice: dict[str, Any], model: str) -> bytes:
    chunk = {"id": wire.id, "object": kind, "created": wire.created, "model": model, "system_fingerprint": None, "choices": [choice]}
    if wire.include_usage:
        chunk["usage"] = None
    return b"data: " + orjson.dumps(chunk) + b"\n\n"


def _usage_chunk(wire: Wire, kind: str, done: list[Done]) -> bytes:
    chunk = {"id": wire.id, "object": kind, "created": wire.created, "model": _model(wire, done[0]), "choices": [], "usage": usage_of(done)}
    return b"data: " + orjson.dumps(chunk) + b"\n\n"
