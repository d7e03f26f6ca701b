"""Octavo's words and its drawing engine's."""

from __future__ import annotations

from octavo_generation.providers.port import ImagePrompt
from octavo_generation.providers.profile import profile_of
from octavo_generation.providers.sketch.mapping import SEEDS, Drawing, drawings

PROFILE = profile_of("sketch").model(None)


def test_its_profile() -> None:
    profile = profile_of("sketch")
    assert PROFILE is not None
    assert PROFILE.image is not None
    assert (profile.default_model, profile.free, profile.needs_key) == ("builtin://sketch", True, False)
    assert (PROFILE.image.styles, PROFILE.image.seed, PROFILE.image.max_images) == (("vivid", "natural"), True, 4)
    assert {"256x256", "1536x1024", PROFILE.image.default_size} <= set(PROFILE.image.sizes)


def test_each_picture_is_a_drawing_of_its_own_seed() -> None:
    prompt = ImagePrompt("a fox", "1536x1024", count=3, seed=SEEDS - 1, style="vivid", user="u")
    assert drawings(prompt, seed=9, profile=PROFILE) == tuple(
        Drawing("a fox", 1536, 1024, seed, "vivid", None) for seed in (SEEDS - 1, 0, 1)
    )


def test_the_seed_given_counts_where_the_prompt_has_none() -> None:
    assert [drawing.seed for drawing in drawings(ImagePrompt("a fox", "256x256", count=2), seed=9, profile=PROFILE)] == [9, 10]
    assert [drawing.seed for drawing in drawings(ImagePrompt("a fox", "256x256", seed=0), seed=9, profile=PROFILE)] == [0]


def test_what_it_does_not_know_is_left_out() -> None:
    (drawing,) = drawings(ImagePrompt("a fox", "256x256", style="cubist", quality="hd"), seed=9, profile=PROFILE)
    assert (drawing.style, drawing.quality) == (None, None)
