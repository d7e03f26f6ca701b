"""Chat completions in OpenAI's dialect: the body read and checked, the answer whole or as a stream."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from octavo_fakes import tokens
from octavo_fakes.answer import JSON, Answer, Event, Stream
from octavo_fakes.call import WireFault
from octavo_fakes.pictures import Pictures
from octavo_fakes.stage import Asked, Turn
from octavo_fakes.vendors.composing import Composed, Conversation, Form, bound, compose, decode_picture
from octavo_fakes.vendors.openai import OpenAI

_ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_REASONING = re.compile(r"o\d|gpt-[5-9]")
"""These take max_completion_tokens only."""
_FIXED = re.compile(r"(?:o\d|gpt-5)(?:-|$)")
"""These take no temperature and no top_p but 1."""
_DONE = Event(b"data: [DONE]\n\n")


@dataclass(frozen=True, slots=True)
class ChatBody:
    model: str
    conversation: Conversation
    n: int
    max_tokens: int | None
    stops: tuple[str, ...]
    seed: int
    form: Form
    stream: bool
    include_usage: bool


class Chat:
    def __init__(self, dialect: OpenAI, pictures: Pictures) -> None:
        self._dialect = dialect
        self._pictures = pictures

    async def answer(self, turn: Turn) -> Answer | Stream:
        body = read_chat(turn.call, self._dialect)
        if turn.refusal is True or turn.refusal == "error":
            raise self._dialect.chat_refusal(body.model)
        filtered = turn.refusal == "answer"
        answers = []
        for index in range(body.n):
            if filtered:
                answers.append(Composed("", False, None, 0))
                continue
            text = await compose(body.conversation, self._pictures, seed=body.seed + index, form=body.form, text=turn.text)
            answers.append(bound(text, max_tokens=body.max_tokens, stops=body.stops))
        answer_id = f"chatcmpl-{secrets.token_hex(15)[:29]}"
        if body.stream:
            return Stream(self._events(answer_id, body, answers, filtered=filtered))
        extras = self._dialect.choice_extras()
        whole = {
            "id": answer_id,
            "object": "chat.completion",
            "created": int(time.time()),
            "model": body.model,
            "choices": [
                {
                    "index": index,
                    "message": {"role": "assistant", "content": one.text, "refusal": None, "annotations": []},
                    "logprobs": None,
                    "finish_reason": _finish(one, filtered=filtered),
                    **extras,
                }
                for index, one in enumerate(answers)
            ],
            "usage": _usage(body, answers),
            "service_tier": self._dialect.service_tier,
            "system_fingerprint": self._dialect.fingerprint,
            **self._dialect.answer_extras(),
        }
        return Answer(200, orjson.dumps(whole), JSON)

    def _events(self, answer_id: str, body: ChatBody, answers: list[Composed], *, filtered: bool) -> Iterator[Event]:
        base: dict[str, Any] = {
            "id": answer_id,
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": body.model,
            "service_tier": self._dialect.service_tier,
            "system_fingerprint": self._dialect.fingerprint,
        }
        if body.include_usage:
            base["usage"] = None
        if opening := self._dialect.answer_extras():
            yield _event({**base, "choices": [], **opening})
        for index in range(len(answers)):
            yield _event({**base, "choices": [_delta(index, {"role": "assistant", "content": "", "refusal": None})]})
        extras = self._dialect.choice_extras()
        for index, piece in _in_turns(answers):
            yield _event({**base, "choices": [{**_delta(index, {"content": piece}), **extras}]}, text=True)
        for index, one in enumerate(answers):
            yield _event({**base, "choices": [_delta(index, {}, _finish(one, filtered=filtered))]})
        if body.include_usage:
            yield _event({**base, "choices": [], "usage": _usage(body, answers)})
        yield _DONE


def read_chat(call: Asked, dialect: OpenAI) -> ChatBody:
    """Raises `WireFault` for what the vendor would refuse."""
    body = call.json()
    model = call.model
    if not model:
        raise WireFault(400, "The request has no model.", param="model")
    dialect.check_chat_model(model)
    conversation = read_messages(body)
    n = _whole(body, "n", 1, 128) or 1
    max_tokens = _whole(body, "max_completion_tokens", 1, 10_000_000)
    if (plain := _whole(body, "max_tokens", 1, 10_000_000)) is not None:
        if _REASONING.match(model):
            raise _unsupported("max_tokens", "Give 'max_completion_tokens' in its place.")
        max_tokens = plain if max_tokens is None else max_tokens
    _number(body, "temperature", 0, 2)
    _number(body, "top_p", 0, 1)
    _number(body, "presence_penalty", -2, 2)
    _number(body, "frequency_penalty", -2, 2)
    if _FIXED.match(model):
        for name in ("temperature", "top_p"):
            if body.get(name) not in (None, 1, 1.0):
                raise WireFault(400, f"Unsupported value: '{name}' can only be 1 with this model.", "unsupported_value", name)
    stream = body.get("stream") is True
    options = body.get("stream_options")
    if options is not None and not stream:
        raise WireFault(400, "'stream_options' is only allowed with 'stream'.", param="stream_options")
    return ChatBody(
        model=model,
        conversation=conversation,
        n=n,
        max_tokens=max_tokens,
        stops=_stops(body, model),
        seed=_whole(body, "seed", -(1 << 63), (1 << 63) - 1) or 0,
        form=_form(body, conversation),
        stream=stream,
        include_usage=isinstance(options, dict) and options.get("include_usage") is True,
    )


def read_messages(body: dict[str, Any]) -> Conversation:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise WireFault(400, "'messages' must be an array with at least one message.", param="messages")
    instructions, question, texts, pictures = "", "", [], tuple[bytes, ...]()
    for place, message in enumerate(messages):
        role = message.get("role") if isinstance(message, dict) else None
        if role not in _ROLES:
            raise WireFault(400, "A message needs one of the known roles.", "invalid_value", f"messages[{place}].role")
        text, seen = _content(message, place)
        texts.append(text)
        if role == "user":
            question, pictures = text, seen
        elif role in ("system", "developer"):
            instructions += text
    return Conversation(question or texts[-1], instructions, "\n".join(texts), pictures)


def prompt_of(call: Asked) -> str:
    """For rules and the journal; an image's prompt too."""
    body = call.json()
    if isinstance(messages := body.get("messages"), list):
        found: list[str] = []
        for message in messages:
            content = message.get("content")
            parts = content if isinstance(content, list) else [{"text": content}]
            found.extend(part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str))
        return "\n".join(found)
    prompt = body.get("prompt") or body.get("input")
    return prompt if isinstance(prompt, str) else "\n".join(part for part in prompt or () if isinstance(part, str))


def model_of(call: Asked) -> str:
    model = call.json().get("model")
    return model if isinstance(model, str) else ""


def _content(message: dict[str, Any], place: int) -> tuple[str, tuple[bytes, ...]]:
    content = message.get("content")
    if isinstance(content, str):
        return content, ()
    if content is None and message["role"] in ("assistant", "tool", "function"):
        return "", ()
    where = f"messages[{place}].content"
    if not isinstance(content, list) or not content:
        raise WireFault(400, "The content of a message is a string or an array of parts.", "invalid_type", where)
    texts, pictures = [], []
    for part in content:
        kind = part.get("type") if isinstance(part, dict) else None
        if kind == "text" and isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif kind == "image_url" and isinstance(part.get("image_url"), dict):
            pictures.append(_picture(part["image_url"].get("url")))
        else:
            raise WireFault(400, "A part of a message is of no known type.", "invalid_value", where)
    return "\n".join(texts), tuple(pictures)


def _picture(url: object) -> bytes:
    head, comma, encoded = url.partition(",") if isinstance(url, str) else ("", "", "")
    if not comma or not head.startswith("data:image/") or not head.endswith(";base64"):
        # The vendor would fetch it; a server of samples fetches nothing from anywhere.
        raise WireFault(400, "Only images within the request can be looked at here (data:image/…;base64,…).", "invalid_image_url")
    return decode_picture(encoded)


def _form(body: dict[str, Any], conversation: Conversation) -> Form:
    asked = body.get("response_format")
    match asked:
        case None | {"type": "text"}:
            return Form()
        case {"type": "json_object"}:
            if "json" not in conversation.text.casefold():
                raise WireFault(400, "'messages' must hold the word 'json' where response_format is json_object.", param="messages")
            return Form(json_object=True)
        case {"type": "json_schema", "json_schema": {"schema": dict() as schema}}:
            return Form(json_object=True, schema=schema)
    raise WireFault(400, "'response_format' is of no known type.", "invalid_value", "response_format")


def _stops(body: dict[str, Any], model: str) -> tuple[str, ...]:
    stop = body.get("stop")
    if stop is None:
        return ()
    if re.match(r"o[34]", model):
        raise _unsupported("stop", "This model stops by itself.")
    stops = [stop] if isinstance(stop, str) else stop
    if not isinstance(stops, list) or len(stops) > 4 or not all(isinstance(one, str) for one in stops):
        raise WireFault(400, "'stop' is a string, or at most 4 of them.", "invalid_type", "stop")
    return tuple(stops)


def _unsupported(name: str, advice: str) -> WireFault:
    return WireFault(400, f"Unsupported parameter: '{name}' is not supported with this model. {advice}", "unsupported_parameter", name)


def _whole(body: dict[str, Any], name: str, least: int, most: int) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise WireFault(400, f"'{name}' must be an integer.", "invalid_type", name)
    if not least <= value <= most:
        code = "integer_below_min_value" if value < least else "integer_above_max_value"
        raise WireFault(400, f"'{name}' must be between {least} and {most}.", code, name)
    return value


def _number(body: dict[str, Any], name: str, least: float, most: float) -> None:
    value = body.get(name)
    if value is None:
        return
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise WireFault(400, f"'{name}' must be a number.", "invalid_type", name)
    if not least <= value <= most:
        code = "decimal_below_min_value" if value < least else "decimal_above_max_value"
        raise WireFault(400, f"'{name}' must be between {least} and {most}.", code, name)


def _finish(one: Composed, *, filtered: bool) -> str:
    return "content_filter" if filtered else "length" if one.is_cut else "stop"


def _usage(body: ChatBody, answers: list[Composed]) -> dict[str, Any]:
    prompt, completion = body.conversation.tokens, sum(one.tokens for one in answers)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _in_turns(answers: list[Composed]) -> Iterator[tuple[int, str]]:
    """A piece of each choice after the other, as choices come that are made side by side."""
    lists = [tokens.pieces(one.text) for one in answers]
    for place in range(max(map(len, lists), default=0)):
        for index, pieces in enumerate(lists):
            if place < len(pieces):
                yield index, pieces[place]


def _delta(index: int, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}


def _event(chunk: dict[str, Any], *, text: bool = False) -> Event:
    return Event(b"data: " + orjson.dumps(chunk) + b"\n\n", text)
