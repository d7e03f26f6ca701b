"""The engine that a worker holds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from PIL import Image

from octavo_core.errors import InvalidInput
from octavo_generation.engines.sketch import SketchEngine, draw_sketch

ENGINE = SketchEngine()


def test_picture_by_picture_the_seeds_follow_each_other() -> None:
    pictures = ENGINE.draw("a fox in the snow", "128x96", 3, seed=40, style="natural")
    assert pictures == [draw_sketch("a fox in the snow", width=128, height=96, seed=40 + index, style="natural") for index in range(3)]
    assert len(set(pictures)) == 3


def test_without_a_seed_the_prompt_decides() -> None:
    assert ENGINE.draw("a fox", "64x64") == ENGINE.draw("a fox", "64x64")
    assert ENGINE.draw("a fox", "64x64") != ENGINE.draw("a wolf", "64x64")


@pytest.mark.parametrize("size", ["1024", "1024x", "axb", "", "-64x64", "64x64x64", "999999x64", "32x32", "4096x4096"])
def test_sizes_that_cannot_be(size: str) -> None:
    with pytest.raises(InvalidInput):
        ENGINE.draw("a cat", size)


@pytest.mark.parametrize("count", [0, -1, 11])
def test_counts_that_cannot_be(count: int) -> None:
    with pytest.raises(InvalidInput, match="1 to 10"):
        ENGINE.draw("a cat", "64x64", count)


def test_threads_do_not_disturb_each_other() -> None:
    prompts = [f"{number} boats on a lake at night" for number in range(1, 7)] * 2
    alone = [ENGINE.draw(prompt, "96x96", seed=1) for prompt in prompts]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda prompt: ENGINE.draw(prompt, "96x96", seed=1), prompts))
    assert together == alone


def test_what_it_draws_it_can_describe() -> None:
    (picture,) = ENGINE.draw("a red boat on a lake at noon", "512x512", seed=3)
    assert Image.open(BytesIO(picture)).size == (512, 512)
    assert "boat" in str(ENGINE.describe(picture))
    assert str(ENGINE.describe(picture, "¿Es de día o de noche?", "es")) == "Parece de día."
