"""Files that are no pictures, or more than pictures: at every route that takes one, found in the documents."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image
from tests.attacks.asking import ask, picture
from tests.attacks.house import House, Person
from tests.attacks.served import Operation
from tests.servers.answers import assert_problem

pytestmark = pytest.mark.needs("redis")


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that unpacks to so many pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100_000)) + chunk(b"IEND", b"")


MALICIOUS: dict[str, tuple[bytes, set[int]]] = {
    "a decompression bomb": (bomb(30_000, 30_000), {413}),
    "one beyond every number": (bomb(2**31 - 1, 2**31 - 1), {413, 415, 422}),
    "too many bytes": (picture() + b"x" * 17_000_000, {413}),
    "a drawing that runs": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", {415}),
    "a page": (b"<html><script>alert(1)</script></html>", {415}),
    "a program": (b"\x7fELF" + b"\0" * 200, {415}),
    "a PDF": (b"%PDF-1.7\n%%EOF", {415}),
    "a PostScript, which other libraries run": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", {415}),
    "half of one": (picture(size=(640, 480))[:120], {422}),
    "nothing": (b"", {400, 415, 422}),
}


def takers(house: House) -> list[Operation]:
    found = [one for one in house.operations if one.media_type is not None and one.media_type.startswith("image/")]
    assert len(found) >= 3
    return found


def test_what_is_no_picture_is_refused_everywhere(house: House, eve: Person) -> None:
    since = house.mark()
    for operation in takers(house):
        for what, (data, statuses) in MALICIOUS.items():
            answer = ask(house.client, operation, eve.ids_at(operation), token=eve.token, body=data)
            assert_problem(answer, answer.status_code)
            assert answer.status_code in statuses, f"{what} at {operation.name}: {answer.status_code} {answer.text[:200]}"
        house.told(since, method=operation.method, route=operation.path, status=413)
        house.told(since, method=operation.method, route=operation.path, status=415)


def test_only_pixels_come_out(house: House, eve: Person) -> None:
    """A file that is a picture and a page and an archive at once, with where it was taken: none of that is served to anybody."""
    exif = Image.Exif()
    exif[0x010E] = "40.4168 N 3.7038 W"
    sent = picture("JPEG", exif=exif.tobytes(), comment=b"<script>alert(1)</script>")
    for operation in takers(house):
        ask(house.client, operation, eve.ids_at(operation), token=eve.token, body=sent + b"<?php evil ?>")
        kept = ask(house.client, operation, eve.ids_at(operation), token=eve.token, body=sent)
        assert kept.status_code == 200, kept.text
        seen = house.client.get(operation.at(eve.ids_at(operation)), headers={"authorization": f"Bearer {eve.token}"})
        assert seen.status_code == 200
        assert seen.headers["content-type"] in ("image/jpeg", "image/png")
        assert seen.headers["x-content-type-options"] == "nosniff"
        for trace in (b"40.4168", b"script", b"php"):
            assert trace not in seen.content
        assert not Image.open(io.BytesIO(seen.content)).getexif()


def test_a_name_makes_no_path(house: House, eve: Person) -> None:
    """What a picture, a story or a character is called never becomes a place on the disk or a header."""
    name = '../../../../tmp/evil"; filename=evil.sh\r\nSet-Cookie: a=b'
    headers = {"authorization": f"Bearer {eve.token}"}
    made = house.client.post("/api/stories", json={"title": name, "content": {"chapters": [{"text": "."}]}}, headers=headers)
    assert made.status_code in (201, 422), made.text
    if made.status_code == 201:
        for kind in ("md", "pdf", "epub"):
            answer = house.client.get(f"/api/stories/{made.json()['id']}/export", params={"format": kind}, headers=headers)
            assert answer.status_code == 200, answer.text
            assert "set-cookie" not in answer.headers
            said = answer.headers["content-disposition"]
            assert said.count("filename=") == 1
            assert "/" not in said
    drawn = house.client.post("/generators/images/api/v1/generate", json={"prompt": name}, headers={**headers, "prefer": "wait=30"})
    assert drawn.status_code == 200, drawn.text
    image = house.ok("GET", "/generators/images/api/v1/images", 200, by=eve)["items"][0]
    shown = house.client.get(image["url"], headers=headers)
    assert "set-cookie" not in shown.headers
    assert ".." not in shown.headers["content-disposition"]
    assert not [path for path in house.platform.home.rglob("*") if "evil" in path.name]
