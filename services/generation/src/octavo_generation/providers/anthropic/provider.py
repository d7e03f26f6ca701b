"""Client and mapping, put together as the chat port asks."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import orjson

from octavo_generation.providers.anthropic import mapping
from octavo_generation.providers.anthropic.client import open_wire
from octavo_generation.providers.opening import Opening
from octavo_generation.providers.port import ChatAnswer, ChatPrompt, OnText
from octavo_generation.providers.profile import ModelProfile
from octavo_generation.providers.wire import Wire, finish

_PATH = "/v1/messages"


class AnthropicProvider:
    def __init__(self, *, name: str, model: str, profile: ModelProfile | None, wire: Wire) -> None:
        self.name = name
        self.model = model
        self._profile = profile
        self._wire = wire

    async def chat(self, prompt: ChatPrompt, on_text: OnText | None = None) -> ChatAnswer:
        """A JSON object comes in one piece: only whole can it be freed of the fence that a model may put around it."""
        body = mapping.to_wire(prompt, model=self.model, profile=self._profile)
        if on_text is not None and not prompt.json_object:
            return await self._stream(body, on_text)
        answer = mapping.from_wire(await self._wire.post_json(_PATH, body), provider=self.name, model=self.model)
        if prompt.json_object:
            answer = replace(answer, text=mapping.unfenced(answer.text))
        if on_text is not None:
            on_text(answer.text)
        return answer

    async def close(self) -> None:
        await self._wire.close()

    async def _stream(self, body: dict[str, Any], on_text: OnText) -> ChatAnswer:
        events = mapping.Events(self.name, self.model)
        async with contextlib.aclosing(self._wire.stream_events(_PATH, body | {"stream": True})) as stream:
            async for name, data in stream:
                event = self._wire.parse(data)
                status = mapping.error_status(event)
                if status is not None:
                    raise self._wire.error(status, orjson.dumps(event))
                if name == "whole":
                    answer = mapping.from_wire(event, provider=self.name, model=self.model)
                    on_text(answer.text)
                    return answer
                if piece := events.add(event):
                    on_text(piece)
                if events.ended:
                    await finish(stream)
                    break
        return events.answer()


def open_provider(opening: Opening) -> AnthropicProvider:
    return AnthropicProvider(name=opening.name, model=opening.model, profile=opening.profile, wire=open_wire(opening))
