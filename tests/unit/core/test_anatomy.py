"""Files that are not quite pictures, told by their outer shape."""

from __future__ import annotations

import contextlib
import io
import struct
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from octavo_core.pictures.anatomy import MAX_SCANS, NotWhole, kind_of, size_of

FORMATS = ["PNG", "JPEG", "WEBP", "GIF"]


def picture(kind: str, size: tuple[int, int] = (37, 23), **options: object) -> bytes:
    image = Image.linear_gradient("L").resize(size).convert("RGB")
    written = io.BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def shape(data: bytes) -> tuple[int, int]:
    kind = kind_of(data)
    assert kind is not None
    found = size_of(data, kind)
    return found.width, found.height


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("size", [(1, 1), (37, 23), (300, 2)])
def test_kind_and_size(kind: str, size: tuple[int, int]) -> None:
    data = picture(kind, size)
    assert kind_of(data) == kind
    assert shape(data) == size


@pytest.mark.parametrize(
    "data",
    [
        picture("JPEG", progressive=True),
        picture("WEBP", lossless=True),
        picture("WEBP", exif=b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x00\x00"),
        picture("WEBP", save_all=True, append_images=[Image.new("RGB", (37, 23), "red")]),
        picture("GIF", save_all=True, append_images=[Image.new("RGB", (37, 23), "red")], comment=b"hello"),
        picture("PNG", save_all=True, append_images=[Image.new("RGB", (37, 23), "red")]),
        picture("JPEG", restart_marker_blocks=1),
    ],
    ids=["progressive", "lossless", "exif", "animated webp", "animated gif", "apng", "restarts"],
)
def test_the_formats_many_shapes(data: bytes) -> None:
    assert shape(data) == (37, 23)


@pytest.mark.parametrize("kind", FORMATS)
def test_cut_off_anywhere_it_is_not_whole(kind: str) -> None:
    data = picture(kind)
    for length in range(12, len(data)):
        with pytest.raises(NotWhole):
            shape(data[:length])


@pytest.mark.parametrize("kind", FORMATS)
def test_what_goes_on_after_its_end_is_two_files(kind: str) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("Evil.class", b"x")
    for rest in (b"x", archive.getvalue(), b"<?php", b"%PDF-1.7"):
        with pytest.raises(NotWhole, match="goes on after its end"):
            shape(picture(kind) + rest)
    assert shape(picture(kind) + bytes(512)) == (37, 23), "padding is harmless"


def test_what_phones_put_behind_a_jpeg_is_taken() -> None:
    assert shape(picture("JPEG") + picture("JPEG", (5, 5))) == (37, 23)
    assert shape(picture("JPEG") + b"\x00\x00\x01\x0a\x0e\x00\x00\x00Image_UTC_Data1SEFH\x00\x00SEFT") == (37, 23)


def test_an_archive_inside_what_is_taken_is_refused() -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("Evil.class", b"x")
    data = picture("JPEG", comment=archive.getvalue())
    with pytest.raises(NotWhole, match="another kind of file"):
        shape(data)
    with pytest.raises(NotWhole, match="another kind of file"):
        shape(picture("JPEG", comment=b"%PDF-1.7 and so on"))
    assert shape(picture("JPEG", comment=b"PK\x05\x06 in passing")) == (37, 23)


def test_a_flipped_bit_in_a_png_is_seen() -> None:
    data = bytearray(picture("PNG"))
    data[data.index(b"IDAT") + 9] ^= 1
    with pytest.raises(NotWhole, match="damaged"):
        shape(bytes(data))


def test_a_size_is_read_without_a_pixel() -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1_000))), (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )
    assert shape(data) == (60_000, 60_000)


def test_a_gifs_first_frame_may_be_larger_than_its_screen() -> None:
    data = bytearray(picture("GIF"))
    data[6:10] = struct.pack("<HH", 1, 1)
    assert shape(bytes(data)) == (37, 23)


def test_thousands_of_scans_over_one_picture() -> None:
    data = picture("JPEG", (200, 200), progressive=True)
    last = data.rindex(b"\xff\xda")
    assert shape(data[:-2] + data[last:-2] * 5 + data[-2:]) == (200, 200)
    with pytest.raises(NotWhole, match=f"more than {MAX_SCANS} scans"):
        shape(data[:-2] + data[last:-2] * MAX_SCANS + data[-2:])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8",
        b"BM\x00\x00",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"II*\x00",
        b"RIFF\x00\x00\x00\x00WAVE",
        b"PK",
    ],
)
def test_other_kinds(data: bytes) -> None:
    assert kind_of(data) is None


@pytest.mark.parametrize("magic", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF\x40\x00\x00\x00WEBP"])
@given(rest=st.binary(max_size=200))
def test_no_bytes_make_it_fall_over(magic: bytes, rest: bytes) -> None:
    with contextlib.suppress(NotWhole):
        shape(magic + rest)


@pytest.mark.parametrize("kind", FORMATS)
@given(at=st.integers(12, 200), byte=st.integers(0, 255))
def test_no_changed_byte_makes_it_fall_over(kind: str, at: int, byte: int) -> None:
    data = bytearray(picture(kind))
    data[at % len(data)] = byte
    if kind_of(bytes(data)) is not None:
        with contextlib.suppress(NotWhole):
            shape(bytes(data))
