"""The calls of OpenAI's API over any wire that speaks it: Azure has other paths and headers, and the same bodies."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import orjson

from octavo_core.errors import ProviderRefused
from octavo_generation.providers.openai.dialect import Dialect
from octavo_generation.providers.openai.mapping import chat, images, moderations
from octavo_generation.providers.port import (
    ChatAnswer,
    ChatPrompt,
    DrawnImage,
    ImageAnswer,
    ImagePrompt,
    OnStage,
    OnText,
    Usage,
    Verdict,
)
from octavo_generation.providers.profile import ModelProfile
from octavo_generation.providers.wire import Wire, finish

Result = TypeVar("Result")


class Speaker:
    """What all of a model's calls share: the wire, closed once, and what is known of the server."""

    def __init__(self, *, name: str, model: str, profile: ModelProfile | None, wire: Wire, dialect: Dialect) -> None:
        self.name = name
        self.model = model
        self._profile = profile
        self._wire = wire
        self._dialect = dialect

    async def close(self) -> None:
        await self._wire.close()

    async def _corrected(self, ask: Callable[[Dialect], Awaitable[Result]]) -> Result:
        """Asks once; a second time only where the server refused a parameter that it can do without."""
        dialect = self._dialect
        try:
            return await ask(dialect)
        except ProviderRefused as refusal:
            better = dialect.corrected(refusal.message)
            if better == dialect:
                raise
        self._dialect = better
        return await ask(better)


class Chatting(Speaker):
    async def chat(self, prompt: ChatPrompt, on_text: OnText | None = None) -> ChatAnswer:
        async def ask(dialect: Dialect) -> ChatAnswer:
            body = chat.to_wire(prompt, model=self.model, profile=self._profile, limit_word=dialect.limit_word)
            if on_text is not None:
                return await self._stream(dialect.chat_path, chat.streamed(body, with_usage=dialect.stream_usage), on_text)
            return chat.from_wire(await self._wire.post_json(dialect.chat_path, body), provider=self.name, model=self.model)

        return await self._corrected(ask)

    async def _stream(self, path: str, body: dict[str, Any], on_text: OnText) -> ChatAnswer:
        chunks, ended = chat.Chunks(self.name, self.model), False
        async with contextlib.aclosing(self._wire.stream_events(path, body)) as events:
            async for event, data in events:
                if data.strip() == "[DONE]":
                    ended = True
                    await finish(events)
                    break
                parsed = self._wire.parse(data)
                status = chat.error_status(parsed)
                if status is not None:
                    raise self._wire.error(status, orjson.dumps(parsed))
                if event == "whole":
                    answer = chat.from_wire(parsed, provider=self.name, model=self.model)
                    on_text(answer.text)
                    return answer
                if piece := chunks.add(parsed):
                    on_text(piece)
        return chunks.answer(ended=ended)


class Drawing(Speaker):
    async def draw(self, prompt: ImagePrompt, on_stage: OnStage | None = None) -> ImageAnswer:
        """Several calls side by side where the model makes fewer pictures at once; when one fails, the others end with it."""
        counts = images.calls(prompt.count, self._profile.image if self._profile else None)
        done = 0

        async def one(count: int) -> ImageAnswer:
            nonlocal done
            answer = await self._draw(prompt, count)
            done += len(answer.images)
            if on_stage is not None and len(counts) > 1:
                on_stage(f"{done} of {prompt.count} pictures drawn", done / prompt.count)
            return answer

        return _joined(await _side_by_side([one(count) for count in counts]))

    async def _draw(self, prompt: ImagePrompt, count: int) -> ImageAnswer:
        image = self._profile.image if self._profile else None

        async def ask(dialect: Dialect) -> dict[str, Any]:
            body = images.to_wire(prompt, count, model=self.model, image=image, response_format=dialect.response_format)
            return await self._wire.post_json(dialect.images_path, body)

        answer = await self._corrected(ask)
        found = images.from_wire(answer, provider=self.name)
        drawn = await _side_by_side([self._fetch(item) for item in found])
        return ImageAnswer(tuple(drawn), str(answer.get("model") or self.model), images.usage_of(answer, len(drawn)))

    async def _fetch(self, item: DrawnImage | images.Linked) -> DrawnImage:
        if isinstance(item, DrawnImage):
            return item
        # Without our key: the address is a store's, and its signature is in it.
        body = (await self._wire.request("GET", item.url, authorised=False)).body
        return images.drawn(body, item.revised_prompt, provider=self.name)


class Moderating(Speaker):
    async def moderate(self, text: str) -> Verdict:
        own = self._profile is not None and "moderation" in self._profile.modalities and "chat" not in self._profile.modalities
        body = moderations.to_wire(text, model=self.model if own else moderations.LATEST)
        return moderations.from_wire(await self._wire.post_json(self._dialect.moderations_path, body), provider=self.name)


async def _side_by_side(calls: list[Coroutine[Any, Any, Result]]) -> list[Result]:
    """The results in the calls' order. The first error comes out as it is, and the other calls are cancelled."""
    if len(calls) == 1:
        return [await calls[0]]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(call) for call in calls]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


def _joined(answers: list[ImageAnswer]) -> ImageAnswer:
    first = answers[0]
    if len(answers) == 1:
        return first
    usages = [answer.usage for answer in answers]
    return ImageAnswer(
        tuple(image for answer in answers for image in answer.images),
        first.model,
        Usage(
            _sum([usage.prompt_tokens for usage in usages]),
            _sum([usage.completion_tokens for usage in usages]),
            sum(usage.images for usage in usages),
        ),
    )


def _sum(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None
