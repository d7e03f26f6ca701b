from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from octavo_core.pictures.limits import PictureLimits
from octavo_generation.api.openai.errors import Refused
from octavo_generation.api.openai.pictures import MAX_PICTURES, pictures_at
from octavo_generation.uploads.limits import UploadLimits

LIMITS = UploadLimits()


def picture(kind: str, side: int = 4) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (side, side), "teal").save(written, kind)
    return written.getvalue()


def data_url(data: bytes, label: str = "image/png") -> str:
    return f"data:{label};base64,{base64.b64encode(data).decode()}"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
async def test_the_bytes_say_what_it_is_whatever_the_label_says(kind: str) -> None:
    [copy] = await pictures_at([(data_url(picture(kind), "image/bmp"), "p")], LIMITS)
    assert copy.media_type in ("image/png", "image/jpeg")
    assert Image.open(io.BytesIO(copy.data)).size == (4, 4)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("data:image/png;base64,QUJD", "invalid_image_format"),
        ("data:image/png,ABC", "invalid_image_url"),
        ("data:image/png;base64,QUJ", "invalid_image"),
        (data_url(picture("PNG")[:40]), "invalid_image"),
        (data_url(picture("PNG", 101)), "image_too_large"),
        ("http://127.0.0.1/a.png", "invalid_image"),
        ("http://[::1]:80/a.png", "invalid_image"),
        ("http://169.254.169.254/latest/meta-data", "invalid_image"),
        ("file:///etc/passwd", "invalid_image_url"),
        ("", "invalid_image_url"),
    ],
)
async def test_what_is_refused(url: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        await pictures_at([(url, "messages[0].content")], UploadLimits(picture=PictureLimits(max_pixels=10_000)))
    assert (caught.value.code, caught.value.param) == (code, "messages[0].content")


async def test_a_request_holds_so_many_pictures() -> None:
    with pytest.raises(Refused) as caught:
        await pictures_at([("http://pictures.example.org/a.png", "p")] * (MAX_PICTURES + 1), LIMITS)
    assert caught.value.code == "too_many_images"
