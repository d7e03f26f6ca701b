"""Chooses the next token of every text of a step at once, each by its own parameters.

In the order of Hugging Face's generation: repetition penalty (Keskar et al. 2019), then temperature, then top-k, then top-p (Holtzman
et al. 2020) on what top-k left. Random numbers are each text's own, so that a text with a seed draws the same ones in any company.

The best k of 50,000 are found without sorting them: the k-th largest of the blocks' maxima is no larger than the k-th largest of all, so
that few candidates remain to be sorted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from octavo_generation.engines.port import Sampling

_BLOCK = 256
"""The largest block: longer ones let through more candidates than they save."""
_BLOCKS_EACH = 4
"""Blocks for each token that is looked for: the more, the nearer is the bound."""
_WITHOUT_TOP_K = 256
"""How many candidates top-p is sought among first where nothing else bounds them."""


@dataclass(slots=True)
class Choosing:
    """How one text's tokens are chosen. `seen` are the tokens that the repetition penalty makes less likely."""

    sampling: Sampling
    seen: set[int] = field(default_factory=set)
    random: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.random = np.random.Generator(np.random.Philox(self.sampling.seed))


def choose(logits: NDArray[np.float32], texts: Sequence[Choosing]) -> list[int]:
    """One token for each row; the rows are written into. A token that was chosen is among `seen` of its text afterwards."""
    _penalise(logits, texts)
    greedy = np.array([text.sampling.temperature <= 0 for text in texts])
    chosen = np.empty(len(texts), dtype=np.int64)
    if greedy.any():
        chosen[greedy] = logits[greedy].argmax(axis=1)
    drawing = [place for place, text in enumerate(texts) if text.sampling.temperature > 0]
    if drawing:
        rows = logits if len(drawing) == len(texts) else logits[drawing]
        chosen[drawing] = _draw(rows, [texts[i] for i in drawing])
    tokens: list[int] = chosen.tolist()
    for text, token in zip(texts, tokens, strict=True):
        text.seen.add(token)
    return tokens


def _penalise(logits: NDArray[np.float32], texts: Sequence[Choosing]) -> None:
    asked = [(row, text) for row, text in enumerate(texts) if text.sampling.repetition_penalty != 1.0 and text.seen]
    if not asked:
        return
    rows = np.repeat([row for row, _ in asked], [len(text.seen) for _, text in asked])
    columns = np.concatenate([np.fromiter(text.seen, dtype=np.int64, count=len(text.seen)) for _, text in asked])
    factors = np.repeat([text.sampling.repetition_penalty for _, text in asked], [len(text.seen) for _, text in asked]).astype(np.float32)
    values = logits[rows, columns]
    logits[rows, columns] = np.where(values > 0, values / factors, values * factors)


def _draw(logits: NDArray[np.float32], texts: Sequence[Choosing]) -> NDArray[np.int64]:
    width = logits.shape[1]
    top_k = np.array([text.sampling.top_k if 0 < text.sampling.top_k < width else width for text in texts])
    temperature = np.array([text.sampling.temperature for text in texts], dtype=np.float64)
    top_p = np.array([text.sampling.top_p for text in texts], dtype=np.float64)
    drawn = np.array([text.random.random() for text in texts])
    bounded = top_k < width
    kept = int(min(width, max(top_k[bounded].max(initial=1), _WITHOUT_TOP_K if not bounded.all() else 1)))
    ids, values = best(logits, kept)
    scaled = values.astype(np.float64) / temperature[:, None]
    weights = np.exp(scaled - scaled[:, :1])
    weights[np.arange(kept) >= top_k[:, None]] = 0.0
    total = weights.sum(axis=1)
    for row in np.flatnonzero(~bounded):
        total[row] = np.exp(logits[row].astype(np.float64) / temperature[row] - scaled[row, 0]).sum()
    cumulated = weights.cumsum(axis=1)
    wanted = np.minimum(top_p, 1.0) * total
    # The nucleus is the fewest of the best that reach top-p, the one that reaches it among them.
    inside = np.maximum(1, ((cumulated - weights) < wanted[:, None]).sum(axis=1))
    mass = cumulated[np.arange(len(texts)), np.minimum(inside, kept) - 1]
    places = np.minimum((cumulated <= (drawn * mass)[:, None]).sum(axis=1), np.minimum(inside, kept) - 1)
    chosen: NDArray[np.int64] = ids[np.arange(len(texts)), places]
    for row in np.flatnonzero(~bounded & (cumulated[:, -1] < wanted) & (kept < width)):
        chosen[row] = _draw_from_all(logits[row], temperature[row], top_p[row], drawn[row])
    return chosen


def _draw_from_all(logits: NDArray[np.float32], temperature: float, top_p: float, drawn: float) -> int:
    """For a text without top-k whose nucleus is wide."""
    order = np.argsort(-logits, kind="stable")
    scaled = logits[order].astype(np.float64) / temperature
    cumulated = np.exp(scaled - scaled[0]).cumsum()
    inside = int(np.searchsorted(cumulated, min(top_p, 1.0) * cumulated[-1])) + 1
    mass = cumulated[min(inside, len(order)) - 1]
    return int(order[min(int(np.searchsorted(cumulated, drawn * mass, side="right")), inside - 1, len(order) - 1)])


def best(logits: NDArray[np.float32], count: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Tokens and logits of the `count` largest of each row, largest first; of equals the first."""
    rows, width = logits.shape
    block = min(_BLOCK, width // (_BLOCKS_EACH * count))
    if block < 2:
        order = np.argsort(-logits, axis=1, kind="stable")[:, :count]
        return order, np.take_along_axis(logits, order, axis=1)
    maxima = np.maximum.reduceat(logits, np.arange(0, width, block), axis=1)
    bound = np.partition(maxima, maxima.shape[1] - count, axis=1)[:, maxima.shape[1] - count]
    row, column = np.divmod(np.flatnonzero(logits >= bound[:, None]), width)
    value = logits[row, column]
    order = np.lexsort((column, -value, row))
    row, column, value = row[order], column[order], value[order]
    rank = np.arange(len(row)) - np.searchsorted(row, np.arange(rows))[row]
    inside = rank < count
    shape = (rows, count)
    return column[inside].reshape(shape), value[inside].reshape(shape)
