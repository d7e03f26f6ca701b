"""Octavo's words and midjourney-proxy's."""

from __future__ import annotations

from typing import Any

import pytest

from octavo_generation.providers.midjourney.mapping import Submission, Task, fetch_path, imagine, submission, task_of, upscale
from octavo_generation.providers.port import ImagePrompt
from octavo_generation.providers.profile import profile_of


def text(prompt: str, *, model: str = "midjourney", size: str = "1024x1024", **more: Any) -> str:
    found: str = imagine(ImagePrompt(prompt, size, **more), model=model)["prompt"]
    return found


@pytest.mark.parametrize(
    ("model", "flags"),
    [
        ("midjourney", ""),
        ("midjourney-7", " --v 7"),
        ("midjourney-6.1", " --v 6.1"),
        ("niji-6", " --niji 6"),
        ("midjourney-7 --repeat 9", ""),
    ],
)
def test_the_version_is_in_the_models_name(model: str, flags: str) -> None:
    assert text("a fox", model=model) == f"a fox --ar 1:1{flags}"
    assert profile_of("midjourney").model(model) is not None


@pytest.mark.parametrize("name", sorted(profile_of("midjourney").models))
def test_every_size_of_a_profile_is_another_ratio(name: str) -> None:
    image = profile_of("midjourney").models[name].image
    assert image is not None
    assert image.default_size in image.sizes
    ratios = [text("x", size=size).removeprefix("x --ar ") for size in image.sizes]
    assert ratios == ["1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3"]


def test_all_flags_in_their_order() -> None:
    flags = text("a fox", seed=2**32 + 5, negative_prompt="snow", style="raw", model="midjourney-7")
    assert flags == "a fox --ar 1:1 --no snow --style raw --seed 5 --v 7"
    assert text("a fox", seed=0, style="vivid", quality="hd") == "a fox --ar 1:1 --seed 0"


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("a fox --repeat 40", "a fox repeat 40"),
        ("a fox --  turbo", "a fox turbo"),
        ("a fox —v 4 –ar 1:2", "a fox v 4 ar 1:2"),
        ("a {red, {blue}} fox", "a (red, (blue)) fox"),
        ("a fox\n\n--seed 1\n", "a fox seed 1"),
        ("----ar 3:1 -—-v 4", "ar 3:1 - -v 4"),
        ("10 - 20 well-known foxes", "10 - 20 well-known foxes"),
    ],
)
def test_only_the_words_of_a_persons_prompt_reach_it(prompt: str, words: str) -> None:
    assert text(prompt) == f"{words} --ar 1:1"
    assert text("x", negative_prompt=prompt) == f"x --ar 1:1 --no {words}"


def test_pictures_are_upscaled_by_place_or_by_button() -> None:
    older = Task("SUCCESS", 1.0, "https://x", "")
    assert upscale(older, "7", 2) == ("/mj/submit/change", {"taskId": "7", "action": "UPSCALE", "index": 2})
    newer = Task("SUCCESS", 1.0, "https://x", "", {2: "MJ::JOB::upsample::2::abc"})
    assert upscale(newer, "7", 2) == ("/mj/submit/action", {"taskId": "7", "customId": "MJ::JOB::upsample::2::abc"})


def test_a_tasks_id_cannot_add_to_the_address() -> None:
    assert fetch_path("7/../x?y") == "/mj/task/7%2F..%2Fx%3Fy/fetch"


@pytest.mark.parametrize(
    ("answer", "found", "accepted"),
    [
        ({"code": 1, "result": "7", "description": "ok"}, Submission(1, "7", "ok"), True),
        ({"code": 21, "result": 7}, Submission(21, "7", ""), True),
        ({"code": 22, "result": "7"}, Submission(22, "7", ""), True),
        ({"code": 23, "result": "7"}, Submission(23, "7", ""), False),
        ({"code": 24, "description": "banned"}, Submission(24, None, "banned"), False),
        ({"code": 1, "result": ""}, Submission(1, None, ""), False),
        ({"code": 1, "result": True}, Submission(1, None, ""), False),
    ],
)
def test_a_submission(answer: dict[str, Any], found: Submission, accepted: bool) -> None:
    assert submission(answer) == found
    assert found.accepted is accepted


@pytest.mark.parametrize("answer", [{}, {"code": "1"}, {"code": True}])
def test_a_submission_that_is_none(answer: dict[str, Any]) -> None:
    assert submission(answer) is None


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({"status": "NOT_START", "progress": ""}, Task("NOT_START", None, None, "")),
        ({"status": "IN_PROGRESS", "progress": "43%"}, Task("IN_PROGRESS", 0.43, None, "")),
        ({"status": "IN_PROGRESS", "progress": "900%"}, Task("IN_PROGRESS", 1.0, None, "")),
        ({"status": "SUCCESS", "imageUrl": "https://x"}, Task("SUCCESS", None, "https://x", "")),
        ({"status": "SUCCESS", "imageUrl": ""}, None),
        ({"status": "FAILURE", "failReason": "f", "description": "d"}, Task("FAILURE", None, None, "f")),
        ({"status": None}, None),
    ],
)
def test_a_task(answer: dict[str, Any], found: Task | None) -> None:
    assert task_of(answer) == found


def test_buttons_that_upscale() -> None:
    names = ["MJ::JOB::upsample::3::abc", "MJ::JOB::upsample_v5_2x::1::x", "MJ::JOB::variation::1::abc", 3, None]
    found = task_of({"status": "SUCCESS", "imageUrl": "https://x", "buttons": [{"customId": name} for name in names] + [7]})
    assert found is not None
    assert found.upscales == {3: "MJ::JOB::upsample::3::abc"}


@pytest.mark.parametrize(
    ("why", "moderated", "invalid"),
    [
        ("[Banned prompt detected] x", True, False),
        ("Our AI moderator thinks this", True, False),
        ("可能包含敏感词", True, False),
        ("[Invalid parameter] Invalid value", False, True),
        ("Timeout", False, False),
    ],
)
def test_why_a_task_failed(why: str, moderated: bool, invalid: bool) -> None:
    task = Task("FAILURE", None, None, why)
    assert (task.failed, task.moderated, task.invalid) == (True, moderated, invalid)
