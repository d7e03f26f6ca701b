"""Pictures of people, and those that are none."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image
from tests.integration.auth.house import House, assert_problem


def picture(kind: str = "PNG", size: tuple[int, int] = (900, 600), mode: str = "RGB", **options: object) -> bytes:
    written = io.BytesIO()
    Image.new(mode, size, "teal").save(written, kind, **options)
    return written.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG that says it is so large."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 1_000)

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


async def test_a_picture_is_encoded_anew_and_seen_by_its_owner(house: House) -> None:
    tokens = await house.join()
    other = await house.join("eva@example.org", name="Eva")
    exif = Image.Exif()
    exif[0x010E] = "a secret place"
    sent = picture("JPEG", exif=exif.tobytes(), comment=b"a secret comment") + b"<?php evil ?>"
    answer = await house.client.put("/api/auth/me/picture", content=sent, headers=tokens.headers)
    path = answer.json()["user"]["image"]
    assert path.startswith(f"/api/auth/users/{tokens.user['id']}/picture?v=")
    for where in ("/api/auth/me/picture", path):
        found = await house.client.get(where, headers=tokens.headers)
        assert found.headers["content-type"] == "image/jpeg"
        assert found.headers["x-content-type-options"] == "nosniff"
        assert b"secret" not in found.content
        assert b"php" not in found.content
        assert Image.open(io.BytesIO(found.content)).size == (512, 341)
    assert_problem(await house.client.get(path, headers=other.headers), 403)
    assert_problem(await house.client.get(path), 401)
    assert (await house.client.delete("/api/auth/me/picture", headers=tokens.headers)).json()["user"]["image"] is None
    assert_problem(await house.client.get("/api/auth/me/picture", headers=tokens.headers), 404)


async def test_what_shows_through_stays_so(house: House) -> None:
    tokens = await house.join()
    written = io.BytesIO()
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(written, "WEBP", lossless=True)
    await house.client.put("/api/auth/me/picture", content=written.getvalue(), headers=tokens.headers)
    found = await house.client.get("/api/auth/me/picture", headers=tokens.headers)
    assert found.headers["content-type"] == "image/png"


NO_PICTURES: list[tuple[bytes, int]] = [
    (b"", 415),
    (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", 415),
    (b"GIF89a", 422),
    (b"%PDF-1.7", 415),
    (picture()[:200], 422),
    (picture("BMP"), 415),
    (picture("TIFF"), 415),
    (bomb(60_000, 60_000), 413),
    (bomb(2**31 - 1, 2**31 - 1), 413),
    (bomb(6_000, 5_000), 413),
    (bomb(500, 500), 422),
    (b"\xff\xd8\xff\xe0" + b"\0" * 100, 422),
    (b"\x89PNG\r\n\x1a\n" + b"x" * 5_000_000, 413),
]


async def test_what_is_no_picture_is_refused(patient_house: House) -> None:
    tokens = await patient_house.join()
    for data, status in NO_PICTURES:
        answer = await patient_house.client.put("/api/auth/me/picture", content=data, headers=tokens.headers)
        # Whether a decoder calls it damaged or unknown differs with its version; that it is the sender's fault does not.
        allowed = (415, 422) if status in (415, 422) else (status,)
        assert_problem(answer, answer.status_code)
        assert answer.status_code in allowed, (data[:40], answer.status_code)
