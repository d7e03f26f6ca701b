"""The contract of the storage of pictures, met by a folder, by S3's protocol and by Azure's, plain and encrypted, on real servers."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from tests.contract.generation.images.conftest import OTHER_KEY, Place
from tests.servers.azurite import Azurite
from tests.servers.generators import generator
from tests.servers.s3 import BUCKET, S3Server

from octavo_core.errors import InvalidInput, Misconfigured, NotFound, Unavailable
from octavo_core.spec import parse_resource
from octavo_generation.image_service import fill, read_variables
from octavo_generation.images.opening import open_image_storage
from octavo_generation.images.paths import image_id, path_of
from octavo_generation.images.storage import BLOCK, ImageStorage

REMOTE = [pytest.param("s3"), pytest.param("azure", marks=pytest.mark.needs("node"))]
ACCEPTED_AT = 1_767_225_600_000
PROMPT = 'Una cometa perdida \u2014 "漢字" 100 %\n\tund \N{KITE} é'


def new_path(media_type: str = "image/png") -> str:
    return path_of(image_id(str(uuid.uuid4()), ACCEPTED_AT, 0), media_type)


async def put(storage: ImageStorage, path: str, data: bytes, **metadata: str) -> bool:
    return await storage.put(path, data, media_type="image/png", metadata=metadata)


async def test_a_picture_and_its_metadata_come_back(storage: ImageStorage) -> None:
    path, data = new_path(), os.urandom(10_000)
    assert path.startswith("2026/01/01/")
    assert await put(storage, path, data, prompt=PROMPT, seed="42")
    stored = await storage.get(path)
    assert stored.data == data
    assert stored.metadata == {"prompt": PROMPT, "seed": "42"}
    assert stored.sealed is storage.seals


@pytest.mark.parametrize("media_type", ["image/jpeg", "image/webp"])
async def test_other_types_have_their_own_ending(storage: ImageStorage, media_type: str) -> None:
    path = new_path(media_type)
    assert path.endswith({"image/jpeg": ".jpg", "image/webp": ".webp"}[media_type])
    assert await storage.put(path, b"1", media_type=media_type, metadata={})
    assert (await storage.get(path)).data == b"1"


async def test_what_lies_there_stays_as_it_is(storage: ImageStorage) -> None:
    path = new_path()
    assert await put(storage, path, b"first", prompt="one")
    assert not await put(storage, path, b"second", prompt="two")
    stored = await storage.get(path)
    assert (stored.data, stored.metadata) == (b"first", {"prompt": "one"})


async def test_of_many_writers_at_once_one_wins_whole(storage: ImageStorage) -> None:
    path = new_path()
    written = [bytes([number]) * 300_000 for number in range(8)]
    won = await asyncio.gather(*(put(storage, path, data, writer=str(number)) for number, data in enumerate(written)))
    assert won.count(True) == 1
    winner = won.index(True)
    stored = await storage.get(path)
    assert stored.data == written[winner]
    assert stored.metadata == {"writer": str(winner)}


@pytest.mark.parametrize("size", [1, 65_535, 65_536, 65_537, 300_000])
async def test_every_part_is_the_part_that_was_asked_for(storage: ImageStorage, size: int) -> None:
    path, data = new_path(), os.urandom(size)
    await put(storage, path, data)
    edges = sorted({edge for edge in (0, 1, 16, 36, 65_535, 65_536, 65_537, 131_072, size - 1) if 0 <= edge < size})
    for start in edges:
        for length in (1, 2, 65_536, 400_000):
            part = await storage.read(path, start, start + length, sealed=storage.seals)
            assert part == data[start : start + length], (start, length)


async def test_a_stream_goes_through_all_blocks(storage: ImageStorage) -> None:
    path, data = new_path(), os.urandom(BLOCK + 70_000)
    await put(storage, path, data)
    assert await collected(storage.stream(path, 0, len(data), sealed=storage.seals)) == data
    assert await collected(storage.stream(path, 1_000, BLOCK + 10, sealed=storage.seals)) == data[1_000 : BLOCK + 10]


@pytest.mark.parametrize("missing", [1, 100_000, BLOCK])
async def test_a_stream_of_more_than_there_is_is_an_error_and_not_a_short_picture(storage: ImageStorage, missing: int) -> None:
    path, data = new_path(), os.urandom(100_000)
    await put(storage, path, data)
    with pytest.raises(Unavailable, match="cut off"):
        await collected(storage.stream(path, 0, len(data) + missing, sealed=storage.seals))


@pytest.mark.parametrize("start", [10_000, 10_001, 65_536, 10_000_000])
async def test_a_range_that_begins_beyond_the_end(storage: ImageStorage, start: int) -> None:
    path = new_path()
    await put(storage, path, bytes(10_000))
    with pytest.raises(InvalidInput, match="range"):
        await storage.read(path, start, start + 10, sealed=storage.seals)


@pytest.mark.parametrize(("start", "end"), [(-1, 5), (5, 5), (6, 5)])
async def test_a_range_without_a_byte(storage: ImageStorage, start: int, end: int) -> None:
    path = new_path()
    await put(storage, path, b"123")
    with pytest.raises(InvalidInput):
        await storage.read(path, start, end, sealed=storage.seals)


async def test_a_picture_that_is_not_there(storage: ImageStorage) -> None:
    path = new_path()
    with pytest.raises(NotFound, match="no such picture"):
        await storage.get(path)
    for start in (0, 100_000):
        with pytest.raises(NotFound, match="no such picture"):
            await storage.read(path, start, start + 10, sealed=storage.seals)
    await storage.delete(path)


async def test_a_deleted_picture_is_gone_and_deleting_again_is_nothing(storage: ImageStorage) -> None:
    path = new_path()
    await put(storage, path, b"x", prompt="p")
    await storage.delete(path)
    await storage.delete(path)
    with pytest.raises(NotFound):
        await storage.get(path)
    assert await put(storage, path, b"new"), "the name is free again"
    assert (await storage.get(path)).data == b"new"


@pytest.mark.parametrize(
    "path",
    [
        "../../etc/passwd",
        "2026/01/01/../../../x.png",
        "/etc/passwd",
        "2026/01/01/x.png",
        "",
        pytest.param(new_path() + "\x00", id="a path of ours and a null"),
        pytest.param(new_path() + "/..", id="above a path of ours"),
        "octavo-probe",
    ],
)
async def test_no_path_but_ours_reaches_the_storage(storage: ImageStorage, path: str) -> None:
    for call in (storage.get(path), storage.read(path, 0, 1), storage.delete(path), put(storage, path, b"x")):
        with pytest.raises(ValueError, match="not the path of a picture"):
            await call


async def test_metadata_that_are_too_long_are_cut_between_characters(storage: ImageStorage, place: Place) -> None:
    path, prompt, revised = new_path(), "漢字 \N{KITE}" * 2_000, "é" * 4_000
    assert await put(storage, path, b"x", prompt=prompt, revisedprompt=revised, provider="dalle3")
    kept = (await storage.get(path)).metadata
    assert kept["provider"] == "dalle3"
    assert prompt.startswith(kept["prompt"])
    assert revised.startswith(kept["revisedprompt"])
    least = {"local": 8_000, "s3": 60, "azure": 250}[place.backend]
    assert len(kept["prompt"]) >= least
    assert len(kept["revisedprompt"]) >= min(least, 4_000)


async def test_metadata_of_nothing_but_control_characters(storage: ImageStorage) -> None:
    path = new_path()
    assert await put(storage, path, b"x", prompt="\x01\x02\r\n" * 2_000)
    assert (await storage.get(path)).metadata["prompt"].startswith("\x01\x02\r\n")


async def test_a_storage_that_is_there_says_so(storage: ImageStorage) -> None:
    await storage.check()


async def test_many_calls_at_once(storage: ImageStorage) -> None:
    pictures = {new_path(): os.urandom(20_000) for _ in range(40)}
    assert all(await asyncio.gather(*(put(storage, path, data) for path, data in pictures.items())))
    stored = await asyncio.gather(*(storage.get(path) for path in pictures))
    assert [one.data for one in stored] == list(pictures.values())


async def test_a_server_that_is_down(place_of: Callable[[str], Place], all_remote: str) -> None:
    place = place_of(all_remote)
    await assert_unavailable(place.at("http://127.0.0.1:9/devstoreaccount1"), place, "cannot be reached")


async def test_a_server_that_never_answers(place_of: Callable[[str], Place], all_remote: str, silence: str) -> None:
    place = place_of(all_remote)
    began = asyncio.get_running_loop().time()
    await assert_unavailable(place.at(silence, timeout_s=0.5), place, "did not answer in 0.5 s")
    assert asyncio.get_running_loop().time() - began < 10, "every call has its own deadline"


async def test_a_server_that_is_not_what_it_should_be(place_of: Callable[[str], Place], all_remote: str, teapot: str) -> None:
    place = place_of(all_remote)
    await assert_unavailable(place.at(teapot), place, "answered 418")


async def test_a_wrong_key(place_of: Callable[[str], Place], all_remote: str) -> None:
    place = place_of(all_remote)
    wrong = {"s3": f"{place.environment['STORAGE_KEY'].split(':')[0]}:wrong-secret", "azure": "d3Jvbmctc2VjcmV0"}[all_remote]
    await assert_unavailable(place.open(environment={"STORAGE_KEY": wrong}), place, "does not let us in", wrong)


async def test_a_bucket_that_is_not_there(place_of: Callable[[str], Place], all_remote: str) -> None:
    place = place_of(all_remote)
    name = {"s3": "bucket", "azure": "container"}[all_remote]
    changed = {all_remote: {**place.document[all_remote], name: "nobodys"}}
    storage, path = place.open(**changed), new_path()
    # Deleting is left out: Azure's batches say only that the blob is not there, which is true.
    for call in (put(storage, path, b"x"), storage.get(path), storage.read(path, 0, 1), storage.check()):
        with pytest.raises(Unavailable, match=f"{name} nobodys, where pictures are kept, is not there"):
            await call


async def test_a_session_token_in_the_environment_is_not_mixed_into_credentials_that_were_given(
    place_of: Callable[[str], Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "somebody-elses")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody-elses")
    storage, path = place_of("s3").open(), new_path()
    assert await put(storage, path, b"x")


@pytest.mark.needs("node")
async def test_a_shared_access_signature_in_the_environment_does_not_stand_in_for_a_key_that_was_given(
    place_of: Callable[[str], Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_STORAGE_SAS_KEY", "sv=2021-08-06&sig=somebody-elses")
    storage, path = place_of("azure").open(), new_path()
    assert await put(storage, path, b"x")


@pytest.mark.needs("node")
async def test_the_image_generator_services_variables_open_azure_by_a_connection_string(place_of: Callable[[str], Place]) -> None:
    place = place_of("azure")
    azure, key = place.document["azure"], place.environment["STORAGE_KEY"]
    string = f"DefaultEndpointsProtocol=http;AccountName={azure['account']};AccountKey={key};BlobEndpoint={azure['endpoint']}/;"
    environment = {
        "STORAGE_BACKEND": "azure",
        "AZURE_STORAGE_CONNECTION_STRING": string,
        "AZURE_STORAGE_CONTAINER_NAME": azure["container"],
        "FLUX_API_KEY": "k",
    }
    resource = parse_resource(fill(generator("images", task="image"), read_variables(environment)).document)
    storage = open_image_storage(resource.spec.storage, folder=place.folder, environment=environment)
    path = new_path()
    assert await put(storage, path, b"x")
    assert (await place.open().get(path)).data == b"x"


async def test_the_machines_own_identity_where_no_credentials_are_named(
    place_of: Callable[[str], Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = place_of("s3")
    key_id, _, secret = place.environment["STORAGE_KEY"].partition(":")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    assert await put(place.open(credentials=None), new_path(), b"x")


async def test_another_reader_finds_the_picture_and_its_metadata_in_the_bucket(
    place_of: Callable[[str], Place], s3_session: S3Server
) -> None:
    path = new_path()
    await put(place_of("s3").open(), path, b"picture", prompt="a b", provider="dalle3")
    found = s3_session.client("s3").get_object(Bucket=BUCKET, Key=path)
    assert found["Body"].read() == b"picture"
    assert found["ContentType"] == "image/png"
    assert found["Metadata"] == {"prompt": "a%20b", "provider": "dalle3"}


async def test_a_bucket_whose_pictures_are_encrypted_shows_nothing_of_them(place_of: Callable[[str], Place], s3_session: S3Server) -> None:
    path = new_path()
    await put(place_of("s3-sealed").open(), path, b"a picture of a kite" * 100, prompt="a kite", provider="dalle3")
    found = s3_session.client("s3").get_object(Bucket=BUCKET, Key=path)
    assert b"kite" not in found["Body"].read()
    assert list(found["Metadata"]) == ["sealed"]
    assert found["ContentType"] == "application/octet-stream"


@pytest.fixture(params=REMOTE)
def all_remote(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture
async def silence() -> AsyncIterator[str]:
    """Takes connections and says nothing."""
    ended = asyncio.Event()

    async def hold(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    ended.set()
    server.close()


@pytest.fixture
async def teapot() -> AsyncIterator[str]:
    """Speaks HTTP and no protocol of a storage; what it says holds a word that must not reach anyone."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 418 I'm a teapot\r\ncontent-length: 11\r\nconnection: close\r\n\r\nsecret-word")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


async def assert_unavailable(storage: ImageStorage, place: Place, words: str, *secrets: str) -> None:
    """Each call says which storage it is and what is wrong with it, and nothing that was secret."""
    path = new_path()
    for call in (put(storage, path, b"x"), storage.get(path), storage.read(path, 0, 1), storage.delete(path), storage.check()):
        with pytest.raises(Unavailable) as caught:
            await call
        assert words in caught.value.message
        assert storage.name in caught.value.message
        assert caught.value.__cause__ is None
        for secret in (place.environment["STORAGE_KEY"].split(":")[-1], "secret-word", *secrets):
            assert secret not in str(caught.value)
            assert secret not in repr(caught.value)


async def collected(blocks: AsyncIterator[bytes]) -> bytes:
    return b"".join([block async for block in blocks])


# What only encryption promises.


@pytest.fixture(params=["local-sealed", "s3-sealed", pytest.param("azure-sealed", marks=pytest.mark.needs("node"))])
def sealed(request: pytest.FixtureRequest, place_of: Callable[[str], Place]) -> Place:
    return place_of(request.param)


async def test_a_picture_of_another_key_says_that_the_key_is_wrong(sealed: Place) -> None:
    path = new_path()
    await put(sealed.open(), path, bytes(100), prompt="p")
    other = sealed.open(environment={"SEALING_KEY": OTHER_KEY})
    with pytest.raises(Misconfigured, match="another key"):
        await other.read(path, 0, 10, sealed=True)
    with pytest.raises(Misconfigured, match="another key"):
        await other.get(path)
    without = sealed.open(encryptionKey=None)
    with pytest.raises(Misconfigured, match=r"storage\.encryptionKey"):
        await without.get(path)
    with pytest.raises(Misconfigured, match=r"storage\.encryptionKey"):
        await without.read(path, 0, 10, sealed=True)


async def test_pictures_from_before_the_key_was_given_can_be_read(sealed: Place) -> None:
    path = new_path()
    await put(sealed.open(encryptionKey=None), path, b"plain", prompt="p")
    storage = sealed.open()
    stored = await storage.get(path)
    assert (stored.data, stored.metadata, stored.sealed) == (b"plain", {"prompt": "p"}, False)
    assert await storage.read(path, 1, 3, sealed=False) == b"la"


async def test_a_plain_picture_is_not_taken_for_an_encrypted_one(sealed: Place) -> None:
    """Who can write to the storage cannot put a picture of their own where an encrypted one belongs."""
    path = new_path()
    await put(sealed.open(encryptionKey=None), path, bytes(200))
    with pytest.raises(Unavailable, match="not an encrypted picture"):
        await sealed.open().read(path, 0, 10, sealed=True)


async def test_a_swapped_picture_is_refused(place_of: Callable[[str], Place]) -> None:
    place = place_of("local-sealed")
    storage, one, two = place.open(), new_path(), new_path()
    await put(storage, one, b"one" * 100)
    await put(storage, two, b"two" * 100)
    (place.folder / one).write_bytes((place.folder / two).read_bytes())
    with pytest.raises(Unavailable, match="was changed"):
        await storage.read(one, 0, 10, sealed=True)


# A folder.


async def test_a_folder_has_the_metadata_beside_the_picture(place_of: Callable[[str], Place]) -> None:
    place, path = place_of("local"), new_path()
    await put(place.open(), path, b"x", prompt=PROMPT)
    day = (place.folder / path).parent
    assert sorted(file.suffix for file in day.iterdir()) == [".json", ".png"]
    assert httpx.Response(200, content=(place.folder / path).with_suffix(".json").read_bytes()).json() == {"prompt": PROMPT}


async def test_a_picture_whose_metadata_were_never_written_can_be_read(place_of: Callable[[str], Place]) -> None:
    place, path = place_of("local"), new_path()
    await put(place.open(), path, b"x", prompt="p")
    (place.folder / path).with_suffix(".json").unlink()
    stored = await place.open().get(path)
    assert (stored.data, stored.metadata) == (b"x", {})


async def test_deleting_takes_along_what_killed_writers_left(place_of: Callable[[str], Place]) -> None:
    place, path = place_of("local"), new_path()
    await put(place.open(), path, b"x")
    left = (place.folder / path).with_name((place.folder / path).name + "#1")
    left.write_bytes(b"half")
    await place.open().delete(path)
    assert list((place.folder / path).parent.iterdir()) == []


async def test_a_folder_that_is_a_file(place_of: Callable[[str], Place]) -> None:
    place = place_of("local")
    place.folder.write_text("in the way")
    with pytest.raises(Misconfigured, match="folder of pictures"):
        place.open()


async def test_a_folder_that_became_a_file(place_of: Callable[[str], Place]) -> None:
    place = place_of("local")
    storage, path = place.open(), new_path()
    place.folder.rmdir()
    place.folder.write_text("in the way")
    for call in (put(storage, path, b"x"), storage.delete(path), storage.check()):
        with pytest.raises(Unavailable, match="the folder of pictures"):
            await call


async def test_a_server_that_comes_back(place_of: Callable[[str], Place], s3_session: S3Server) -> None:
    place = place_of("s3")
    storage, path = place.open(timeout_s=2), new_path()
    assert await put(storage, path, b"x")
    s3_session.stop()
    with pytest.raises(Unavailable, match="the S3 bucket pictures"):
        await storage.read(path, 0, 1)
    s3_session.start()
    again = place_of("s3").open()
    await again.check()
    assert await put(again, new_path(), b"x")


@pytest.mark.needs("node")
async def test_an_emulator_that_comes_back(place_of: Callable[[str], Place], azurite_session: Azurite) -> None:
    storage, path = place_of("azure").open(timeout_s=2), new_path()
    assert await put(storage, path, b"x")
    azurite_session.stop()
    with pytest.raises(Unavailable, match="the Azure container pictures"):
        await storage.read(path, 0, 1)
    azurite_session.start()
    await storage.check()
    assert await put(storage, path, b"x")
