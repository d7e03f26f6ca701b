"""Our request in Stability AI's words, and its answers in ours (its API reference of v2beta/stable-image).

A size is told as one of nine ratios; each model has its own number of pixels for a ratio. A call makes one picture. The API takes the
seed 0 for "any", so that 0 stands for the last seed here; what was drawn with is in the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import orjson

from octavo_generation.providers.pictures import picture_of, picture_of_base64
from octavo_generation.providers.port import DrawnImage, ImagePrompt
from octavo_generation.providers.profile import ModelProfile
from octavo_generation.providers.sizes import nearest_ratio

RATIOS = ("1:1", "16:9", "21:9", "2:3", "3:2", "4:5", "5:4", "9:16", "9:21")
LAST_SEED = 4_294_967_294
FILTERED = "CONTENT_FILTERED"
"""The finish reason of a picture that the vendor blurs."""


def route(model: str) -> str:
    """Ultra and Core have a path each, all of Stable Diffusion 3.5 have one together."""
    service = "sd3" if model.startswith("sd3") else model.removeprefix("stable-image-")
    return f"/v2beta/stable-image/generate/{quote(service, safe='')}"


def seeds_of(prompt: ImagePrompt) -> tuple[int | None, ...]:
    """One for each picture: those after the first follow on the one that was asked for."""
    if prompt.seed is None:
        return (None,) * prompt.count
    return tuple((prompt.seed + index - 1) % LAST_SEED + 1 for index in range(prompt.count))


def to_form(prompt: ImagePrompt, *, model: str, profile: ModelProfile | None, seed: int | None) -> dict[str, str]:
    """The fields of the form, in this order."""
    image = profile.image if profile is not None else None
    fields = {"prompt": prompt.prompt, "aspect_ratio": nearest_ratio(prompt.size, RATIOS), "output_format": "png"}
    if model.startswith("sd3"):
        fields["model"] = model
    if seed is not None:
        fields["seed"] = str(seed)
    if prompt.negative_prompt and (image is None or image.negative_prompt):
        fields["negative_prompt"] = prompt.negative_prompt
    if prompt.style and (image is None or prompt.style in image.styles):
        fields["style_preset"] = prompt.style
    return fields


def headers_for(prompt: ImagePrompt) -> dict[str, str]:
    return {"stability-client-user-id": prompt.user[:256]} if prompt.user else {}


def finish_reason(body: bytes, headers: Mapping[str, str], media_type: str) -> str | None:
    """In the header of a bare picture, in the body of JSON; None where neither says."""
    found = _json(body).get("finish_reason") if media_type == "application/json" else headers.get("finish-reason")
    return found if isinstance(found, str) else None


def drawn(body: bytes, headers: Mapping[str, str], media_type: str, *, seed: int | None) -> DrawnImage | None:
    """None for an answer without a picture. A gateway may answer in JSON with base64 though bytes were asked for: both are the API's."""
    if media_type == "application/json":
        answer = _json(body)
        picture, told = picture_of_base64(answer.get("image")), answer.get("seed")
    else:
        picture, told = picture_of(body), headers.get("seed")
    if picture is None:
        return None
    text = str(told)
    return DrawnImage(picture, seed=int(text) if text.isascii() and text.isdigit() else seed)


def is_content_refusal(status: int, body: bytes) -> bool:
    return status == 403 and _json(body).get("name") == "content_moderation"


def _json(body: bytes) -> dict[str, object]:
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
