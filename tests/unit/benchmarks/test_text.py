"""Figures of local models: callers who ask at random times, ratios, the table."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from benchmarks.text import ORDER, TEXTS, _merged, result_of
from benchmarks.text_generation.asking import NEW_TOKENS, PROMPT_TOKENS, measure, prompts
from benchmarks.text_generation.report import render_text
from benchmarks.text_generation.static import Static


class Instant(Static):
    """Answers whole batches at once, and remembers them."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.batches: list[int] = []

    def open(self) -> None: ...

    def generate(self, batch: list[list[int]]) -> list[int]:  # type: ignore[override]
        self.batches.append(len(batch))
        return [NEW_TOKENS] * len(batch)


class Writing:
    """Shows its first token at once, and goes on for a moment."""

    async def load(self) -> None: ...

    async def close(self) -> None: ...

    async def ask(self, prompt: list[int], first: Callable[[], None]) -> int:
        assert len(prompt) == PROMPT_TOKENS
        first()
        await asyncio.sleep(0.05)  # on purpose: a text takes a while
        first()
        return NEW_TOKENS


async def test_every_text_is_asked_for_once_and_counted() -> None:
    contender = Instant(4)
    await contender.load()
    level = await measure(contender, 6, 20, vocabulary=5000, seed=1)
    await contender.close()

    assert level.texts == sum(contender.batches[1:]) == 20
    assert max(contender.batches) <= 4
    assert level.tokens_per_s > 0


async def test_the_first_token_is_not_the_last() -> None:
    level = await measure(Writing(), 2, 4, vocabulary=5000, seed=1)
    assert level.first_token_p99_s < level.whole_p50_s
    assert level.as_dict()["texts"] == 4
    assert not any(name.startswith("_") for name in level.as_dict())


async def test_tokens_of_texts_that_are_written_at_once_are_all_counted() -> None:
    began = time.perf_counter()
    level = await measure(Writing(), 10, 40, vocabulary=5000, seed=1)
    took = time.perf_counter() - began
    assert level.tokens_per_s * took >= 40 * NEW_TOKENS


def test_prompts_differ_from_their_first_token_on() -> None:
    prompt = prompts(3, 50257)
    made = [prompt() for _ in range(50)]
    assert len({one[0] for one in made}) == 50
    assert made != [prompt() for _ in range(50)]


def contender(**rates: float) -> dict[str, object]:
    return {
        "rss_mb": 1,
        "levels": [{"callers": int(n[1:]), "tokens_per_s": r, "first_token_p99_s": 1.0, "whole_p50_s": 4.0} for n, r in rates.items()],
    }


def test_ratios_are_at_the_most_callers_and_a_bench_that_ran_twice_counts_with_its_mean() -> None:
    bench = _merged(_merged(None, contender(c1=90, c32=500)), contender(c1=110, c32=600))
    found = {"octavo": contender(c1=100, c32=495), "seeds": contender(c1=30, c32=33), "llamacpp-bench": bench}
    found["transformers-static"] = contender(c32=300)
    result = result_of(found, 2)  # type: ignore[arg-type]

    assert result["ratio_vs_seed_design"] == 15
    assert result["ratio_vs_llamacpp_bench"] == 0.9
    assert result["ratio_vs_static_batch"] == 1.65
    assert result["first_token_p99_vs_static_end"] == 0.25
    assert result["ratio_vs_ctranslate2"] is None


def test_a_contender_that_failed_takes_no_other_with_it() -> None:
    found = {"octavo": contender(c32=495), "seeds": {"error": "no torch"}}
    result = result_of(found, 2)  # type: ignore[arg-type]
    assert result["ratio_vs_seed_design"] is None
    assert "| Octavo | 32 | 495 |" in render_text(result)


def test_without_a_result_there_is_a_skeleton() -> None:
    assert "Not measured yet." in render_text(None)
    assert "| Octavo | – |" in render_text(None)


def test_everyone_in_the_order_is_known() -> None:
    assert set(ORDER) == set(TEXTS)
