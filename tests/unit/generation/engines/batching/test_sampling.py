"""The choice of tokens, against a plain one that sorts everything."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from octavo_generation.engines.batching.sampling import Choosing, best, choose
from octavo_generation.engines.port import Sampling


def rows(count: int, width: int, seed: int = 0) -> NDArray[np.float32]:
    return (np.random.default_rng(seed).standard_normal((count, width)) * 3).astype(np.float32)


def nucleus(logits: NDArray[np.float32], sampling: Sampling, seen: set[int]) -> dict[int, float]:
    """What may be chosen, and how likely: the definition, slowly."""
    values = logits.astype(np.float64).copy()
    for token in seen:
        values[token] = values[token] / sampling.repetition_penalty if values[token] > 0 else values[token] * sampling.repetition_penalty
    order = np.argsort(-values, kind="stable")[: sampling.top_k or len(values)]
    weights = np.exp((values[order] - values[order[0]]) / sampling.temperature)
    weights /= weights.sum()
    kept = int(np.searchsorted(weights.cumsum(), sampling.top_p)) + 1
    share = weights[:kept] / weights[:kept].sum()
    return dict(zip(order[:kept].tolist(), share.tolist(), strict=True))


@pytest.mark.parametrize("width", [5, 300, 5000])
@pytest.mark.parametrize("count", [1, 3, 40, 256])
def test_the_best_are_those_that_sorting_finds(width: int, count: int) -> None:
    logits = rows(7, width)
    logits[3] = np.round(logits[3])
    count = min(count, width)
    ids, values = best(logits, count)

    assert (values == -np.sort(-logits, axis=1)[:, :count]).all()
    assert (np.take_along_axis(logits, ids, axis=1) == values).all()
    assert all(len(set(row)) == count for row in ids.tolist())


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(temperature=0.8, top_k=6, top_p=0.9, repetition_penalty=1.3),
        Sampling(temperature=1.5, top_k=0, top_p=0.5, repetition_penalty=1.0),
        Sampling(temperature=0.3, top_k=40, top_p=1.0, repetition_penalty=0.8),
        Sampling(temperature=1.0, top_k=0, top_p=1.0),
    ],
)
def test_tokens_come_as_often_as_they_should(sampling: Sampling) -> None:
    logits, seen, draws = rows(1, 24, 5)[0], {1, 2, 3}, 6000
    likely = nucleus(logits, sampling, seen)
    text = Choosing(sampling, set(seen))
    text.random = np.random.Generator(np.random.Philox(3))
    counted: dict[int, int] = {}
    for _ in range(draws):
        text.seen = set(seen)
        token = choose(logits[None].copy(), [text])[0]
        counted[token] = counted.get(token, 0) + 1

    assert set(counted) <= set(likely)
    for token, share in likely.items():
        assert counted.get(token, 0) / draws == pytest.approx(share, abs=4 * (share * (1 - share) / draws) ** 0.5 + 1e-3)


def test_a_wide_nucleus_without_top_k_is_drawn_from_whole() -> None:
    logits, text = (
        np.zeros((1, 4000), dtype=np.float32),
        Choosing(Sampling(temperature=1.0, top_k=0, top_p=1.0, repetition_penalty=1.0, seed=1)),
    )
    tokens = [choose(logits.copy(), [text])[0] for _ in range(400)]
    assert len(set(tokens)) > 350
    assert max(tokens) > 3000


def test_without_temperature_the_likeliest_is_taken() -> None:
    logits = rows(4, 1000)
    wanted = logits.argmax(axis=1).tolist()
    assert choose(logits, [Choosing(Sampling(temperature=0, repetition_penalty=1.0)) for _ in range(4)]) == wanted


def test_what_came_is_less_likely_to_come_again() -> None:
    logits = np.array([[5.0, 4.9, -9.0]], dtype=np.float32)
    text = Choosing(Sampling(temperature=0, repetition_penalty=1.2))
    assert [choose(logits.copy(), [text])[0] for _ in range(3)] == [0, 1, 0]
    assert text.seen == {0, 1}


def test_a_seed_draws_the_same_in_any_company() -> None:
    logits = rows(3, 700, 2)
    parameters = Sampling(temperature=1.2, seed=9)
    alone = Choosing(parameters)
    tokens = [choose(logits[:1].copy(), [alone])[0] for _ in range(20)]
    among = Choosing(parameters)
    others = [Choosing(Sampling(temperature=0.0)), Choosing(Sampling(top_k=0, top_p=0.3))]
    assert [choose(logits.copy(), [among, *others])[0] for _ in range(20)] == tokens
    assert [choose(logits[:1].copy(), [Choosing(Sampling(temperature=1.2, seed=10))])[0] for _ in range(20)] != tokens
