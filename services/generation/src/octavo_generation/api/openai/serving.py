"""What the routes do: a request in OpenAI's words in, jobs, an answer in OpenAI's words out. Errors are answers too."""

from __future__ import annotations

import functools
import time
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import Any, Protocol

import orjson
from starlette.requests import Request
from starlette.responses import Response
from structlog.contextvars import get_contextvars

from octavo_core.errors import OctavoError
from octavo_core.identity import Principal
from octavo_core.ids import generate_uuid
from octavo_generation.api import bodies
from octavo_generation.api.admission import MAX_BATCH
from octavo_generation.api.openai import models
from octavo_generation.api.openai.answers import ChatWire, CompletionWire, Wire, images_body
from octavo_generation.api.openai.caller import Caller
from octavo_generation.api.openai.calls import Calls, Done
from octavo_generation.api.openai.errors import Refused, error_response
from octavo_generation.api.openai.payloads import chat_payload, check_length, completion_payload, hash_of, image_payload
from octavo_generation.api.openai.pictures import pictures_at
from octavo_generation.api.openai.requests import (
    ChatMessage,
    ChatRequest,
    CompletionRequest,
    ImagesRequest,
    OpenAIRequest,
    TextAsked,
    parse,
)
from octavo_generation.api.openai.streaming import streamed
from octavo_generation.api.services import JobServices
from octavo_generation.generator import Generator
from octavo_generation.providers.port import Message
from octavo_generation.uploads.limits import UploadLimits
from octavo_jobs.model import NewJob


class Admit(Protocol):
    """Asked before jobs are made: `count` of them, with what the person wrote. Raises `Throttled`, `Moderated`."""

    async def __call__(self, principal: Principal, texts: Sequence[str], count: int) -> None: ...


_Route = Callable[["OpenAI", Request], Awaitable[Response]]


def _answers_errors(route: _Route) -> _Route:
    @functools.wraps(route)
    async def answered(self: OpenAI, request: Request) -> Response:
        try:
            return await route(self, request)
        except OctavoError as error:
            return error_response(error)

    return answered


class OpenAI:
    """Of one generator; any number of calls at once. The routes never raise an `OctavoError`; a caller who has gone away comes out as
    `ClientDisconnect`, and whatever job it left is cancelled (`calls`)."""

    def __init__(
        self,
        generator: Generator,
        services: JobServices,
        *,
        admit: Admit | None = None,
        uploads: UploadLimits | None = None,
    ) -> None:
        self._generator = generator
        self._calls = Calls(services, max_queued=generator.resource.spec.jobs.max_queued)
        self._admit = admit
        self._uploads = uploads or UploadLimits()
        spec = generator.resource.spec
        self._draws = spec.task == "image"
        # A model that only translates must be told into which language, for which a chat has no word.
        self._chats = not self._draws and not (spec.task == "translation" and spec.engine is not None)
        self._models = models.models(generator)

    @_answers_errors
    async def chat(self, request: Request) -> Response:
        """POST /v1/chat/completions."""
        principal = await self._talking(request)
        asked = parse(ChatRequest, await bodies.read_json(request))
        check_length(self._generator, [message.text for message in asked.messages], "messages")
        messages = await self._messages(asked.messages)
        payloads = [chat_payload(self._generator, asked, messages, owner=principal.user, choice=choice) for choice in range(asked.n)]
        jobs = await self._new_jobs(request, principal, asked, payloads, [message.text for message in messages])
        return await self._text(request, jobs, ChatWire(f"chatcmpl-{jobs[0].id}", *self._facts(asked)), stream=asked.stream)

    @_answers_errors
    async def complete(self, request: Request) -> Response:
        """POST /v1/completions."""
        principal = await self._talking(request)
        asked = parse(CompletionRequest, await bodies.read_json(request))
        check_length(self._generator, asked.prompt, "prompt")
        if len(asked.prompt) * asked.n > MAX_BATCH:
            raise Refused(f"prompts times n must be at most {MAX_BATCH}", param="n", code="invalid_value")
        payloads = [
            completion_payload(self._generator, asked, prompt, owner=principal.user, choice=choice)
            for prompt in asked.prompt
            for choice in range(asked.n)
        ]
        jobs = await self._new_jobs(request, principal, asked, payloads, asked.prompt)
        return await self._text(request, jobs, CompletionWire(f"cmpl-{jobs[0].id}", *self._facts(asked)), stream=asked.stream)

    @_answers_errors
    async def draw(self, request: Request) -> Response:
        """POST /v1/images/generations."""
        principal = await self._principal(request)
        if not self._draws:
            raise self._other_task("draw pictures")
        asked = parse(ImagesRequest, await bodies.read_json(request))
        check_length(self._generator, [asked.prompt], "prompt")
        jobs = await self._new_jobs(
            request, principal, asked, [image_payload(self._generator, asked, owner=principal.user)], [asked.prompt]
        )
        done = (await self._ends(request, jobs))[0]
        base_url = f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"
        return _json(orjson.dumps(images_body(done, created=int(time.time()), form=asked.response_format, base_url=base_url)))

    @_answers_errors
    async def list_models(self, request: Request) -> Response:
        """GET /v1/models."""
        await self._principal(request)
        return _json(orjson.dumps({"object": "list", "data": self._models}))

    @_answers_errors
    async def read_model(self, request: Request) -> Response:
        """GET /v1/models/{id}."""
        await self._principal(request)
        wanted = request.path_params["model"]
        found = next((model for model in self._models if model["id"] == wanted), None)
        if found is None:
            raise Refused("this generator has no such model", param="model", code="model_not_found", status=404)
        return _json(orjson.dumps(found))

    async def _principal(self, request: Request) -> Principal:
        return await self._generator.principal(request.headers.get("authorization"))

    async def _talking(self, request: Request) -> Principal:
        principal = await self._principal(request)
        if not self._chats:
            raise self._other_task("write texts")
        return principal

    def _other_task(self, wanted: str) -> Refused:
        spec = self._generator.resource.spec
        message = f"this generator does not {wanted}; its task is {spec.task}"
        return Refused(message, param="model", code="model_not_found", status=404)

    async def _messages(self, given: Sequence[ChatMessage]) -> list[Message]:
        urls = [(url, f"messages[{at}].content") for at, message in enumerate(given) for url in message.picture_urls]
        pictures = iter(await pictures_at(urls, self._uploads) if urls else ())
        return [
            # `developer` is OpenAI's newer name for the same thing.
            Message("system" if m.role == "developer" else m.role, m.text, tuple(islice(pictures, len(m.picture_urls))))
            for m in given
        ]

    async def _new_jobs(
        self, request: Request, principal: Principal, asked: OpenAIRequest, payloads: Sequence[dict[str, Any]], texts: Sequence[str]
    ) -> list[NewJob]:
        """One for each payload."""
        key = bodies.read_idempotency_key(request)
        if self._admit is not None:
            await self._admit(principal, texts, len(payloads))
        body_hash = None if key is None else hash_of(asked)
        return [
            NewJob(
                id=generate_uuid(),
                queue=self._generator.name,
                owner=principal.user,
                request=orjson.dumps(payload).decode(),
                correlation_id=str(get_contextvars().get("correlation_id")),
                policy=self._generator.policy,
                idempotency_key=None if key is None else key if len(payloads) == 1 else f"{key}#{index}",
                body_hash=body_hash,
            )
            for index, payload in enumerate(payloads)
        ]

    async def _text(self, request: Request, jobs: Sequence[NewJob], wire: Wire, *, stream: bool) -> Response:
        if stream:
            return await streamed(self._calls, jobs, wire, request.receive)
        return _json(wire.whole(await self._ends(request, jobs)))

    async def _ends(self, request: Request, jobs: Sequence[NewJob]) -> list[Done]:
        async with self._calls.accepted(jobs) as calls, Caller(request.receive):
            return [await call.end() for call in calls]

    def _facts(self, asked: TextAsked) -> tuple[int, str, bool]:
        return int(time.time()), str(self._models[0]["id"]), asked.include_usage


def _json(body: bytes) -> Response:
    return Response(body, headers={"x-request-id": str(get_contextvars().get("correlation_id"))}, media_type="application/json")
