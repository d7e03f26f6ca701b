"""Keeping, finding, deleting and sweeping pictures, on every kind of database, with the pictures in a folder."""

from __future__ import annotations

import asyncio
import io
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.contract.generation.images.conftest import Place
from tests.servers.databases import BACKENDS, migrated_database

from octavo_core.clock import ManualClock
from octavo_core.errors import NotFound, ProviderError, Unavailable
from octavo_generation.images import records
from octavo_generation.images.library import ImageLibrary, Origin
from octavo_generation.images.records import KeptImage
from octavo_generation.images.retention import sweep_forever
from octavo_generation.images.storage import ImageStorage
from octavo_generation.providers.port import DrawnImage, Picture
from octavo_generation.store import GenerationStore, open_generation_store
from octavo_generation.store.schema import metadata

DAY_S = 86_400
CUT_OFF_S = 3_700
"""After this long whoever began something is taken for dead."""


def drawn(colour: str = "red", kind: str = "PNG", size: tuple[int, int] = (32, 24), **more: Any) -> DrawnImage:
    output = io.BytesIO()
    Image.new("RGB", size, colour).save(output, kind)
    return DrawnImage(Picture(output.getvalue(), f"image/{kind.lower()}"), **more)


def origin(clock: ManualClock, job: str | None = None, owner: str = "ana", **more: Any) -> Origin:
    said = {"generator": "images", "provider": "dalle3", "model": "dall-e-3", "prompt": "a kite", **more}
    return Origin(job=job or str(uuid.uuid4()), accepted_at=clock.now_ms(), owner=owner, **said)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=BACKENDS)
async def migrated_url(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> str:
    """Of a database with the schema, and no rows."""

    async def migrate(url: str) -> None:
        made = open_generation_store(url, clock)
        await made.migrate()
        await made.close()

    return await migrated_database(request, tmp_path, tables=metadata, migrate=migrate)


@pytest.fixture
async def store(migrated_url: str, clock: ManualClock) -> AsyncIterator[GenerationStore]:
    opened = open_generation_store(migrated_url, clock)
    yield opened
    await opened.close()
    await asyncio.sleep(0)


@pytest.fixture
def place(place_of: Callable[[str], Place]) -> Place:
    return place_of("local")


@pytest.fixture
def library(store: GenerationStore, place: Place) -> ImageLibrary:
    return ImageLibrary(store, place.open(), retention_days=30)


def files(place: Place) -> list[str]:
    return sorted(str(file.relative_to(place.folder)) for file in place.folder.rglob("*") if file.is_file())


async def rows(store: GenerationStore) -> int:
    return await store.transactions.read(lambda connection: len(connection.execute(records.images.select()).all()))


async def test_what_is_kept_can_be_found_and_read(library: ImageLibrary, clock: ManualClock) -> None:
    pictures = [drawn("red", revised_prompt="a red kite", seed=7), drawn("blue", "JPEG", seed=8), drawn("green", "WEBP", (64, 16))]
    kept = await library.keep(origin(clock, details={"quality": "hd"}), pictures)
    assert [(one.media_type, one.width, one.height) for one in kept] == [
        ("image/png", 32, 24),
        ("image/jpeg", 32, 24),
        ("image/webp", 64, 16),
    ]
    assert [one.path.rpartition(".")[2] for one in kept] == ["png", "jpg", "webp"]
    for one, picture in zip(kept, pictures, strict=True):
        found = await library.get(one.id, generator="images")
        assert found == one
        assert await library.read(found) == picture.picture.data
    assert (kept[0].revised_prompt, kept[0].seed, kept[0].details) == ("a red kite", 7, {"quality": "hd"})
    assert kept[0].expires_at == clock.now_ms() + 30 * DAY_S * 1000


async def test_a_second_attempt_leaves_the_first_ones_pictures(library: ImageLibrary, clock: ManualClock, place: Place) -> None:
    job = origin(clock)
    first = await library.keep(job, [drawn("red"), drawn("blue")])
    clock.advance(60)
    again = await library.keep(job, [drawn("black", "JPEG"), drawn("white")])
    assert again == first
    assert len(files(place)) == 4, "two pictures with their metadata"


async def test_attempts_at_the_same_time_keep_one_picture_that_is_what_its_row_says(
    library: ImageLibrary, clock: ManualClock, place: Place
) -> None:
    job = origin(clock)
    colours = ["red", "green", "blue", "white", "black", "yellow"]
    kept = await asyncio.gather(*(library.keep(job, [drawn(colour)]) for colour in colours))
    assert len({one[0].sha256 for one in kept}) == 1
    data = await library.read(kept[0][0])
    assert len(data) == kept[0][0].bytes
    assert data in [drawn(colour).picture.data for colour in colours]
    assert len(files(place)) == 2


async def test_an_attempt_that_was_killed_before_the_row_is_gone_on_with(store: GenerationStore, place: Place, clock: ManualClock) -> None:
    """The picture that lies there counts, with what its writer said of it."""
    job = origin(clock)
    dying = ImageLibrary(store, Dying(place.open()), retention_days=None)
    with pytest.raises(Killed):
        await dying.keep(job, [drawn("red", seed=1, revised_prompt="red")])
    library = ImageLibrary(store, place.open())
    with pytest.raises(NotFound):
        await library.get((await announced(store))[0], generator="images")
    [kept] = await library.keep(job, [drawn("blue", "JPEG", seed=2, revised_prompt="blue")])
    assert await library.read(kept) == drawn("red").picture.data
    assert (kept.media_type, kept.seed, kept.revised_prompt) == ("image/png", 1, "red")
    assert len(files(place)) == 2


async def test_an_attempt_that_was_killed_before_the_bytes_is_gone_on_with_under_its_path(
    store: GenerationStore, place: Place, clock: ManualClock
) -> None:
    job = origin(clock)
    with pytest.raises(Killed):
        await ImageLibrary(store, Dying(place.open(), before=True)).keep(job, [drawn("red")])
    [kept] = await ImageLibrary(store, place.open()).keep(job, [drawn("blue", "JPEG")])
    assert (kept.media_type, kept.path.rpartition(".")[2]) == ("image/png", "png")
    assert Image.open(io.BytesIO(await ImageLibrary(store, place.open()).read(kept))).format == "PNG"


async def test_what_a_job_left_that_never_came_back_is_swept(store: GenerationStore, place: Place, clock: ManualClock) -> None:
    with pytest.raises(Killed):
        await ImageLibrary(store, Dying(place.open())).keep(origin(clock), [drawn()])
    library = ImageLibrary(store, place.open())
    assert files(place)
    assert await library.sweep() == 0, "its writer may still live"
    clock.advance(CUT_OFF_S)
    assert await library.sweep() == 1
    assert files(place) == []
    assert await rows(store) == 0


async def test_what_is_no_picture_is_the_providers_fault_and_nothing_is_kept(
    library: ImageLibrary, clock: ManualClock, place: Place, store: GenerationStore
) -> None:
    with pytest.raises(ProviderError, match="dalle3 answered") as caught:
        await library.keep(origin(clock), [drawn(), DrawnImage(Picture(b"<html>", "image/png"))])
    assert caught.value.provider == "dalle3"
    assert files(place) == []
    assert await rows(store) == 0


async def test_pages_are_of_ones_own_newest_first_and_whole(library: ImageLibrary, clock: ManualClock) -> None:
    mine: list[KeptImage] = []
    for number in range(7):
        clock.advance(1)
        mine += await library.keep(origin(clock), [drawn(seed=number)])
        await library.keep(origin(clock, owner="ben"), [drawn()])
        await library.keep(origin(clock, generator="others"), [drawn()])
    seen, before = list[KeptImage](), None
    while page := await library.page(generator="images", owner="ana", before=before, limit=3):
        seen += page
        before = page[-1].id
    assert [one.seed for one in seen] == [6, 5, 4, 3, 2, 1, 0]
    assert len(await library.page(generator="images", owner=None, before=None, limit=100)) == 14


async def test_another_generators_picture_is_not_there(library: ImageLibrary, clock: ManualClock) -> None:
    [kept] = await library.keep(origin(clock), [drawn()])
    with pytest.raises(NotFound):
        await library.get(kept.id, generator="others")


async def test_a_deleted_picture_is_gone_with_its_bytes_and_its_row(
    library: ImageLibrary, clock: ManualClock, place: Place, store: GenerationStore
) -> None:
    [kept] = await library.keep(origin(clock), [drawn()])
    await library.delete(kept)
    assert files(place) == []
    assert await rows(store) == 0
    for call in (library.get(kept.id, generator="images"), library.delete(kept), library.read(kept)):
        with pytest.raises(NotFound):
            await call


async def test_of_many_who_delete_the_same_one_succeeds(library: ImageLibrary, clock: ManualClock) -> None:
    [kept] = await library.keep(origin(clock), [drawn()])
    outcomes = await asyncio.gather(*(library.delete(kept) for _ in range(6)), return_exceptions=True)
    assert outcomes.count(None) == 1
    assert sum(isinstance(outcome, NotFound) for outcome in outcomes) == 5


async def test_a_deletion_that_was_cut_off_is_ended_by_a_sweep(store: GenerationStore, place: Place, clock: ManualClock) -> None:
    library = ImageLibrary(store, place.open())
    [kept] = await library.keep(origin(clock, prompt="something private"), [drawn()])
    down = ImageLibrary(store, Failing(place.open()))
    await down.delete(kept)
    with pytest.raises(NotFound):
        await library.get(kept.id, generator="images")
    left = await store.transactions.read(lambda connection: connection.execute(records.images.select()).one())
    assert left.prompt == "", "nothing is left of its texts"
    assert files(place), "the storage did not answer"
    assert await library.sweep() == 0
    clock.advance(CUT_OFF_S)
    assert await library.sweep() == 1
    assert files(place) == []
    assert await rows(store) == 0


async def test_a_sweep_whose_storage_is_down_does_it_later(store: GenerationStore, place: Place, clock: ManualClock) -> None:
    library = ImageLibrary(store, place.open(), retention_days=1)
    await library.keep(origin(clock), [drawn()])
    clock.advance(DAY_S + 1)
    with pytest.raises(Unavailable):
        await ImageLibrary(store, Failing(place.open())).sweep()
    assert await library.sweep() == 0
    clock.advance(CUT_OFF_S)
    assert await library.sweep() == 1
    assert files(place) == []


async def test_a_picture_whose_retention_is_over_is_not_seen_before_it_is_swept(library: ImageLibrary, clock: ManualClock) -> None:
    [kept] = await library.keep(origin(clock), [drawn()])
    clock.advance(30 * DAY_S - 1)
    assert (await library.get(kept.id, generator="images")).id == kept.id
    clock.advance(2)
    with pytest.raises(NotFound):
        await library.get(kept.id, generator="images")
    assert await library.page(generator="images", owner=None, before=None, limit=10) == []


async def test_without_retention_nothing_is_swept(store: GenerationStore, place: Place, clock: ManualClock) -> None:
    library = ImageLibrary(store, place.open())
    [kept] = await library.keep(origin(clock), [drawn()])
    assert kept.expires_at is None
    clock.advance(3_650 * DAY_S)
    assert await library.sweep() == 0
    assert await library.read(kept)


async def test_sweeps_at_the_same_time_do_each_picture_once_and_leave_what_is_not_over(
    migrated_url: str, store: GenerationStore, place: Place, clock: ManualClock
) -> None:
    library = ImageLibrary(store, place.open(), retention_days=1)
    for _ in range(6):
        await library.keep(origin(clock), [drawn() for _ in range(10)])
    clock.advance(DAY_S / 2)
    young = await library.keep(origin(clock), [drawn()])
    clock.advance(DAY_S / 2 + 1)
    # Each with connections of its own, as processes have.
    stores = [open_generation_store(migrated_url, clock) for _ in range(5)]
    storages = [Counting(place.open()) for _ in stores]
    swept = await asyncio.gather(*(ImageLibrary(one, storage).sweep(40) for one, storage in zip(stores, storages, strict=True)))
    assert sum(swept) == 60
    deleted = [path for storage in storages for path in storage.deleted]
    assert len(deleted) == len(set(deleted)) == 60
    assert await rows(store) == 1
    assert await library.read(young[0])
    await asyncio.gather(*(one.close() for one in stores))


async def test_a_sweep_does_no_more_than_it_was_told(library: ImageLibrary, clock: ManualClock, place: Place) -> None:
    await library.keep(origin(clock), [drawn() for _ in range(5)])
    clock.advance(31 * DAY_S)
    assert await library.sweep(3) == 3
    assert len(files(place)) == 4
    assert await library.sweep(3) == 2


async def test_a_sweep_leaves_other_generators_alone_whose_pictures_lie_elsewhere(
    store: GenerationStore, place: Place, clock: ManualClock
) -> None:
    mine, elsewhere = ImageLibrary(store, place.open(), retention_days=1), Place("local", place.document, {}, place.folder / "others")
    others = ImageLibrary(store, elsewhere.open(), retention_days=1)
    await mine.keep(origin(clock), [drawn()])
    await others.keep(origin(clock, generator="others"), [drawn()])
    clock.advance(DAY_S + 1)
    assert await mine.sweep(generator="images") == 1
    assert len(files(elsewhere)) == 2
    assert await others.sweep(generator="others") == 1
    assert files(place) == []


async def test_a_process_sweeps_as_long_as_it_lives_also_after_the_storage_was_down(
    store: GenerationStore, place: Place, clock: ManualClock
) -> None:
    library = ImageLibrary(store, place.open(), retention_days=1)
    await library.keep(origin(clock), [drawn()])
    clock.advance(DAY_S + 1)
    failing = Recovering(place.open())
    sweeping = asyncio.create_task(sweep_forever(ImageLibrary(store, failing).sweep, every_s=0.01))
    async with asyncio.timeout(20):
        await failing.failed.wait()
        clock.advance(CUT_OFF_S)
        while await rows(store):
            await asyncio.sleep(0.01)
    assert files(place) == []
    sweeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sweeping


async def test_a_job_does_not_bring_back_what_is_just_being_deleted(store: GenerationStore, place: Place, clock: ManualClock) -> None:
    library, job = ImageLibrary(store, place.open()), origin(clock)
    [kept] = await library.keep(job, [drawn()])
    await ImageLibrary(store, Failing(place.open())).delete(kept)
    with pytest.raises(Unavailable, match="being deleted") as caught:
        await library.keep(job, [drawn()])
    assert caught.value.retryable


@pytest.mark.parametrize("prompt", ["a\x00b", "half \ud800 pair", "漢字 \N{KITE}", "x" * 70_000])
async def test_any_prompt_can_be_kept(library: ImageLibrary, clock: ManualClock, prompt: str) -> None:
    [kept] = await library.keep(origin(clock, prompt=prompt), [drawn(revised_prompt=prompt, seed=2**70)])
    found = await library.get(kept.id, generator="images")
    assert found.prompt == prompt.replace("\x00", "\ufffd").replace("\ud800", "?")
    assert found.seed is None


async def test_a_picture_whose_bytes_somebody_took_away(library: ImageLibrary, clock: ManualClock, place: Place) -> None:
    [kept] = await library.keep(origin(clock), [drawn()])
    (place.folder / kept.path).unlink()
    with pytest.raises(NotFound):
        await library.open(kept)


async def test_encrypted_pictures_and_plain_ones_from_before_are_read_alike(
    store: GenerationStore, place_of: Callable[[str], Place], clock: ManualClock
) -> None:
    before, after = ImageLibrary(store, place_of("local").open()), ImageLibrary(store, place_of("local-sealed").open())
    [plain] = await before.keep(origin(clock), [drawn("red")])
    [sealed] = await after.keep(origin(clock), [drawn("blue")])
    assert (plain.sealed, sealed.sealed) == (False, True)
    assert await after.read(plain) == drawn("red").picture.data
    assert await after.read(sealed) == drawn("blue").picture.data


async def announced(store: GenerationStore) -> Sequence[str]:
    return await store.transactions.read(lambda connection: [row.id for row in connection.execute(records.images.select())])


class Killed(BaseException):
    """As SIGKILL: nothing afterwards runs."""


class Around(ImageStorage):
    """The real storage, with an end of the process or of the network at a chosen point."""

    def __init__(self, inner: ImageStorage) -> None:
        super().__init__(inner._store, name=inner.name, metadata_limit=None, beside=inner._beside)


class Dying(Around):
    def __init__(self, inner: ImageStorage, *, before: bool = False) -> None:
        super().__init__(inner)
        self._before = before

    async def put(self, *arguments: Any, **named: Any) -> bool:
        if not self._before:
            await super().put(*arguments, **named)
        raise Killed


class Failing(Around):
    async def delete(self, path: str) -> None:
        raise Unavailable("the folder of pictures did not answer")


class Recovering(Around):
    """Down the first time."""

    def __init__(self, inner: ImageStorage) -> None:
        super().__init__(inner)
        self.failed = asyncio.Event()

    async def delete(self, path: str) -> None:
        if not self.failed.is_set():
            self.failed.set()
            raise Unavailable("the folder of pictures did not answer")
        await super().delete(path)


class Counting(Around):
    def __init__(self, inner: ImageStorage) -> None:
        super().__init__(inner)
        self.deleted: list[str] = []

    async def delete(self, path: str) -> None:
        self.deleted.append(path)
        await super().delete(path)
