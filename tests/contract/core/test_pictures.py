"""Pictures from strangers, through the real decoders: what comes out is small, clean and what it says."""

from __future__ import annotations

import asyncio
import base64
import io
import random
import struct
import threading
import zlib
from dataclasses import replace

import pytest
from PIL import Image, PngImagePlugin

from octavo_core.errors import InvalidInput, Throttled, TooLarge, UnsupportedMedia
from octavo_core.pictures.checking import CheckedPicture, check_base64, check_picture, in_thread
from octavo_core.pictures.limits import PictureLimits

LIMITS = PictureLimits()
SECRET = b"GPS 40.4168 N 3.7038 W"


def drawing(size: tuple[int, int] = (120, 80), mode: str = "RGB") -> Image.Image:
    """Left red, right blue, a gradient below, so that turns and mirrors show."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (size[0] // 2, 0, size[0], size[1]))
    image.paste(Image.linear_gradient("L").resize((size[0], size[1] // 2)), (0, size[1] // 2))
    return image.convert(mode)


def noise(size: tuple[int, int], seed: int = 1) -> Image.Image:
    return Image.frombytes("RGB", size, random.Random(seed).randbytes(size[0] * size[1] * 3))


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    written = io.BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def opened(picture: CheckedPicture) -> Image.Image:
    image = Image.open(io.BytesIO(picture.data))
    image.load()
    return image


@pytest.mark.parametrize(
    ("kind", "media_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("GIF", "image/gif")]
)
async def test_the_kind_is_told_by_the_content(kind: str, media_type: str) -> None:
    picture = await check_picture(encoded(drawing(), kind), LIMITS)
    assert picture.received_media_type == media_type
    assert (picture.width, picture.height) == (picture.received_width, picture.received_height) == (120, 80)
    copy = opened(picture)
    assert copy.size == (120, 80)
    assert Image.MIME[copy.format or ""] == picture.media_type
    red, _, blue = copy.convert("RGB").getpixel((5, 5))
    assert red > 200 > 60 > blue


async def test_a_large_picture_becomes_2048_on_its_longer_side() -> None:
    picture = await check_picture(encoded(drawing((3_000, 1_500)), "JPEG"), LIMITS)
    assert (picture.width, picture.height) == opened(picture).size == (2_048, 1_024)
    assert (picture.received_width, picture.received_height) == (3_000, 1_500)


async def test_a_small_one_is_not_made_larger() -> None:
    assert (await check_picture(encoded(drawing((3, 2)), "PNG"), LIMITS)).width == 3


@pytest.mark.parametrize(
    ("orientation", "size", "red_at"),
    [(1, (120, 80), (5, 5)), (2, (120, 80), (115, 5)), (3, (120, 80), (115, 75)), (6, (80, 120), (75, 5)), (8, (80, 120), (5, 115))],
)
async def test_it_is_turned_as_its_exif_says(orientation: int, size: tuple[int, int], red_at: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = await check_picture(encoded(drawing(), "JPEG", exif=exif, quality=95), LIMITS)
    copy = opened(picture)
    assert copy.size == size
    red, _, blue = copy.getpixel(red_at)
    assert red > 180 > 80 > blue
    assert not copy.getexif()


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
async def test_broken_metadata_of_a_good_picture_is_no_fault() -> None:
    picture = await check_picture(encoded(drawing(), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff"), LIMITS)
    assert picture.width == 120


async def test_nothing_but_pixels_comes_through() -> None:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", SECRET.decode())
    files = [
        encoded(drawing(), "JPEG", exif=exif, comment=SECRET, icc_profile=SECRET),
        encoded(drawing(), "PNG", pnginfo=text, exif=exif, icc_profile=SECRET),
        encoded(drawing(), "WEBP", exif=exif, xmp=SECRET),
        encoded(drawing(), "GIF", comment=SECRET),
    ]
    for file in files:
        assert SECRET in file or b"iCCP" in file
        picture = await check_picture(file, LIMITS)
        assert SECRET not in picture.data
        assert not set(opened(picture).info) & {"exif", "icc_profile", "comment", "Comment", "xmp"}


async def test_what_shows_through_stays_so() -> None:
    image = drawing(mode="RGBA")
    image.putpixel((0, 0), (0, 0, 0, 0))
    picture = await check_picture(encoded(image, "PNG"), LIMITS)
    assert picture.media_type == "image/png"
    assert opened(picture).getpixel((0, 0)) == (0, 0, 0, 0)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
async def test_all_kinds_of_pixels(mode: str) -> None:
    if mode == "I;16":
        image = Image.frombytes("I;16", (256, 1), b"".join(struct.pack("<H", value * 257) for value in range(256))).resize((256, 2))
    else:
        image = Image.linear_gradient("L").convert(mode) if mode not in ("CMYK", "RGBA") else drawing(mode=mode)
    picture = await check_picture(encoded(image, "JPEG" if mode == "CMYK" else "PNG"), LIMITS)
    lowest, highest = opened(picture).convert("L").getextrema()
    assert (lowest < 90, highest > 90) == (True, True)
    if mode == "I;16":
        values = list(opened(picture).convert("L").crop((0, 0, 256, 1)).tobytes())
        assert 120 <= values[128] <= 136, "16 bits are scaled, not cut off"


async def test_the_first_frame_of_many_counts() -> None:
    frames = [Image.new("RGB", (30, 30), "blue")] * 3
    for kind in ("GIF", "WEBP", "PNG"):
        picture = await check_picture(encoded(Image.new("RGB", (30, 30), "red"), kind, save_all=True, append_images=frames), LIMITS)
        red, _, blue = opened(picture).convert("RGB").getpixel((9, 9))
        assert red > 200 > 50 > blue


async def test_a_copy_that_is_too_large_is_made_smaller_until_it_fits() -> None:
    tight = replace(LIMITS, max_copy_bytes=60_000, max_bytes=20_000_000)
    opaque, clear = noise((1_000, 600)), noise((1_000, 600)).convert("RGBA")
    clear.putalpha(100)
    for image in (opaque, clear):
        picture = await check_picture(encoded(image, "PNG"), tight)
        assert len(picture.data) <= 60_000
        assert picture.media_type == "image/jpeg"
        assert opened(picture).size == (picture.width, picture.height)
        assert abs(picture.width / picture.height - 1_000 / 600) < 0.02


async def test_bytes_are_bounded_before_anything_else() -> None:
    with pytest.raises(TooLarge) as caught:
        await check_picture(b"x" * 1_025, replace(LIMITS, max_bytes=1_024), path="upload")
    assert (caught.value.faults[0].path, caught.value.faults[0].allowed) == ("upload", "at most 1024 bytes")


def bomb(width: int, height: int) -> bytes:
    """A PNG of so many pixels in few bytes, which decodes well."""
    squeeze = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    pixels = b"".join(squeeze.compress(row) for _ in range(height)) + squeeze.flush()
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)), (b"IDAT", pixels), (b"IEND", b"")]
    parts = [struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


async def test_pixels_are_counted_before_one_is_decoded() -> None:
    data = bomb(30_000, 30_000)
    assert len(data) < 200_000
    with pytest.raises(TooLarge) as caught:
        await check_picture(data, LIMITS)
    assert caught.value.faults[0].allowed == "at most 25000000 pixels"
    assert (await check_picture(bomb(5_000, 5_000), LIMITS)).width == 2_048, "as many as are allowed"


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "JPEG"])
async def test_a_header_that_claims_too_much(kind: str) -> None:
    data = bytearray(encoded(drawing(), kind, **({"lossless": True} if kind == "WEBP" else {})))
    if kind == "GIF":
        data[6:10] = struct.pack("<HH", 65_535, 65_535)
    elif kind == "JPEG":
        at = data.index(b"\xff\xc0") + 5
        data[at : at + 4] = struct.pack(">HH", 65_500, 65_500)
    else:
        at = data.index(b"VP8L") + 9
        bits = struct.unpack_from("<I", data, at)[0] & ~0xFFFFFFF
        data[at : at + 4] = struct.pack("<I", bits | (16_383 << 14) | 16_383)
    with pytest.raises(TooLarge):
        await check_picture(bytes(data), LIMITS)


async def test_text_that_unpacks_to_gigabytes_is_refused() -> None:
    data = encoded(drawing(), "PNG")
    body = b"Comment\x00\x00" + zlib.compress(bytes(50_000_000), 9)
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", zlib.crc32(b"zTXt" + body))
    with pytest.raises(InvalidInput, match="damaged"):
        await check_picture(data[:33] + chunk + data[33:], LIMITS)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
        b"%!PS-Adobe-3.0 EPSF-3.0",
        encoded(drawing(), "TIFF"),
        encoded(drawing(), "BMP"),
        encoded(drawing(), "ICO"),
        encoded(drawing(), "PPM"),
    ],
    ids=lambda data: repr(data[:8]),
)
async def test_other_kinds_are_not_taken(data: bytes) -> None:
    with pytest.raises(UnsupportedMedia) as caught:
        await check_picture(data, LIMITS, path="image")
    assert caught.value.faults[0].allowed == "PNG, JPEG, WebP or GIF"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
async def test_files_that_are_cut_off_or_two_files_at_once(kind: str) -> None:
    data = encoded(drawing(), kind)
    for broken in (data[: len(data) // 2], data[:-3], data + b"PK\x03\x04 and more"):
        with pytest.raises(InvalidInput) as caught:
            await check_picture(broken, LIMITS, path="upload")
        assert type(caught.value) is InvalidInput
        assert caught.value.faults[0].path == "upload"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
async def test_no_damage_makes_it_fall_over(kind: str) -> None:
    chance = random.Random(7)
    good = encoded(drawing((40, 30)), kind)
    for _ in range(150):
        data = bytearray(good)
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(4, len(data))] = chance.randrange(256)
        try:
            picture = await check_picture(bytes(data), LIMITS)
        except InvalidInput as error:
            assert error.faults[0].path == "image"  # noqa: PT017 - either end is right
        else:
            assert opened(picture).size == (picture.width, picture.height)


async def test_base64_of_it_is_the_same_picture() -> None:
    data = encoded(drawing(), "PNG")
    assert await check_base64(base64.b64encode(data).decode(), LIMITS) == await check_picture(data, LIMITS)


@pytest.mark.parametrize("text", ["====", "AAA", "@@@@", "AAAA\nAAAA", "AA=AAAAA", "ÄÄÄÄ", "-_-_"])
async def test_what_is_not_base64(text: str) -> None:
    with pytest.raises(InvalidInput, match="is not base64"):
        await check_base64(text, LIMITS)


async def test_base64_of_too_much_is_not_decoded() -> None:
    with pytest.raises(TooLarge):
        await check_base64("A" * 2_000, replace(LIMITS, max_bytes=1_024))


async def test_one_that_takes_too_long_does_not_hold_its_caller() -> None:
    released = threading.Event()
    try:
        with pytest.raises(InvalidInput, match="too long to decode"):
            await in_thread(released.wait, replace(LIMITS, decode_s=0.05), path="image")
    finally:
        released.set()
    assert (await check_picture(encoded(drawing(), "PNG"), LIMITS)).width == 120


async def test_when_all_threads_are_busy_one_is_told_to_come_back() -> None:
    released, running = threading.Event(), threading.Semaphore(0)

    def hold() -> bool:
        running.release()
        return released.wait(30)

    busy = [asyncio.create_task(in_thread(hold, LIMITS, path="image")) for _ in range(2)]
    try:
        for _ in busy:
            assert await asyncio.to_thread(running.acquire, timeout=30)
        with pytest.raises(Throttled) as caught:
            await check_picture(encoded(drawing(), "PNG"), replace(LIMITS, queue_s=0.1))
        assert caught.value.retry_after == 5
    finally:
        released.set()
        assert await asyncio.gather(*busy) == [True, True]


async def test_many_at_once_all_come_out() -> None:
    files = [encoded(drawing((60 + n, 40)), "PNG") for n in range(20)]
    pictures = await asyncio.gather(*(check_picture(file, LIMITS) for file in files))
    assert [picture.width for picture in pictures] == [60 + n for n in range(20)]
