"""What counts as a picture."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib

import pytest
from PIL import Image

from octavo_core.errors import ProviderError
from octavo_generation.images import pictures
from octavo_generation.images.pictures import check_picture
from octavo_generation.providers.port import Picture


def encoded(kind: str, mode: str = "RGB", size: tuple[int, int] = (20, 10)) -> bytes:
    output = io.BytesIO()
    Image.new(mode, size, 1 if mode in ("1", "L", "P", "I") else None).save(output, kind)
    return output.getvalue()


@pytest.mark.parametrize(("kind", "media_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")])
def test_the_usual_types_are_kept_as_they_are_whatever_they_are_called(kind: str, media_type: str) -> None:
    data = encoded(kind)
    checked = check_picture(Picture(data, "image/svg+xml"), provider="p")
    assert (checked.data, checked.media_type, checked.width, checked.height) == (data, media_type, 20, 10)
    assert checked.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(("kind", "mode"), [("GIF", "RGB"), ("BMP", "RGB"), ("TIFF", "RGBA"), ("TIFF", "CMYK"), ("TIFF", "F")])
def test_others_become_png(kind: str, mode: str) -> None:
    checked = check_picture(Picture(encoded(kind, mode), "image/x"), provider="p")
    assert checked.media_type == "image/png"
    with Image.open(io.BytesIO(checked.data)) as image:
        assert (image.format, image.size) == ("PNG", (20, 10))


@pytest.mark.parametrize("wanted", ["image/png", "image/jpeg", "image/webp"])
@pytest.mark.parametrize("mode", ["RGBA", "P", "L", "LA", "1"])
def test_a_type_that_is_asked_for(wanted: str, mode: str) -> None:
    checked = check_picture(Picture(encoded("PNG", mode), "image/png"), provider="p", media_type=wanted)
    assert checked.media_type == wanted
    with Image.open(io.BytesIO(checked.data)) as image:
        assert image.get_format_mimetype() == wanted


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html></html>",
        b"\x89PNG\r\n\x1a\n",
        encoded("PNG")[:-35],
        encoded("JPEG")[:100],
        b"GIF89a",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0",
    ],
    ids=["empty", "html", "png-signature", "png-cut", "jpeg-cut", "gif-signature", "svg", "postscript"],
)
def test_what_is_no_whole_picture_is_an_error_of_the_providers(data: bytes) -> None:
    with pytest.raises(ProviderError, match="dalle3 answered with something that is not a whole picture") as caught:
        check_picture(Picture(data, "image/png"), provider="dalle3")
    assert caught.value.provider == "dalle3"
    assert caught.value.retryable


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that says it is this large."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [8_200, 30_000, 2**31 - 1])
def test_a_small_file_that_unpacks_to_a_huge_picture_is_not_unpacked(side: int) -> None:
    with pytest.raises(ProviderError, match=r"pixels|not a whole picture"):
        check_picture(Picture(bomb(side, side), "image/png"), provider="p")


def test_a_file_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_BYTES", 50)
    with pytest.raises(ProviderError, match="more than 50 bytes"):
        check_picture(Picture(encoded("PNG"), "image/png"), provider="p")
