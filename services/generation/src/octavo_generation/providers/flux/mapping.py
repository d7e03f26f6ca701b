"""Our request in Black Forest Labs' words, and its answers in ours (its API reference, as of August 2026).

The model is the route and not a field. One task is one picture. The families differ in how the size is told, and in who may rewrite
the prompt: Octavo shows the prompt that was used, so rewriting is switched off wherever a family has a switch for it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import orjson

from octavo_generation.providers.port import ImagePrompt
from octavo_generation.providers.profile import ModelProfile
from octavo_generation.providers.sizes import nearest_ratio, pixels_of

GRID = 32
"""Widths and heights are multiples of this."""
RATIOS = ("1:1", "21:9", "16:9", "3:2", "4:3", "5:4", "9:21", "9:16", "2:3", "3:4", "4:5")
MODERATED = frozenset({"Request Moderated", "Content Moderated"})
FAILED = frozenset({"Error", "Failed", "Task not found"})

_NO_REWRITING: Mapping[str, dict[str, bool]] = {
    "flux-2-klein": {},
    "flux-2-flex": {"prompt_upsampling": False},
    "flux-2": {"disable_pup": True},
    "flux": {"prompt_upsampling": False},
}
"""By the beginning of the model's name, the first that fits."""


@dataclass(frozen=True, slots=True)
class Submitted:
    id: str
    polling_url: str | None


@dataclass(frozen=True, slots=True)
class Running:
    progress: float | None


@dataclass(frozen=True, slots=True)
class Ready:
    url: str
    seed: int | None
    prompt: str | None


@dataclass(frozen=True, slots=True)
class Ended:
    """Without a picture. `why` is for people."""

    why: str
    moderated: bool


def route(model: str) -> str:
    return f"/v1/{quote(model, safe='/')}"


def seeds_of(prompt: ImagePrompt) -> tuple[int | None, ...]:
    """One for each picture: those after the first follow on the one that was asked for."""
    return tuple(None if prompt.seed is None else prompt.seed + index for index in range(prompt.count))


def to_wire(prompt: ImagePrompt, *, model: str, profile: ModelProfile | None, seed: int | None) -> dict[str, Any]:
    body: dict[str, Any] = {"prompt": prompt.prompt, "output_format": "png"}
    if profile is not None and profile.image is not None and profile.image.size_parameter == "aspect_ratio":
        body["aspect_ratio"] = nearest_ratio(prompt.size, RATIOS)
    else:
        width, height = pixels_of(prompt.size)
        body |= {"width": _on_grid(width), "height": _on_grid(height)}
    if seed is not None:
        body["seed"] = seed
    return body | next((switch for family, switch in _NO_REWRITING.items() if model.startswith(family)), {})


def submitted(answer: dict[str, Any]) -> Submitted | None:
    """None for an answer without a task."""
    task, url = answer.get("id"), answer.get("polling_url")
    return Submitted(task, url if isinstance(url, str) else None) if isinstance(task, str) and task else None


def polling_address(task: Submitted, base_url: str) -> str:
    """Where the task is asked about. The vendor names one of its regions; the key goes along, so that a host outside the domain of
    `base_url` is not asked but `base_url` itself."""
    own = f"/v1/get_result?id={quote(task.id, safe='')}"
    if task.polling_url is None:
        return own
    named, base = urlsplit(task.polling_url), urlsplit(base_url)
    return task.polling_url if named.scheme == base.scheme and _same_domain(named.hostname, base.hostname) else own


def looked(answer: dict[str, Any]) -> Running | Ready | Ended | None:
    """What a look at a task found; None for an answer that says nothing of one."""
    status, result = answer.get("status"), answer.get("result")
    if not isinstance(status, str):
        return None
    if status == "Ready":
        result = result if isinstance(result, dict) else {}
        url, seed, prompt = result.get("sample"), result.get("seed"), result.get("prompt")
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            return None
        return Ready(url, seed if isinstance(seed, int) else None, prompt if isinstance(prompt, str) else None)
    if status in MODERATED or status in FAILED:
        return Ended(f"{status}{_details(answer.get('details'))}", moderated=status in MODERATED)
    # Pending, and what the vendor may call the stages of the way one day.
    return Running(_fraction(answer.get("progress")))


def is_content_refusal(status: int, body: bytes) -> bool:
    """Of an answer with an error's code that tells of a task nevertheless."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return isinstance(answer, dict) and answer.get("status") in MODERATED


def _on_grid(pixels: int) -> int:
    return max(GRID, round(pixels / GRID) * GRID)


def _fraction(progress: object) -> float | None:
    if isinstance(progress, bool) or not isinstance(progress, int | float):
        return None
    return min(max(float(progress), 0.0), 1.0)


def _details(details: object) -> str:
    """In the error's message: `{"Moderation Reasons": ["Derivative Works Filter"]}` as it stands, at most 300 characters."""
    return f" ({orjson.dumps(details).decode()[:300]})" if details else ""


def _same_domain(named: str | None, base: str | None) -> bool:
    if named is None or base is None:
        return False
    if named == base:
        return True
    domain = base.partition(".")[2]
    return "." in domain and not _is_address(base) and named.endswith(f".{domain}")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
