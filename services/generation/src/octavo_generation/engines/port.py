"""The port that every local text engine meets.

Contract:
- `load` is called once, in a worker thread, before the first `generate`; it reports honest stages and raises
  `EngineError` (the model is broken) or `Misconfigured` (something is missing; says what and how to get it).
- `generate` takes a batch, blocks its thread until every item has ended, and returns one `Generation` per item in the
  order given. One call at a time per engine: the caller serialises. Items may have different parameters.
- `on_token(index, text)` is called from that thread with each new piece of text of item `index` (valid Unicode, never a
  torn character; the pieces joined are the item's `text`). `cancelled(index)` is asked at least once a step; an item for
  which it is true ends there with `finish_reason="cancelled"` and frees its place.
- The same request with the same seed gives the same text, alone or in a batch, where the engine's profile says
  `deterministic`.
- Nobody retries in here. Texts are str, times are seconds, lengths are tokens of the model's own vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from octavo_generation.engines.batching.decoder import Decoder

FinishReason = Literal["stop", "length", "cancelled"]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen; `max_tokens` bounds the new tokens, prompt not counted."""

    max_tokens: int = 256
    temperature: float = 0.8
    top_k: int = 40
    top_p: float = 0.95
    repetition_penalty: float = 1.1
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class TextRequest:
    """What the task hands to the engine: the prompt as the person wrote it, plus what conditions the model."""

    prompt: str
    sampling: Sampling = field(default_factory=Sampling)
    audience: Literal["children", "young", "adult"] | None = None
    language: str | None = None
    """BCP 47 primary subtag (`en`, `es`); None lets the engine tell it from the prompt."""


@dataclass(frozen=True, slots=True)
class Generation:
    text: str
    prompt_tokens: int
    completion_tokens: int
    finish_reason: FinishReason
    language: str | None = None
    kept: tuple[str, ...] = ()
    """Of a translation: words that the model does not know, which stand in it as they were."""


@dataclass(frozen=True, slots=True)
class EngineProfile:
    """What a loaded engine is: shown in `/providers`, health and results."""

    name: str
    model: str
    languages: tuple[str, ...]
    context_tokens: int
    max_batch: int
    deterministic: bool


class TextEngine(Protocol):
    def load(self, on_stage: Callable[[str], None]) -> EngineProfile: ...

    def generate(
        self,
        batch: Sequence[TextRequest],
        on_token: Callable[[int, str], None],
        cancelled: Callable[[int], bool],
    ) -> list[Generation]: ...

    def unload(self) -> None: ...


class StepEngine(Protocol):
    """An engine whose texts may join and leave at every step; the batcher (`engines/batching`) does what `generate` does elsewhere.

    `load` is as in `TextEngine`, and has made a token when it returns. `piece` and `ends` are the batcher's `Vocabulary`. `encode` gives at
    least one token for any text, and is called by one thread at a time. `unload` is called when nobody steps any more.
    """

    def load(self, on_stage: Callable[[str], None]) -> EngineProfile: ...

    @property
    def decoder(self) -> Decoder:
        """After `load`."""
        ...

    def encode(self, text: str) -> list[int]: ...

    def piece(self, token: int) -> bytes: ...

    def ends(self, token: int) -> bool: ...

    def unload(self) -> None: ...
