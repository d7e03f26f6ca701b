"""The port to a library that computes one step of many texts at once.

Contract:
- A decoder has `slots` places, each of which holds one text of at most `slot_tokens` tokens. One thread calls it, ever.
- `step` appends each chunk's tokens to the text of its slot and returns one row of logits (float32, `vocabulary` wide) for every
  chunk that `wants` it, in the order of the chunks: what may follow its last token. The rows are the caller's to write into until the next
  call. A slot comes at most once in a step, and `start` is where its text ends by now.
- `keep` drops what lies in a slot from that token on; 0 empties it. `share` makes the first tokens of one slot the text of another,
  empty one.
- Errors are `EngineError`; what lies in the slots is then unknown until `keep(slot, 0)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Chunk:
    slot: int
    start: int
    tokens: Sequence[int]
    wants: bool


class Decoder(Protocol):
    @property
    def slots(self) -> int: ...

    @property
    def slot_tokens(self) -> int: ...

    @property
    def step_tokens(self) -> int:
        """The most tokens, of all chunks together, that one step takes."""
        ...

    def step(self, chunks: Sequence[Chunk]) -> NDArray[np.float32]: ...

    def keep(self, slot: int, tokens: int) -> None: ...

    def share(self, source: int, target: int, tokens: int) -> None: ...
