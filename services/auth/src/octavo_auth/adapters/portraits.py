"""From bytes that somebody calls a picture of themselves to a small one that is safe to show: decoded, turned as its EXIF says, cut to a
square's side at most, and encoded anew, with no metadata and no second file inside.

Size is read from the header and refused before anything is decoded. One is decoded at a time, in a thread.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from octavo_auth.domain.model import Picture
from octavo_core.errors import Fault, InvalidInput, OctavoError, Throttled, TooLarge, UnsupportedMedia

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

KINDS = ("PNG", "JPEG", "WEBP", "GIF")
SIDE = 512
DECODE_S = 15.0
WAITING_MAX = 16
_WORDS = "PNG, JPEG, WebP or GIF"


class Portraits:
    def __init__(self, *, max_bytes: int, max_pixels: int) -> None:
        self._max_bytes = max_bytes
        self._max_pixels = max_pixels
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="portrait")
        self._waiting = 0

    async def read(self, data: bytes) -> Picture:
        """Raises `UnsupportedMedia`, `TooLarge`, `InvalidInput` (damaged), and `Throttled` when too many wait. A thread cannot be
        ended from outside: after `DECODE_S` the caller goes on, and what still runs is bounded by the pixels that were counted before."""
        if len(data) > self._max_bytes:
            raise _fault(TooLarge, f"the picture is larger than {self._max_bytes} bytes", f"at most {self._max_bytes} bytes")
        if self._waiting >= WAITING_MAX:
            raise Throttled("too many pictures are being looked at; try again in a moment", retry_after=5)
        self._waiting += 1
        try:
            async with asyncio.timeout(DECODE_S):
                return await asyncio.get_running_loop().run_in_executor(self._thread, self._read, data)
        except TimeoutError:
            raise _fault(InvalidInput, "the picture takes too long to decode", "a simpler picture") from None
        finally:
            self._waiting -= 1

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _read(self, data: bytes) -> Picture:
        # Here and not above: a process that nobody sends a picture to need not wait for the decoders.
        from PIL import Image, ImageOps, UnidentifiedImageError

        try:
            with warnings.catch_warnings():
                # Our own bound is stricter than Pillow's warning, which would say the same in other words.
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)
                with Image.open(io.BytesIO(data), formats=KINDS) as opened:
                    self._check_pixels(opened)
                    opened.draft("RGB", (SIDE, SIDE))
                    opened.load()
                    image = ImageOps.exif_transpose(opened).convert("RGBA" if opened.has_transparency_data else "RGB")
        except UnidentifiedImageError:
            raise _fault(UnsupportedMedia, f"is not a picture that is taken here ({_WORDS})", _WORDS) from None
        except Image.DecompressionBombError:
            raise self._too_many_pixels() from None
        except (OctavoError, MemoryError):
            raise
        except Exception:
            # Decoders raise anything: OSError, SyntaxError, ValueError, struct.error, ZeroDivisionError.
            raise _fault(InvalidInput, "the picture is damaged", f"a whole file of {_WORDS}") from None
        image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
        # A new image in between: `save` would write what the decoder found beside the pixels (comments, profiles).
        clean = Image.frombytes(image.mode, image.size, image.tobytes())
        written = io.BytesIO()
        if clean.mode == "RGBA":
            clean.save(written, "PNG")
        else:
            clean.save(written, "JPEG", quality=88)
        encoded = written.getvalue()
        return Picture("image/png" if clean.mode == "RGBA" else "image/jpeg", encoded, hashlib.sha256(encoded).hexdigest())

    def _check_pixels(self, opened: ImageFile) -> None:
        if opened.width * opened.height > self._max_pixels:
            raise self._too_many_pixels()

    def _too_many_pixels(self) -> InvalidInput:
        return _fault(TooLarge, f"the picture has more than {self._max_pixels} pixels", f"at most {self._max_pixels} pixels")


def _fault(kind: type[InvalidInput], message: str, allowed: str) -> InvalidInput:
    return kind(f"picture: {message}", faults=(Fault("picture", message, allowed),))
