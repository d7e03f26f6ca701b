"""The port that every text provider meets.

Contract: one call is one request to the upstream, with a timeout and without retries (the policy around it retries, or asks the
next provider). Any number of calls at once. Errors are `ProviderError` and its children with the provider's name, never the
vendor's own exceptions, and never with a key in them. `close` ends the connections.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class TextPrompt:
    prompt: str
    system: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class TextAnswer:
    text: str
    finish_reason: str
    prompt_tokens: int | None
    completion_tokens: int | None
    model: str


class TextProvider(Protocol):
    name: str

    async def generate(self, prompt: TextPrompt) -> TextAnswer: ...

    async def close(self) -> None: ...
