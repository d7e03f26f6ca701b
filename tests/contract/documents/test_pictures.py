"""Pictures beside the documents: on a folder and on a server of S3's protocol."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from tests.servers.s3 import BUCKET, REGION, S3Server, s3_server
from tests.servers.starting import free_port

from octavo_core.errors import Misconfigured, NotFound, Unavailable, UnsupportedMedia
from octavo_documents.pictures import KeptPicture, Pictures, open_picture_storage


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(params=["folder", "s3"])
def pictures(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pictures:
    if request.param == "folder":
        return Pictures(open_picture_storage((tmp_path / "with spaces & ñ").as_uri()))
    server: S3Server = request.getfixturevalue("s3")
    reach(monkeypatch, server.endpoint, server.key_id, server.secret)
    return Pictures(open_picture_storage(f"s3://{BUCKET}/characters/{request.node.name.partition('[')[0]}"))


def reach(monkeypatch: pytest.MonkeyPatch, endpoint: str, key_id: str, secret: str) -> None:
    settings = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": key_id,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_REGION": REGION,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


def drawing(colour: str = "red") -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (60, 40), colour).save(written, "PNG")
    return written.getvalue()


async def test_a_picture_is_kept_until_it_is_forgotten(pictures: Pictures) -> None:
    kept = await pictures.keep("ana", drawing(), name="one")
    assert (kept.media_type, kept.width, kept.height, kept.tag) == ("image/png", 60, 40, "one")
    assert KeptPicture.from_dict(kept.as_dict()) == kept
    data = await pictures.read(kept)
    assert len(data) == kept.size
    assert Image.open(io.BytesIO(data)).size == (60, 40)
    for _ in range(2):
        await pictures.forget(kept)
    with pytest.raises(NotFound):
        await pictures.read(kept)


async def test_the_same_name_again_is_the_same_picture(pictures: Pictures) -> None:
    first, again = [await pictures.keep("ana", drawing(colour), name="one") for colour in ("red", "blue")]
    assert first.path == again.path
    assert Image.open(io.BytesIO(await pictures.read(first))).convert("RGB").getpixel((0, 0)) == (0, 0, 255)


async def test_all_of_an_owner_go_and_nobody_elses(pictures: Pictures) -> None:
    mine = [await pictures.keep("ana", drawing(), name=str(n)) for n in range(3)]
    others = await pictures.keep("ana2", drawing(), name="0")
    odd = await pictures.keep("../ana", drawing(), name="0")
    assert await pictures.forget_all_of("ana") == 3
    assert await pictures.forget_all_of("ana") == 0
    for one in mine:
        with pytest.raises(NotFound):
            await pictures.read(one)
    await pictures.read(others)
    await pictures.read(odd)


async def test_what_is_no_picture_is_not_kept(pictures: Pictures) -> None:
    with pytest.raises(UnsupportedMedia):
        await pictures.keep("ana", b"MZ", name="one")
    assert await pictures.forget_all_of("ana") == 0


async def test_a_storage_that_is_away_is_said_without_its_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    reach(monkeypatch, f"http://127.0.0.1:{free_port()}", "id", "of-the-bucket")
    away = Pictures(open_picture_storage(f"s3://{BUCKET}"))
    with pytest.raises(Unavailable) as told:
        await away.forget_path("a/b.png")
    assert "of-the-bucket" not in told.value.message


@pytest.mark.parametrize("url", ["", "pictures", "ftp://h/p", "http://h/p", "memory:///"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(Misconfigured):
        open_picture_storage(url)
