"""From a request in OpenAI's words to the payload of a job. Pure.

A conversation is `{"chat": {…}}` with absent keys left out, and `"stream": true` beside it where the caller follows the text as it
comes. Where the generator runs a model of its own, which goes on from one prompt, the payload also is what the generator's task makes
of the last message of the user's.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Any

import orjson
from pydantic import ValidationError

from octavo_core.errors import InvalidInput
from octavo_generation.api import bodies
from octavo_generation.api.openai.errors import Refused
from octavo_generation.api.openai.requests import ChatRequest, CompletionRequest, ImagesRequest, OpenAIRequest, TextAsked
from octavo_generation.generator import Generator
from octavo_generation.providers.port import Message

_SEEDS = 2**32
_NOT_OF_ENGINES = ("stop", "presence_penalty", "frequency_penalty", "json_object")


def check_length(generator: Generator, texts: Sequence[str], param: str) -> None:
    """Raises `Refused` in the words by which clients know a conversation that has become too long."""
    chars, most = sum(map(len, texts)), generator.resource.spec.limits.max_prompt_chars
    if chars > most:
        raise Refused(f"the prompt has {chars} characters; this generator takes {most}", param=param, code="context_length_exceeded")


def chat_payload(generator: Generator, asked: ChatRequest, messages: Sequence[Message], *, owner: str, choice: int) -> dict[str, Any]:
    chat = _chat(generator, asked, messages, owner=owner, choice=choice)
    if asked.most_tokens is not None:
        chat["max_tokens"] = asked.most_tokens
    if asked.json_object:
        chat["json_object"] = True
    return _payload(generator, chat, messages, "messages", stream=asked.stream)


def completion_payload(generator: Generator, asked: CompletionRequest, prompt: str, *, owner: str, choice: int) -> dict[str, Any]:
    messages = (Message("user", prompt),)
    chat = _chat(generator, asked, messages, owner=owner, choice=choice)
    if asked.max_tokens is not None:
        chat["max_tokens"] = asked.max_tokens
    return _payload(generator, chat, messages, "prompt", stream=asked.stream)


def image_payload(generator: Generator, asked: ImagesRequest, *, owner: str) -> dict[str, Any]:
    """What the task makes of it. Raises `Refused` for what no provider of the generator can draw."""
    body: dict[str, Any] = {"prompt": asked.prompt, "num_images": asked.n}
    for name in ("size", "quality", "style", "response_format"):
        value = getattr(asked, name)
        if value not in (None, "auto"):
            body[name] = value
    if asked.user:
        body["user"] = hashed_user(generator, owner, asked.user)
    for provider in generator.resource.spec.providers or ():
        if asked.model is not None and asked.model in (provider.name, provider.model):
            # Several models behind one generator, and the caller named one of them.
            body["provider"] = provider.name
            break
    return _of_task(generator, body, {"num_images": "n"})


def hash_of(asked: OpenAIRequest) -> str:
    """The same request in another spelling is the same request, also after an edit of the generator."""
    return hashlib.sha256(orjson.dumps(asked.model_dump(exclude_none=True), option=orjson.OPT_SORT_KEYS)).hexdigest()


def hashed_user(generator: Generator, owner: str, user: str) -> str:
    """What an upstream may see of `user`: the same for the same user of the same caller, and nobody's name or address."""
    return hashlib.sha256("\0".join((generator.name, owner, user)).encode()).hexdigest()[:32]


def _chat(generator: Generator, asked: TextAsked, messages: Sequence[Message], *, owner: str, choice: int) -> dict[str, Any]:
    chat: dict[str, Any] = {"messages": [_message(message) for message in messages]}
    for name in ("temperature", "top_p", "presence_penalty", "frequency_penalty"):
        value = getattr(asked, name)
        if value is not None:
            chat[name] = value
    if asked.seed is not None:
        # The same seed would give the same answer `n` times.
        chat["seed"] = asked.seed + choice
    if asked.stop:
        chat["stop"] = list(asked.stop)
    if asked.user:
        chat["user"] = hashed_user(generator, owner, asked.user)
    return chat


def _message(message: Message) -> dict[str, Any]:
    plain: dict[str, Any] = {"role": message.role, "text": message.text}
    if message.pictures:
        plain["pictures"] = [{"data": base64.b64encode(p.data).decode(), "media_type": p.media_type} for p in message.pictures]
    return plain


def _payload(generator: Generator, chat: dict[str, Any], messages: Sequence[Message], param: str, *, stream: bool) -> dict[str, Any]:
    payload: dict[str, Any] = {"chat": chat}
    if generator.resource.spec.engine is not None:
        payload = _for_engine(generator, chat, messages, param) | payload
    if stream:
        payload["stream"] = True
    return payload


def _for_engine(generator: Generator, chat: dict[str, Any], messages: Sequence[Message], param: str) -> dict[str, Any]:
    for name in _NOT_OF_ENGINES:
        if name in chat:
            asked = "response_format" if name == "json_object" else name
            raise Refused(f"this generator's own model does not support {asked}", param=asked, code="unsupported_parameter")
    if any(message.pictures for message in messages):
        raise Refused("this generator's own model does not look at pictures", param=param, code="unsupported_parameter")
    prompt = next((message.text for message in reversed(messages) if message.role == "user"), "")
    body: dict[str, Any] = {"prompt": prompt}
    if "max_tokens" in chat:
        body["max_tokens"] = chat["max_tokens"]
    if "seed" in chat:
        body["seed"] = chat["seed"] % _SEEDS
    payload = _of_task(generator, body, {"prompt": param})
    sampling = dict(payload.get("sampling") or {}) | {name: chat[name] for name in ("max_tokens", "temperature", "top_p") if name in chat}
    return payload | {"sampling": sampling} if sampling else payload


def _of_task(generator: Generator, body: dict[str, Any], params: dict[str, str]) -> dict[str, Any]:
    """Through the task's own request, so that its rules hold here too; a fault names our caller's parameter."""
    try:
        request = generator.task.request.model_validate(body)
        return generator.task.prepare(request, generator.resource.spec)
    except ValidationError as error:
        refused = bodies.refused(error)
    except InvalidInput as error:
        refused = error
    fault = refused.faults[0] if refused.faults else None
    raise Refused(
        refused.message if fault is None else fault.message + (f"; allowed: {fault.allowed}" if fault.allowed else ""),
        param=None if fault is None else params.get(fault.path, fault.path),
        code="invalid_value",
    )
