"""From bytes that a stranger calls a picture to a small, clean copy that a model may see.

The copy is encoded anew: turned as its EXIF says, with no metadata, no second file inside, at most 2048 pixels on a side and 2 MiB.
The original is not kept. Colour profiles are dropped without converting: that a phone's red is a shade off tells a model nothing, and
a colour engine is one more parser for hostile data.
"""

from __future__ import annotations

import asyncio
import binascii
import functools
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from PIL import Image

from octavo_core.errors import Fault, InvalidInput, OctavoError, Throttled, TooLarge, UnsupportedMedia
from octavo_core.pictures.anatomy import MEDIA_TYPES, Anatomy, NotWhole, kind_of, size_of
from octavo_core.pictures.limits import KINDS, PictureLimits

Result = TypeVar("Result")

_THREADS = 2
"""A decoded picture takes up to 200 MB for a moment."""
_SMALLER = 0.75
_LEAST_SIDE = 64


@dataclass(frozen=True, slots=True)
class CheckedPicture:
    """The copy, and of what it is one. `media_type` is image/jpeg or image/png; `received_*` are told by the content."""

    data: bytes
    media_type: str
    width: int
    height: int
    received_media_type: str
    received_width: int
    received_height: int


async def check_picture(data: bytes, limits: PictureLimits, *, path: str = "image") -> CheckedPicture:
    """Any number at once; two are decoded at a time, in threads. `path` is the field that faults name.

    Raises `UnsupportedMedia` (no picture that is taken), `TooLarge` (bytes, pixels), `InvalidInput` (cut off, damaged, two files in
    one, too long to decode), and `Throttled` when too many wait. A thread cannot be ended from outside: after `decode_s` the caller
    goes on, and what still runs is bounded by the pixels and scans that were counted before.
    """
    check_bytes(len(data), limits, path=path)
    return await in_thread(functools.partial(copy_of, data, limits, path=path), limits, path=path)


async def check_base64(text: str, limits: PictureLimits, *, path: str = "image") -> CheckedPicture:
    """As `check_picture`, of standard base64; decoded in the thread as well."""
    check_bytes(len(text) // 4 * 3 - 2, limits, path=path)
    return await in_thread(lambda: copy_of(_decoded(text, limits, path), limits, path=path), limits, path=path)


def check_bytes(size: int, limits: PictureLimits, *, path: str) -> None:
    if size > limits.max_bytes:
        raise _fault(TooLarge, path, f"the picture is larger than {limits.max_bytes} bytes", f"at most {limits.max_bytes} bytes")


def copy_of(data: bytes, limits: PictureLimits, *, path: str) -> CheckedPicture:
    """The work itself, for a thread."""
    kind = kind_of(data)
    if kind is None:
        raise _fault(UnsupportedMedia, path, f"is not a picture that is taken here ({KINDS})", KINDS)
    try:
        anatomy = size_of(data, kind)
        _check_pixels(anatomy.width * anatomy.height, limits, path)
        image = _decoded_image(data, anatomy, limits, path)
    except NotWhole as error:
        raise _fault(InvalidInput, path, f"the picture {error}", f"a whole file of {KINDS}") from None
    encoded, media_type, image = _encoded(image, limits.max_copy_bytes)
    return CheckedPicture(encoded, media_type, image.width, image.height, MEDIA_TYPES[kind], anatomy.width, anatomy.height)


async def in_thread(work: Callable[[], Result], limits: PictureLimits, *, path: str) -> Result:
    loop, started = asyncio.get_running_loop(), asyncio.Event()

    def run() -> Result:
        loop.call_soon_threadsafe(started.set)
        return work()

    future = loop.run_in_executor(_threads(), run)
    try:
        async with asyncio.timeout(limits.queue_s):
            await started.wait()
    except TimeoutError:
        future.cancel()
        raise Throttled("too many pictures are being looked at; try again in a moment", retry_after=5) from None
    try:
        async with asyncio.timeout(limits.decode_s):
            return await future
    except TimeoutError:
        raise _fault(InvalidInput, path, "the picture takes too long to decode", "a simpler picture") from None


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_THREADS, thread_name_prefix="pictures")


def _decoded(text: str, limits: PictureLimits, path: str) -> bytes:
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError):
        raise _fault(InvalidInput, path, "is not base64", "base64 of the file, or a data: URL with it") from None
    check_bytes(len(data), limits, path=path)
    return data


def _decoded_image(data: bytes, anatomy: Anatomy, limits: PictureLimits, path: str) -> Image.Image:
    """Raises `NotWhole` for whatever a decoder trips over, in its own many words or not."""
    try:
        # The one decoder of the kind that was told, and no other that finds something for itself in the same bytes.
        with Image.open(io.BytesIO(data), formats=[anatomy.kind]) as opened:
            _check_pixels(opened.width * opened.height, limits, path)
            # JPEGs are decoded at a fraction of their size where that is enough.
            opened.draft(None, (limits.max_side, limits.max_side))
            opened.load()
            image = _plain(opened)
            turn = _turn(opened)
        image.thumbnail((limits.max_side, limits.max_side), Image.Resampling.LANCZOS, reducing_gap=2.0)
        return image if turn is None else image.transpose(turn)
    except (OctavoError, MemoryError):
        raise
    except Exception:
        # Decoders raise anything: OSError, SyntaxError, ValueError, struct.error, ZeroDivisionError.
        raise NotWhole("is damaged") from None


def _turn(image: Image.Image) -> Image.Transpose | None:
    try:
        return _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    except Exception:
        # Broken metadata of a good picture.
        return None


def _plain(image: Image.Image) -> Image.Image:
    """RGB, or RGBA where something shows through."""
    if image.mode.startswith("I"):
        # 16 bits a pixel: a plain conversion cuts off at 255 and leaves white.
        image = image.convert("I").point(lambda value: value * (1 / 256) + 0).convert("L")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return image if image.getchannel("A").getextrema() != (255, 255) else image.convert("RGB")
    return image.convert("RGB")


def _encoded(image: Image.Image, most: int) -> tuple[bytes, str, Image.Image]:
    """PNG where something shows through or few colours make sharp edges, JPEG for the rest; smaller until it fits into `most` bytes."""
    if image.mode == "RGBA" or image.getcolors(256) is not None:
        encoded = _saved(image, "PNG", optimize=False)
        if len(encoded) <= most:
            return encoded, "image/png", image
    if image.mode == "RGBA":
        # JPEG has no alpha: what shows through is white, as on a page.
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    while True:
        encoded = _saved(image, "JPEG", quality=90)
        if len(encoded) <= most or max(image.size) <= _LEAST_SIDE:
            return encoded, "image/jpeg", image
        width, height = (max(1, round(side * _SMALLER)) for side in image.size)
        image = image.resize((width, height), Image.Resampling.LANCZOS)


def _saved(image: Image.Image, kind: str, **options: int) -> bytes:
    # A new image in between: `save` would write what the decoder found beside the pixels (comments, profiles).
    clean = Image.frombytes(image.mode, image.size, image.tobytes())
    written = io.BytesIO()
    clean.save(written, kind, **options)
    return written.getvalue()


def _check_pixels(pixels: int, limits: PictureLimits, path: str) -> None:
    if pixels > limits.max_pixels:
        message = f"the picture has {pixels} pixels; at most {limits.max_pixels} are taken"
        raise _fault(TooLarge, path, message, f"at most {limits.max_pixels} pixels")


def _fault(kind: type[InvalidInput], path: str, message: str, allowed: str) -> InvalidInput:
    return kind(f"{path}: {message}", faults=(Fault(path, message, allowed),))


_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF's orientations, and what undoes them."""
