"""Whether bytes that came from elsewhere are the picture that they say they are."""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass

from PIL import Image

from octavo_core.errors import ProviderError
from octavo_generation.images.paths import ENDINGS
from octavo_generation.providers.port import Picture

MAX_PIXELS = 8192 * 8192
MAX_BYTES = 64 * 1_048_576
_READ = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
_MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
_MODES = {"PNG": ("1", "L", "LA", "I;16", "P", "RGB", "RGBA"), "JPEG": ("L", "RGB", "CMYK"), "WEBP": ("RGB", "RGBA")}


@dataclass(frozen=True, slots=True)
class CheckedPicture:
    """What the bytes themselves say; `size` is WIDTHxHEIGHT in pixels, `sha256` in hexadecimal."""

    data: bytes
    media_type: str
    width: int
    height: int
    sha256: str


def check_picture(picture: Picture, *, provider: str, media_type: str | None = None) -> CheckedPicture:
    """Decodes all of it, which takes some 20 ms a megapixel: not for the event loop.

    PNG, JPEG and WebP are kept as they are, whatever `picture.media_type` says; other types become PNG, and with `media_type` the
    result is of that type. Raises `ProviderError` for what is no picture, is broken, or is too large.
    """
    if len(picture.data) > MAX_BYTES:
        raise ProviderError(f"{provider} answered with a picture of more than {MAX_BYTES} bytes", provider=provider)
    try:
        with warnings.catch_warnings():
            # Pillow's own bound is looser than ours, and a warning only.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(picture.data), formats=_READ) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise ProviderError(f"{provider} answered with a picture of more than {MAX_PIXELS} pixels", provider=provider)
                image.load()
                found = _MEDIA_TYPES.get(image.format or "")
                wanted = media_type or found or "image/png"
                data = picture.data if found == wanted else _encoded(image, wanted)
                return CheckedPicture(data, wanted, image.width, image.height, hashlib.sha256(data).hexdigest())
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError) as error:
        kind = type(error).__name__
        raise ProviderError(f"{provider} answered with something that is not a whole picture ({kind})", provider=provider) from None


def _encoded(image: Image.Image, media_type: str) -> bytes:
    """Without loss where the type can do that."""
    kind = next(name for name, known in _MEDIA_TYPES.items() if known == media_type)
    assert media_type in ENDINGS
    if image.mode not in _MODES[kind]:
        image = image.convert("RGBA" if kind != "JPEG" and image.has_transparency_data else "RGB")
    output = io.BytesIO()
    image.save(output, kind, **({"quality": 95} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}))
    return output.getvalue()
