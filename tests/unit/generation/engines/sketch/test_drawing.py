"""The illustrator: real pictures, the same for the same arguments, different for others."""

from __future__ import annotations

import time
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from octavo_core.errors import InvalidInput
from octavo_generation.engines.sketch import draw_sketch
from octavo_generation.engines.sketch.drawing import scene_of
from octavo_generation.engines.sketch.reading import vocabulary

SEEDS_README = ("A futuristic city skyline at sunset", "Abstract geometric patterns in blue and gold", "Mountain landscape", "Ocean waves")
PROMPTS = (
    *SEEDS_README,
    "a red kite over green hills",
    "a blue kite over green hills",
    "a cat",
    "a dog",
    "a castle at night",
    "a castle at noon",
    "a castle in the rain",
    "a castle in the snow",
    "fish under the sea",
    "an astronaut in space",
    "a book and a cup of coffee on a table",
    "a spiral in red and black",
    "justice",
    "melancholy",
    "",
)


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


def pixels(prompt: str, **more: object) -> np.ndarray:
    given: dict[str, object] = {"width": 160, "height": 160, "seed": 7, **more}
    return np.asarray(opened(draw_sketch(prompt, **given)).convert("RGB"), dtype=np.int16)  # type: ignore[arg-type]


@pytest.mark.parametrize(("width", "height"), [(64, 64), (512, 512), (1792, 1024), (1024, 1536), (64, 2048), (2048, 64)])
def test_a_png_of_the_size_asked(width: int, height: int) -> None:
    image = opened(draw_sketch("a lighthouse by the sea with a boat", width=width, height=height, seed=1))
    assert (image.format, image.size, image.mode) == ("PNG", (width, height), "RGB")


@pytest.mark.parametrize(("width", "height"), [(63, 512), (512, 63), (2049, 512), (512, 2049), (0, 0), (-5, 64)])
def test_other_sizes_are_refused(width: int, height: int) -> None:
    with pytest.raises(InvalidInput, match="64 to 2048"):
        draw_sketch("a cat", width=width, height=height, seed=1)


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(InvalidInput, match="vivid and natural"):
        draw_sketch("a cat", width=64, height=64, seed=1, style="cubist")


@pytest.mark.parametrize("prompt", PROMPTS)
def test_the_same_arguments_give_the_same_bytes(prompt: str) -> None:
    first = draw_sketch(prompt, width=160, height=128, seed=42, style="vivid", quality="hd")
    assert draw_sketch(prompt, width=160, height=128, seed=42, style="vivid", quality="hd") == first


@pytest.mark.parametrize("prompt", PROMPTS)
def test_another_seed_gives_another_picture(prompt: str) -> None:
    assert np.abs(pixels(prompt, seed=1) - pixels(prompt, seed=2)).mean() > 1.5


@pytest.mark.parametrize("seed", [0, -1, 2**63, 10**30])
def test_any_whole_number_is_a_seed(seed: int) -> None:
    assert opened(draw_sketch("a fox", width=64, height=64, seed=seed)).size == (64, 64)


def test_different_prompts_give_different_pictures() -> None:
    seen = [pixels(prompt) for prompt in PROMPTS]
    for index, one in enumerate(seen):
        for other, name in zip(seen[index + 1 :], PROMPTS[index + 1 :], strict=True):
            assert np.abs(one - other).mean() > 0.6, (PROMPTS[index], name)


def test_the_colour_that_the_prompt_names_is_in_the_picture() -> None:
    def reddish(picture: np.ndarray) -> float:
        return float(((picture[..., 0] > 150) & (picture[..., 1] < 110) & (picture[..., 2] < 110)).mean())

    red, blue = (pixels(f"a {colour} car in a meadow at noon", seed=3) for colour in ("red", "blue"))
    assert reddish(red) > 0.03
    assert reddish(red) > 2 * reddish(blue)


def test_night_is_dark_and_snow_is_pale() -> None:
    night, noon, snow = (pixels(f"a house {when}").mean() for when in ("at night", "at noon", "at noon in the snow"))
    assert night < 80 < noon
    assert pixels("a house at noon in the snow")[-30:].mean() > pixels("a house at noon in a meadow")[-30:].mean() + 40
    assert snow > night


def test_vivid_is_stronger_than_natural() -> None:
    def strength(style: str) -> float:
        picture = pixels("a fox in a forest at sunset", style=style)
        return float((picture.max(axis=-1) - picture.min(axis=-1)).mean())

    assert strength("vivid") > 1.3 * strength("natural")


def test_hd_draws_finer_and_with_more_detail() -> None:
    plain, fine = (draw_sketch("Ocean waves in the rain", width=256, height=256, seed=2, quality=quality) for quality in ("standard", "hd"))
    assert plain != fine
    assert (
        np.unique(np.asarray(opened(fine)).reshape(-1, 3), axis=0).shape[0]
        > np.unique(np.asarray(opened(plain)).reshape(-1, 3), axis=0).shape[0]
    )


SECTIONS = sorted({sense.section for senses in vocabulary().values() for sense in senses})
SHAPES = ((64, 64), (96, 64), (64, 128), (130, 130))


def test_every_word_makes_a_scene() -> None:
    """What a word means is drawn below, once for each meaning."""
    for index, word in enumerate(sorted(vocabulary())):
        scene = scene_of(word, index, SHAPES[index % 3])
        assert scene == scene_of(word, index, SHAPES[index % 3]), word


@pytest.mark.parametrize("section", SECTIONS)
def test_every_meaning_draws_in_both_styles_and_several_sizes(section: str) -> None:
    first: dict[str, str] = {}
    for word, senses in sorted(vocabulary().items()):
        for sense in senses:
            if sense.section == section:
                first.setdefault(sense.meaning, word)
    for word in first.values():
        for style in ("vivid", "natural"):
            for width, height in SHAPES[:: 3 if style == "vivid" else 4]:
                assert opened(draw_sketch(word, width=width, height=height, seed=3, style=style)).size == (width, height), word


@pytest.mark.parametrize("hour", ["dawn", "noon", "sunset", "dusk", "night"])
def test_every_hour_weather_and_place_go_together(hour: str) -> None:
    weathers = ("rain", "storm", "snow", "fog", "clouds", "autumn")
    places = ("meadow", "mountains", "forest", "desert", "sea", "beach", "lake", "river", "city", "village", "road", "room", "space")
    for index, place in enumerate(places):
        for weather in (weathers[(index + len(hour)) % 6], weathers[(index + len(hour) + 3) % 6]):
            assert draw_sketch(f"two cats and a boat, {place}, {weather}, {hour}", width=64, height=64, seed=1)


def test_many_things_fit() -> None:
    assert opened(draw_sketch("seven cats, seven dogs, seven birds, seven boats and seven houses", width=256, height=128, seed=1)).size == (
        256,
        128,
    )


def test_a_long_prompt_is_no_burden() -> None:
    started = time.process_time()
    draw_sketch("a cat near a house " * 2000, width=128, height=128, seed=1)
    assert time.process_time() - started < 5
