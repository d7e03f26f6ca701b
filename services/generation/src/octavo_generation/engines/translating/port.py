"""The port that every translating model meets.

Contract:
- `load` is called once, in the thread that will translate, before anything else; raises `EngineError` or `Misconfigured`.
- `translate` takes sentences of any languages and gives one `Translated` for each, in their order, in its own thread, one call at a
  time.
  Characters of the private use area stand for what must come through: each of a sentence comes out once, and no other.
- The same sentence gives the same translation, alone or in a batch. Nobody retries in here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Sentence:
    """Languages by NLLB's codes."""

    text: str
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Translated:
    """`kept`: words that the model does not know, which stand in the text as they were. `tokens`: read and written."""

    text: str
    kept: tuple[str, ...] = ()
    tokens: tuple[int, int] = (0, 0)


class Translator(Protocol):
    def load(self, on_stage: Callable[[str], None]) -> None: ...

    def translate(self, sentences: Sequence[Sentence]) -> list[Translated]: ...

    def unload(self) -> None: ...
