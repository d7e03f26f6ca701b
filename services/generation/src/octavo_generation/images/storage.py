"""Where pictures lie: a folder, a container of Azure Blob storage, a bucket of S3 or of a server that speaks its protocol.

Contract, the same for all:

- A path is `YYYY/MM/DD/{id}.png` (`paths.py`); with it goes metadata, texts by lower-case names: a file `{id}.json` beside a picture in a
  folder, the object's own metadata elsewhere, where long texts are cut to what fits.
- What is written under a path never changes: `put` writes all or nothing, and the first of several writers wins. An S3 server that
  cannot do that (it answers 501 to If-None-Match) takes the last instead.
- Every call ends within `timeout_s`, repeats included (reads and writes are repeated once or twice on dropped connections and 5xx).
- Errors are `NotFound` for a picture that is not there, `InvalidInput` for a range beyond its end, `Misconfigured` for a picture that was
  encrypted with a key that is not here, and `Unavailable` for everything else, with the storage's name and never with a secret or
  the server's own words.
- With an encryption key, pictures and metadata are encrypted before they leave the process (`sealing.py`).

Any number of calls at once; nothing is connected before the first.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from obstore.exceptions import AlreadyExistsError, BaseError, NotSupportedError, PermissionDeniedError, UnauthenticatedError

from octavo_core.errors import InvalidInput, Misconfigured, NotFound, Unavailable
from octavo_generation.images import folder, object_metadata
from octavo_generation.images.paths import id_in
from octavo_generation.images.sealing import HEADER_BYTES, Opener, Sealer, is_sealed, span

if TYPE_CHECKING:
    from pathlib import Path

    from obstore.store import ObjectStore

BLOCK = 64 * 65_536
"""How much `stream` reads at once: one request for nearly every picture, and a slow reader holds no connection to the storage."""
_STATUS = re.compile(r"status code: (\d{3})")
_NO_PLACE = ("NoSuchBucket", "ContainerNotFound")
_SHUT = "does not let us in (wrong credentials, or no right)"
_PROBE = "octavo-probe"


@dataclass(frozen=True, slots=True)
class Stored:
    """`sealed`: it lies there encrypted; `data` is the plain picture all the same."""

    data: bytes
    metadata: Mapping[str, str]
    sealed: bool


class ImageStorage:
    """`name` is for people: "the S3 bucket pictures". `beside` is the folder where metadata are files of their own."""

    def __init__(
        self,
        store: ObjectStore,
        *,
        name: str,
        metadata_limit: int | None,
        beside: Path | None = None,
        sealer: Sealer | None = None,
        timeout_s: float = 30.0,
    ) -> None:
        self.name = name
        self._store = store
        self._metadata_limit = metadata_limit
        self._beside = beside
        self._sealer = sealer
        self._timeout_s = timeout_s

    @property
    def seals(self) -> bool:
        """Whether what is put now is encrypted; `read` must be told of each picture whether it was."""
        return self._sealer is not None

    async def put(self, path: str, data: bytes, *, media_type: str, metadata: Mapping[str, str]) -> bool:
        """False when a picture is there already; it stays as it is."""
        image, sealer = id_in(path), self._sealer
        if sealer is not None:
            data, media_type = await asyncio.to_thread(sealer.seal, data, image), "application/octet-stream"
        if self._beside is not None:
            return await self._put_into_folder(self._beside, path, data, self._encoded(metadata, image))
        attributes = {"Content-Type": media_type, **self._encoded(metadata, image)}
        async with self._speaking():
            try:
                await self._store.put_async(path, data, attributes=attributes, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
            except (BaseError, NotImplementedError) as error:
                if not _cannot_create(error):
                    raise
                await self._store.put_async(path, data, attributes=attributes, use_multipart=False)
        return True

    async def get(self, path: str) -> Stored:
        """The whole picture with its metadata, decrypted where it was encrypted."""
        image = id_in(path)
        async with self._speaking(reading=True):
            result = await self._store.get_async(path)
            attributes = {str(name): value for name, value in result.attributes.items() if str(name)[:1].islower()}
            data = bytes(await result.bytes_async())
            if self._beside is not None:
                attributes = await asyncio.to_thread(folder.read_metadata, self._beside, path)
        if sealed := is_sealed(data):
            opener = self._needed_sealer().opener(data, image)
            data = await asyncio.to_thread(opener.open, data[HEADER_BYTES:], 0, opener.length)
        return Stored(data, self._decoded(attributes, image), sealed)

    async def read(self, path: str, start: int, end: int, *, sealed: bool = False) -> bytes:
        """Bytes [start, end) of the picture, fewer where it ends before. `sealed`: it was encrypted when it was put."""
        if not 0 <= start < end:
            raise InvalidInput("a range of bytes has at least one")
        if not sealed:
            id_in(path)
            async with self._speaking(reading=True):
                return bytes(await self._store.get_range_async(path, start=start, end=end))
        needed = self._needed_sealer()
        first, last = span(start, end)
        if start == 0:
            whole = await self._part(path, 0, last)
            return await asyncio.to_thread(self._opened, needed.opener(whole, id_in(path)), whole[HEADER_BYTES:], start, end)
        header, part = await asyncio.gather(self._part(path, 0, HEADER_BYTES), self._part(path, first, last))
        return await asyncio.to_thread(self._opened, needed.opener(header, id_in(path)), part, start, end)

    async def stream(self, path: str, start: int, end: int, *, sealed: bool = False) -> AsyncIterator[bytes]:
        """Bytes [start, end) in blocks, each read when the one before was taken. Raises `Unavailable` when there are fewer."""
        while start < end:
            wanted = min(end, start - start % BLOCK + BLOCK)
            try:
                block = await self.read(path, start, wanted, sealed=sealed)
            except InvalidInput:
                block = b""
            if len(block) != wanted - start:
                raise Unavailable(f"{self.name} holds a picture that was cut off")
            yield block
            start = wanted

    async def delete(self, path: str) -> None:
        """Bytes and metadata; nothing happens where there are none."""
        id_in(path)
        async with self._speaking():
            if self._beside is not None:
                await asyncio.to_thread(folder.delete, self._beside, path)
                return
            try:
                await self._store.delete_async(path)
            except FileNotFoundError as error:
                if _has_no_place(error):
                    raise

    async def check(self) -> None:
        """Raises `Unavailable` unless the storage is there and knows us."""
        async with self._speaking(reading=True):
            if self._beside is not None:
                await asyncio.to_thread(folder.check, self._beside)
            else:
                await self._look_for_nothing()

    async def _look_for_nothing(self) -> None:
        try:
            await self._store.get_range_async(_PROBE, start=0, end=1)
        except FileNotFoundError as error:
            if _has_no_place(error):
                raise

    async def _put_into_folder(self, root: Path, path: str, data: bytes, metadata: Mapping[str, str]) -> bool:
        async with self._speaking():
            try:
                await self._store.put_async(path, data, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
            # After the picture: what is beside it must be of the writer who won.
            await asyncio.to_thread(folder.write_metadata, root, path, metadata)
        return True

    async def _part(self, path: str, start: int, end: int) -> bytes:
        async with self._speaking(reading=True):
            return bytes(await self._store.get_range_async(path, start=start, end=end))

    def _opened(self, opener: Opener, part: bytes, start: int, end: int) -> bytes:
        if start >= opener.length:
            raise InvalidInput("the range begins beyond the end of the picture")
        return opener.open(part, start, min(end, opener.length))

    def _needed_sealer(self) -> Sealer:
        if self._sealer is None:
            raise Misconfigured("the picture is encrypted, and storage.encryptionKey is not given")
        return self._sealer

    def _encoded(self, metadata: Mapping[str, str], image: str) -> dict[str, str]:
        if self._sealer is not None:
            return object_metadata.encode_sealed(metadata, self._metadata_limit, self._sealer, image)
        return dict(metadata) if self._metadata_limit is None else object_metadata.encode(metadata, self._metadata_limit)

    def _decoded(self, attributes: Mapping[str, str], image: str) -> dict[str, str]:
        if object_metadata.SEALED in attributes:
            return object_metadata.decode_sealed(attributes[object_metadata.SEALED], self._needed_sealer(), image)
        return dict(attributes) if self._metadata_limit is None else object_metadata.decode(attributes)

    @contextlib.asynccontextmanager
    async def _speaking(self, *, reading: bool = False) -> AsyncIterator[None]:
        with self._translated(reading=reading):
            async with asyncio.timeout(self._timeout_s):
                yield

    @contextlib.contextmanager
    def _translated(self, *, reading: bool) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            raise self._unavailable(f"did not answer in {self._timeout_s:g} s") from None
        except FileNotFoundError as error:
            if reading and not _has_no_place(error):
                raise NotFound("there is no such picture") from None
            raise self._unavailable("is not there (no such bucket or container)") from None
        except (PermissionDeniedError, UnauthenticatedError, PermissionError):
            raise self._unavailable(_SHUT) from None
        except (BaseError, NotImplementedError, OSError, ValueError) as error:
            if reading and _is_beyond_the_end(error):
                raise InvalidInput("the range begins beyond the end of the picture") from None
            status = _status(error)
            if status in ("401", "403"):
                raise self._unavailable(_SHUT) from None
            raise self._unavailable(f"answered {status}" if status else f"cannot be reached ({type(error).__name__})") from None

    def _unavailable(self, what: str) -> Unavailable:
        return Unavailable(f"{self.name}, where pictures are kept, {what}")


def _status(error: Exception) -> str | None:
    found = _STATUS.search(str(error))
    return found[1] if found else None


def _cannot_create(error: Exception) -> bool:
    """Some servers do not know If-None-Match."""
    return isinstance(error, NotImplementedError | NotSupportedError) or _status(error) == "501"


def _is_beyond_the_end(error: Exception) -> bool:
    return _status(error) == "416" or "StartTooLarge" in str(error)


def _has_no_place(error: Exception) -> bool:
    return any(word in str(error) for word in _NO_PLACE)
