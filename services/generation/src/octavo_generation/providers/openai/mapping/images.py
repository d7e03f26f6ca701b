"""Image generations: three generations of parameters behind one path, told apart by the model's profile.

DALL-E takes size, quality, style and `response_format`. GPT Image has qualities of its own and no style, refuses `response_format` and
always sends base64. xAI's take an aspect ratio or nothing for the size, and no quality or style.
"""

from __future__ import annotations

import base64
import binascii
import math
from dataclasses import dataclass
from typing import Any

from octavo_core.errors import Moderated, ProviderError
from octavo_generation.providers.port import DrawnImage, ImagePrompt, Picture, Usage
from octavo_generation.providers.profile import ImageAbilities

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
)


@dataclass(frozen=True, slots=True)
class Linked:
    """A picture that is still at an address."""

    url: str
    revised_prompt: str | None


def to_wire(prompt: ImagePrompt, count: int, *, model: str, image: ImageAbilities | None, response_format: bool) -> dict[str, Any]:
    """`response_format`: whether a model without a profile is asked for base64. What the model does not know is left out."""
    body: dict[str, Any] = {"model": model, "prompt": prompt.prompt, "n": count}
    if image is None or image.size_parameter == "size":
        body["size"] = prompt.size
    elif image.size_parameter == "aspect_ratio":
        body["aspect_ratio"] = aspect_ratio(prompt.size)
    optional = {
        "quality": prompt.quality if image is None or image.qualities else None,
        "style": prompt.style if image is None or image.styles else None,
        "seed": prompt.seed if image is not None and image.seed else None,
        "negative_prompt": prompt.negative_prompt if image is not None and image.negative_prompt else None,
        "response_format": "b64_json" if (response_format if image is None else image.response_format) else None,
        "user": prompt.user,
    }
    return body | {name: value for name, value in optional.items() if value is not None}


def calls(count: int, image: ImageAbilities | None) -> list[int]:
    """How many pictures each call is for, where one call may not ask for all."""
    most = image.max_images if image is not None else count
    whole, rest = divmod(count, most)
    return [most] * whole + ([rest] if rest else [])


def from_wire(answer: dict[str, Any], *, provider: str) -> list[DrawnImage | Linked]:
    """Raises `ProviderError` for an answer without pictures, `Moderated` where a filter took one."""
    data = answer.get("data")
    if not isinstance(data, list) or not data:
        raise ProviderError(f"{provider} answered without a picture", provider=provider)
    return [_image(item if isinstance(item, dict) else {}, provider) for item in data]


def drawn(data: bytes, revised_prompt: str | None, *, provider: str) -> DrawnImage:
    """The media type is read from the picture itself: servers name it wrongly, or not at all."""
    media_type = media_type_of(data)
    if media_type is None:
        raise ProviderError(f"{provider} answered with something that is not a picture", provider=provider)
    return DrawnImage(Picture(data, media_type), revised_prompt)


def usage_of(answer: dict[str, Any], images: int) -> Usage:
    usage: Any = answer.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    counts = [usage.get("input_tokens"), usage.get("output_tokens")]
    prompt, completion = (count if isinstance(count, int) and not isinstance(count, bool) else None for count in counts)
    return Usage(prompt, completion, images)


def aspect_ratio(size: str) -> str:
    """`1280x720` is `16:9`."""
    width, height = (int(side) for side in size.split("x"))
    common = math.gcd(width, height)
    return f"{width // common}:{height // common}"


def media_type_of(data: bytes) -> str | None:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((media_type for magic, media_type in _MAGIC if data.startswith(magic)), None)


def _image(item: dict[str, Any], provider: str) -> DrawnImage | Linked:
    revised = item.get("revised_prompt")
    revised = revised if isinstance(revised, str) and revised else None
    encoded, url = item.get("b64_json"), item.get("url")
    if not isinstance(encoded, str) or not encoded:
        encoded = url.partition(",")[2] if isinstance(url, str) and url.startswith("data:") else None
    if encoded is not None:
        try:
            data = base64.b64decode(encoded.partition(",")[2] if encoded.startswith("data:") else encoded, validate=True)
        except (binascii.Error, ValueError):
            raise ProviderError(f"{provider} answered with a picture that is not base64", provider=provider) from None
        return drawn(data, revised, provider=provider)
    if isinstance(url, str) and url.startswith(("http://", "https://")):
        return Linked(url, revised)
    if item.get("respect_moderation") is False:
        # xAI answers 200 and leaves the picture out.
        raise Moderated(f"{provider} refused this for its content: the picture was rejected by its moderation")
    raise ProviderError(f"{provider} answered without a picture", provider=provider)
