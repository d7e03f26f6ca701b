"""Pictures by their first bytes, and sizes by their words."""

from __future__ import annotations

import base64

import pytest

from octavo_core.errors import InvalidInput
from octavo_generation.providers.pictures import picture_of, picture_of_base64
from octavo_generation.providers.port import Picture
from octavo_generation.providers.sizes import nearest_ratio, pixels_of

PNG = b"\x89PNG\r\n\x1a\n..."


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0...", "image/jpeg"),
        (b"GIF89a...", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"<html>", None),
        (b"", None),
    ],
)
def test_what_a_picture_is(data: bytes, kind: str | None) -> None:
    assert picture_of(data) == (Picture(data, kind) if kind else None)
    assert picture_of_base64(base64.b64encode(data).decode()) == picture_of(data)


@pytest.mark.parametrize("text", [None, 3, "", "!", "héllo", "data:image/png;base64,", "data:"])
def test_base64_that_is_none(text: object) -> None:
    assert picture_of_base64(text) is None


def test_a_data_url() -> None:
    assert picture_of_base64(f"data:image/jpeg;base64,{base64.b64encode(PNG).decode()}") == Picture(PNG, "image/png")


def test_pixels() -> None:
    assert pixels_of("1536x1024") == (1536, 1024)


@pytest.mark.parametrize("size", ["", "x", "1024", "1024x", "0x1", "1024X1024", "1024x1024 ", "-1x1", "100000x1", "1024x1024x3", "１x１"])
def test_a_size_that_is_none(size: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        pixels_of(size)
    assert caught.value.faults[0].path == "size"


@pytest.mark.parametrize(
    ("size", "ratio"),
    [("512x512", "1:1"), ("1536x1024", "3:2"), ("1792x1024", "16:9"), ("1024x1792", "9:16"), ("9999x1", "21:9"), ("1100x1000", "1:1")],
)
def test_the_nearest_shape(size: str, ratio: str) -> None:
    assert nearest_ratio(size, ("1:1", "3:2", "2:3", "16:9", "9:16", "21:9")) == ratio
