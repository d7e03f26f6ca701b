"""Our request in midjourney-proxy's words, and its answers in ours.

What Midjourney is to do stands in the prompt, as flags behind it. Of a person's prompt only the words may reach it: a flag such as
`--repeat 40`, or a choice such as `{red, green}`, would make many jobs of one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import orjson

from octavo_generation.providers.port import ImagePrompt
from octavo_generation.providers.sizes import nearest_ratio

RATIOS = ("1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "5:4", "4:5", "2:1", "1:2", "21:9", "9:21")
LAST_SEED = 4_294_967_295

SUBMITTED, EXISTS, QUEUED, QUEUE_FULL, BANNED, INVALID = 1, 21, 22, 23, 24, 4
"""Codes of an answer to a submission; each other one is an error that may pass."""

_FLAG = re.compile(r"-{2,}|[—–]")
_CHOICES = str.maketrans("{}", "()")
_UPSCALE = re.compile(r"MJ::JOB::upsample::([1-4])::")
_MODERATED = re.compile(r"banned|moderat|community guidelines|community standards|sensitive|敏感", re.IGNORECASE)
_INVALID = re.compile(r"invalid (parameter|link|request)|parameter error", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Task:
    """`upscales`: the button's id by the picture's place in the grid (1..4), where the gateway has buttons."""

    status: str
    progress: float | None
    url: str | None
    why: str
    upscales: Mapping[int, str] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        return self.status in ("FAILURE", "CANCEL")

    @property
    def moderated(self) -> bool:
        return _MODERATED.search(self.why) is not None

    @property
    def invalid(self) -> bool:
        return _INVALID.search(self.why) is not None


@dataclass(frozen=True, slots=True)
class Submission:
    code: int
    task: str | None
    why: str

    @property
    def accepted(self) -> bool:
        return self.code in (SUBMITTED, EXISTS, QUEUED) and self.task is not None


def imagine(prompt: ImagePrompt, *, model: str) -> dict[str, Any]:
    flags = [f"--ar {nearest_ratio(prompt.size, RATIOS)}"]
    if prompt.negative_prompt and (unwanted := _words(prompt.negative_prompt)):
        flags.append(f"--no {unwanted}")
    if prompt.style == "raw":
        flags.append("--style raw")
    if prompt.seed is not None:
        flags.append(f"--seed {prompt.seed % (LAST_SEED + 1)}")
    return {"prompt": " ".join([_words(prompt.prompt), *flags, *_version(model)])}


def upscale(grid: Task, grid_id: str, place: int) -> tuple[str, dict[str, Any]]:
    """Path and body. Gateways with buttons are told which to press, older ones the place."""
    if place in grid.upscales:
        return "/mj/submit/action", {"taskId": grid_id, "customId": grid.upscales[place]}
    return "/mj/submit/change", {"taskId": grid_id, "action": "UPSCALE", "index": place}


def fetch_path(task: str) -> str:
    return f"/mj/task/{quote(task, safe='')}/fetch"


def submission(answer: dict[str, Any]) -> Submission | None:
    """None for an answer without a code."""
    code, task = answer.get("code"), answer.get("result")
    if isinstance(code, bool) or not isinstance(code, int):
        return None
    # Some gateways write the id, a long number, without quotes.
    named = str(task) if isinstance(task, str | int) and not isinstance(task, bool) and task else None
    return Submission(code, named, _text(answer.get("description")))


def task_of(answer: dict[str, Any]) -> Task | None:
    """None for an answer without a status, and for a success without its picture."""
    status, url = answer.get("status"), answer.get("imageUrl")
    if not isinstance(status, str):
        return None
    url = url if isinstance(url, str) and url.startswith(("http://", "https://", "/")) else None
    if status == "SUCCESS" and url is None:
        return None
    why = _text(answer.get("failReason")) or _text(answer.get("description"))
    return Task(status, _fraction(answer.get("progress")), url, why, _upscales(answer.get("buttons")))


def is_content_refusal(status: int, body: bytes) -> bool:
    """Of a gateway that gives the code for a banned prompt with an error's status."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return isinstance(answer, dict) and answer.get("code") == BANNED


def _words(text: str) -> str:
    return " ".join(_FLAG.sub(" ", text).translate(_CHOICES).split())


def _version(model: str) -> list[str]:
    kind, _, version = model.partition("-")
    if not re.fullmatch(r"[0-9.]+", version):
        return []
    return [f"--niji {version}"] if kind == "niji" else [f"--v {version}"]


def _upscales(buttons: object) -> dict[int, str]:
    found: dict[int, str] = {}
    for button in buttons if isinstance(buttons, list) else ():
        name = button.get("customId") if isinstance(button, dict) else None
        if isinstance(name, str) and (match := _UPSCALE.match(name)):
            found[int(match[1])] = name
    return found


def _fraction(progress: object) -> float | None:
    """Of `43%`."""
    match = re.fullmatch(r"\s*([0-9]{1,3})\s*%\s*", progress) if isinstance(progress, str) else None
    return min(int(match[1]), 100) / 100 if match else None


def _text(found: object) -> str:
    return found[:300] if isinstance(found, str) else ""
