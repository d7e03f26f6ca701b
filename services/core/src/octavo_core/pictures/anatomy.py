"""The outer shape of PNG, JPEG, WebP and GIF files, read without decoding a pixel: kind, size, and whether the file is whole and is
nothing but a picture.

Decoders forgive what a checker must not: a file that ends too soon, bytes after its end (a ZIP archive there makes it two files at
once), thousands of scans over the same pixels. Sources: PNG (W3C), ITU-T T.81 annex B, RFC 9649 (WebP), GIF89a.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["PNG", "JPEG", "WEBP", "GIF"]

MEDIA_TYPES: Mapping[Kind, str] = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}
MAX_SCANS = 64
"""Progressive JPEGs have about ten; each scan goes over all pixels again."""
_MARKER = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])")
"""The end of a scan's data: what is stuffed (FF 00) and the restart markers belong to it."""
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class NotWhole(Exception):
    """With what is wrong, for the person who sent it."""


@dataclass(frozen=True, slots=True)
class Anatomy:
    kind: Kind
    width: int
    height: int


def kind_of(data: bytes) -> Kind | None:
    """By the first bytes; None for everything else."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    return None


def size_of(data: bytes, kind: Kind) -> Anatomy:
    """Of a file that is whole. Raises `NotWhole`; takes no longer than a walk over its parts."""
    try:
        width, height, end = _WALKS[kind](data)
    except (struct.error, IndexError):
        raise NotWhole("is cut off") from None
    if width < 1 or height < 1:
        raise NotWhole("has no pixels")
    rest = data[end:].strip(b"\x00")
    if rest and not (kind == "JPEG" and _is_cameras(rest)):
        raise NotWhole("goes on after its end")
    if b"%PDF-" in data[:1024] or _is_archive(data):
        raise NotWhole("is another kind of file at the same time")
    return Anatomy(kind, width, height)


def _png(data: bytes) -> tuple[int, int, int]:
    width, height = 0, 0
    at, pixels = 8, False
    while True:
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise NotWhole("is cut off")
        # A capital first letter: a part that the picture cannot do without.
        if name[:1].isupper() and zlib.crc32(memoryview(data)[at + 4 : end - 4]) != struct.unpack_from(">I", data, end - 4)[0]:
            raise NotWhole("is damaged")
        if name == b"IHDR" and at == 8:
            width, height = struct.unpack_from(">II", data, at + 8)
        elif at == 8:
            raise NotWhole("is damaged")
        pixels = pixels or name == b"IDAT"
        at = end
        if name == b"IEND":
            if not pixels:
                raise NotWhole("has no pixels")
            return width, height, at


def _jpeg(data: bytes) -> tuple[int, int, int]:
    width, height, scans, at = 0, 0, 0, 2
    while True:
        if data[at] != 0xFF:
            raise NotWhole("is damaged")
        while data[at] == 0xFF:
            at += 1
        marker = data[at]
        at += 1
        if marker == 0xD9:
            if scans == 0:
                raise NotWhole("has no pixels")
            return width, height, at
        if 0xD0 <= marker <= 0xD8 or marker in (0x00, 0x01):
            raise NotWhole("is damaged")
        length = struct.unpack_from(">H", data, at)[0]
        if length < 2 or at + length > len(data):
            raise NotWhole("is cut off")
        if marker in _FRAMES:
            if width:
                raise NotWhole("is damaged")
            height, width = struct.unpack_from(">HH", data, at + 3)
        at += length
        if marker == 0xDA:
            scans += 1
            if scans > MAX_SCANS:
                raise NotWhole(f"has more than {MAX_SCANS} scans")
            found = _MARKER.search(data, at)
            if found is None:
                raise NotWhole("is cut off")
            at = found.start()


def _webp(data: bytes) -> tuple[int, int, int]:
    end = 8 + struct.unpack_from("<I", data, 4)[0]
    end += end & 1
    if end > len(data):
        raise NotWhole("is cut off")
    at, width, height, pixels = 12, 0, 0, False
    while at + 8 <= end:
        name, length = struct.unpack_from("<4sI", data, at)
        body = at + 8
        if body + length > end:
            raise NotWhole("is cut off")
        if name == b"VP8X" and at == 12:
            width = 1 + int.from_bytes(data[body + 4 : body + 7], "little")
            height = 1 + int.from_bytes(data[body + 7 : body + 10], "little")
        elif name == b"VP8 " and not width:
            if data[body + 3 : body + 6] != b"\x9d\x01\x2a":
                raise NotWhole("is damaged")
            width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, body + 6))
        elif name == b"VP8L" and not width:
            if data[body] != 0x2F:
                raise NotWhole("is damaged")
            bits = struct.unpack_from("<I", data, body + 1)[0]
            width, height = 1 + (bits & 0x3FFF), 1 + ((bits >> 14) & 0x3FFF)
        pixels = pixels or name in (b"VP8 ", b"VP8L", b"ANMF")
        at = body + length + (length & 1)
    if not pixels:
        raise NotWhole("has no pixels")
    return width, height, end


def _gif(data: bytes) -> tuple[int, int, int]:
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    at, pixels = 13 + _palette(flags), False
    while True:
        block = data[at]
        if block == 0x3B:
            if not pixels:
                raise NotWhole("has no pixels")
            return width, height, at + 1
        if block == 0x2C:
            left, top, across, down, flags = struct.unpack_from("<HHHHB", data, at + 1)
            if not pixels:
                # A first frame may be larger than the screen that the file declares, and is decoded so.
                width, height = max(width, left + across), max(height, top + down)
            at, pixels = at + 11 + _palette(flags), True
        elif block == 0x21:
            at += 2
        else:
            raise NotWhole("is damaged")
        while length := data[at]:
            at += 1 + length
        at += 1


def _palette(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _is_cameras(rest: bytes) -> bool:
    """What phones put after the picture: more pictures (a depth or brightness map), Samsung's own block with its name at the end."""
    return rest.startswith(b"\xff\xd8\xff") or rest.endswith(b"SEFT")


def _is_archive(data: bytes) -> bool:
    if b"PK\x05\x06" not in data:
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return bool(archive.namelist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error):
        # Four bytes that happen to be there.
        return False


_WALKS: Mapping[Kind, Callable[[bytes], tuple[int, int, int]]] = {"PNG": _png, "JPEG": _jpeg, "WEBP": _webp, "GIF": _gif}
