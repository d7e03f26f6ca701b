"""Octavo's words and the web UI's."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from octavo_generation.providers.automatic1111.mapping import LOADED, Progress, drawn, progress, to_wire
from octavo_generation.providers.port import ImagePrompt
from octavo_generation.providers.profile import profile_of

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n...").decode()


def test_any_checkpoint_has_the_profile_of_the_web_ui() -> None:
    profile = profile_of("automatic1111")
    assert profile.free
    assert not profile.needs_key
    assert profile.default_model == LOADED
    assert profile.model(None) is profile.model("anything.safetensors")


def test_the_usual_steps_a_seed_of_its_choice_and_sizes_on_the_grid() -> None:
    body = to_wire(ImagePrompt("a fox", "1001x3"), model=LOADED, task="t")
    assert body == {
        "prompt": "a fox",
        "negative_prompt": "",
        "width": 1000,
        "height": 8,
        "seed": -1,
        "batch_size": 1,
        "steps": 20,
        "force_task_id": "t",
    }


@pytest.mark.parametrize(("quality", "steps"), [(None, 20), ("standard", 20), ("hd", 40), ("of tomorrow", 20)])
def test_quality_is_steps(quality: str | None, steps: int) -> None:
    assert to_wire(ImagePrompt("x", "512x512", quality=quality), model=LOADED, task="t")["steps"] == steps


def test_a_seed_of_zero_is_a_seed() -> None:
    assert to_wire(ImagePrompt("x", "512x512", seed=0), model=LOADED, task="t")["seed"] == 0


def test_a_checkpoint_stays_loaded() -> None:
    body = to_wire(ImagePrompt("x", "512x512"), model="sdxl", task="t")
    assert body["override_settings"] == {"sd_model_checkpoint": "sdxl"}
    assert body["override_settings_restore_afterwards"] is False


@pytest.mark.parametrize(
    ("info", "seeds", "model"),
    [
        ('{"all_seeds": [5, 6, 7], "sd_model_name": "m"}', (5, 6), "m"),
        ('{"all_seeds": [5]}', (5, None), "asked"),
        ('{"all_seeds": "x", "sd_model_name": 3, "index_of_first_image": "x"}', (None, None), "asked"),
        ('{"index_of_first_image": -2}', (None, None), "asked"),
        ("<html>", (None, None), "asked"),
        ("[]", (None, None), "asked"),
        (None, (None, None), "asked"),
    ],
)
def test_pictures_count_whatever_is_told_of_them(info: object, seeds: tuple[int | None, ...], model: str) -> None:
    found = drawn({"images": [PNG, f"data:image/png;base64,{PNG}"], "info": info}, count=2, model="asked")
    assert found is not None
    assert (tuple(image.seed for image in found[0]), found[1]) == (seeds, model)


@pytest.mark.parametrize("images", [None, {}, [], [PNG], [PNG, 3], [PNG, "!!"]])
def test_fewer_pictures_than_asked_for_are_none(images: object) -> None:
    assert drawn({"images": images, "info": "{}"}, count=2, model="m") is None


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({"progress": 0.4, "state": {"job_count": 1}, "current_task": "t"}, Progress(True, "t", 0.4)),
        ({"progress": 0.0, "state": {"job_count": 0}}, Progress(False, None, 0.0)),
        ({"progress": 0.01, "state": {"job_count": -1}, "current_task": "t"}, Progress(True, "t", 0.01)),
        ({"progress": 7, "state": {"job_count": 1}}, Progress(True, None, 1.0)),
        ({"state": "x", "current_task": 3}, Progress(False, None, None)),
        ({}, Progress(False, None, None)),
    ],
)
def test_progress(answer: dict[str, Any], found: Progress) -> None:
    assert progress(answer) == found


def test_an_idle_web_ui_is_at_nobodys_task() -> None:
    assert Progress(True, "t", None).of("t")
    assert not Progress(False, "t", None).of("t")
    assert not Progress(True, "other", None).of("t")
