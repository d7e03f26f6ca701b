"""The ports that providers meet: chat (texts, and pictures looked at), images, moderation.

Contract, the same for all:

- One call is one request of the person's to the upstream (a provider that submits and polls does both inside one call), with a
  timeout and without retries: the policy around it retries, or asks the next provider. Any number of calls at once. A call that is
  cancelled (asyncio) ends its connection, and cancels at the upstream where the upstream knows how.
- Errors are `ProviderError` and its children with the provider's name, never the vendor's own exceptions, and never with a key in
  them: `ProviderRefused` for what will be refused again, `Moderated` for what the upstream refuses for its content,
  `ProviderUnavailable` (with `retry_after` where the upstream said it) for 429, 5xx and what cannot be reached, `ProviderTimeout`.
- Texts are str, pictures are encoded bytes with their media type, sizes are `WIDTHxHEIGHT` in pixels, seconds are float.
- What a provider does not support (a seed, a style) is left out by its mapping; the API has checked before that a person who asked
  for it by name gets it. `close` ends the connections; nothing is connected before the first call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

Role = Literal["system", "user", "assistant"]
OnText = Callable[[str], None]
"""Called on the event loop with each new piece of the answer, as the upstream streams it."""
OnStage = Callable[[str, float | None], None]
"""An honest stage in a few words, and how far it is (0..1) where the upstream tells."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded image."""

    data: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Message:
    role: Role
    text: str
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True)
class ChatPrompt:
    """A conversation to go on with. `user` is an opaque id for the upstream's abuse checks, never a name or an address."""

    messages: tuple[Message, ...]
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    json_object: bool = False
    """The answer must be one JSON object."""
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What a call took; None where the upstream does not say. `images` counts pictures made."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    images: int = 0


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """`finish_reason` in OpenAI's words: stop, length, content_filter. `model` is what the upstream says answered."""

    text: str
    finish_reason: str
    usage: Usage
    model: str


@dataclass(frozen=True, slots=True)
class ImagePrompt:
    """`count` pictures of one prompt. `quality` and `style` in the words of the provider's profile."""

    prompt: str
    size: str
    count: int = 1
    quality: str | None = None
    style: str | None = None
    seed: int | None = None
    negative_prompt: str | None = None
    user: str | None = None


@dataclass(frozen=True, slots=True)
class DrawnImage:
    picture: Picture
    revised_prompt: str | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class ImageAnswer:
    images: tuple[DrawnImage, ...]
    model: str
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of a moderation endpoint. `categories` are the upstream's own words for what it found."""

    flagged: bool
    categories: tuple[str, ...] = ()


class Closing(Protocol):
    name: str
    """The provider's name in the resource."""
    model: str

    async def close(self) -> None: ...


@runtime_checkable
class ChatProvider(Closing, Protocol):
    async def chat(self, prompt: ChatPrompt, on_text: OnText | None = None) -> ChatAnswer:
        """With `on_text` the upstream is asked to stream; the pieces joined are the answer's `text`."""
        ...


@runtime_checkable
class ImageProvider(Closing, Protocol):
    async def draw(self, prompt: ImagePrompt, on_stage: OnStage | None = None) -> ImageAnswer: ...


@runtime_checkable
class ModerationProvider(Closing, Protocol):
    async def moderate(self, text: str) -> Verdict: ...


Provider = ChatProvider | ImageProvider
