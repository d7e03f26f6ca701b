"""Client and mapping, put together as the port asks."""

from __future__ import annotations

from octavo_generation.providers.openai_compatible.client import OpenAICompatibleClient
from octavo_generation.providers.openai_compatible.mapping import from_wire, to_wire
from octavo_generation.providers.port import TextAnswer, TextPrompt


class OpenAICompatibleProvider:
    def __init__(self, *, name: str, model: str, client: OpenAICompatibleClient) -> None:
        self.name = name
        self._model = model
        self._client = client

    async def generate(self, prompt: TextPrompt) -> TextAnswer:
        return from_wire(await self._client.complete(to_wire(prompt, self._model)), provider=self.name, model=self._model)

    async def close(self) -> None:
        await self._client.close()
