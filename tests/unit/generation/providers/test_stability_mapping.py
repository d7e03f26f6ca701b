"""Octavo's words and Stability AI's."""

from __future__ import annotations

import pytest

from octavo_generation.providers.port import ImagePrompt
from octavo_generation.providers.profile import profile_of
from octavo_generation.providers.stability.mapping import LAST_SEED, RATIOS, headers_for, is_content_refusal, route, seeds_of, to_form

SHAPES = {
    "1024x1024": "1:1",
    "1344x768": "16:9",
    "768x1344": "9:16",
    "1216x832": "3:2",
    "832x1216": "2:3",
    "1088x896": "5:4",
    "896x1088": "4:5",
    "1536x640": "21:9",
    "640x1536": "9:21",
}


@pytest.mark.parametrize("name", sorted(profile_of("stability").models))
def test_every_size_of_a_profile_is_another_ratio(name: str) -> None:
    profile = profile_of("stability").models[name]
    assert profile.image is not None
    assert profile.image.default_size in profile.image.sizes
    asked = {size: to_form(ImagePrompt("x", size), model=name, profile=profile, seed=None)["aspect_ratio"] for size in profile.image.sizes}
    assert asked == SHAPES
    assert set(asked.values()) == set(RATIOS)


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("stable-image-core", "core"),
        ("stable-image-ultra", "ultra"),
        ("core", "core"),
        ("sd3.5-large", "sd3"),
        ("sd3.5-flash", "sd3"),
        ("of/tomorrow", "of%2Ftomorrow"),
    ],
)
def test_the_path_of_a_model(model: str, path: str) -> None:
    assert route(model) == f"/v2beta/stable-image/generate/{path}"


def test_what_a_model_does_not_know_is_left_out() -> None:
    prompt = ImagePrompt("a fox", "1024x1024", style="vivid", quality="hd", negative_prompt="snow")
    turbo = to_form(prompt, model="sd3.5-large-turbo", profile=profile_of("stability").models["sd3.5-large-turbo"], seed=None)
    assert turbo == {"prompt": "a fox", "aspect_ratio": "1:1", "output_format": "png", "model": "sd3.5-large-turbo"}


def test_a_model_that_nobody_knows_gets_all_that_was_asked_for() -> None:
    prompt = ImagePrompt("a fox", "1024x1024", style="vivid", negative_prompt="snow")
    form = to_form(prompt, model="stable-image-next", profile=None, seed=5)
    assert form == {
        "prompt": "a fox",
        "aspect_ratio": "1:1",
        "output_format": "png",
        "seed": "5",
        "negative_prompt": "snow",
        "style_preset": "vivid",
    }


@pytest.mark.parametrize(
    ("seed", "seeds"),
    [
        (None, (None, None)),
        (7, (7, 8)),
        (0, (LAST_SEED, 1)),
        (LAST_SEED, (LAST_SEED, 1)),
        (2**40, (2**40 % LAST_SEED, 2**40 % LAST_SEED + 1)),
        (-1, (LAST_SEED - 1, LAST_SEED)),
    ],
)
def test_no_seed_that_was_asked_for_means_any(seed: int | None, seeds: tuple[int | None, ...]) -> None:
    assert seeds_of(ImagePrompt("x", "1024x1024", count=2, seed=seed)) == seeds
    assert all(found is None or 1 <= found <= LAST_SEED for found in seeds)


def test_the_user_is_told_for_the_vendors_abuse_checks() -> None:
    assert headers_for(ImagePrompt("x", "1024x1024", user="u" * 300)) == {"stability-client-user-id": "u" * 256}
    assert headers_for(ImagePrompt("x", "1024x1024")) == {}


@pytest.mark.parametrize(
    ("status", "body", "refused"),
    [
        (403, b'{"name": "content_moderation"}', True),
        (403, b'{"name": "unauthorized"}', False),
        (400, b'{"name": "content_moderation"}', False),
        (403, b"<html>", False),
        (403, b"[]", False),
    ],
)
def test_a_refusal_of_content(status: int, body: bytes, refused: bool) -> None:
    assert is_content_refusal(status, body) is refused
