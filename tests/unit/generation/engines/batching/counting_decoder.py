"""A decoder whose next token follows from all in the slot, so that whatever is kept, shared or moved wrongly shows in the text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from octavo_core.errors import EngineError
from octavo_generation.engines.batching.decoder import Chunk

VOCABULARY = 97
END = 0


def following(tokens: Sequence[int]) -> int:
    value = 7
    for place, token in enumerate(tokens):
        value = (value * 31 + (place + 1) * (token + 1)) % 1_000_003
    return 1 + value % (VOCABULARY - 1)


def continued(prompt: Sequence[int], limit: int) -> list[int]:
    text = list(prompt)
    for _ in range(limit):
        text.append(following(text))
    return text[len(prompt) :]


class CountingDecoder:
    """Meets `Decoder`, and fails the test that breaks its contract."""

    def __init__(self, slots: int = 4, slot_tokens: int = 64, step_tokens: int = 16) -> None:
        self.slots, self.slot_tokens, self.step_tokens = slots, slot_tokens, step_tokens
        self.held: list[list[int]] = [[] for _ in range(slots)]
        self.steps: list[list[Chunk]] = []
        self.computed = 0
        self.fail_next = False

    def step(self, chunks: Sequence[Chunk]) -> NDArray[np.float32]:
        if self.fail_next:
            self.fail_next = False
            raise EngineError("the step broke")
        assert 0 < sum(len(chunk.tokens) for chunk in chunks) <= self.step_tokens
        assert [chunk.slot for chunk in chunks] == sorted({chunk.slot for chunk in chunks}), "each slot once, in order"
        self.steps.append(list(chunks))
        rows = []
        for chunk in chunks:
            held = self.held[chunk.slot]
            assert chunk.start == len(held), "a chunk goes on where its text ends"
            held.extend(chunk.tokens)
            self.computed += len(chunk.tokens)
            assert len(held) <= self.slot_tokens
            if chunk.wants:
                row = np.zeros(VOCABULARY, dtype=np.float32)
                row[following(held)] = 9.0
                rows.append(row)
        return np.array(rows, dtype=np.float32).reshape(len(rows), VOCABULARY)

    def keep(self, slot: int, tokens: int) -> None:
        del self.held[slot][tokens:]

    def share(self, source: int, target: int, tokens: int) -> None:
        assert not self.held[target]
        assert len(self.held[source]) >= tokens
        self.held[target] = self.held[source][:tokens]
