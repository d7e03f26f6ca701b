"""Bytes by path, in a folder, a bucket or a container. Paths are made by us, of owners and ids; what is written under one never changes.

Every call ends within `TIMEOUT_S`. Errors: `NotFound` for what is not there, `Unavailable` for everything else, without the server's
own words. Repeating any of them is harmless.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from obstore.exceptions import BaseError

from octavo_core.errors import Misconfigured, NotFound, Unavailable

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

TIMEOUT_S = 20.0


class PictureStorage:
    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def put(self, path: str, data: bytes) -> None:
        async with self._speaking():
            await self._store.put_async(path, data, use_multipart=False)

    async def get(self, path: str) -> bytes:
        async with self._speaking():
            return bytes(await (await self._store.get_async(path)).bytes_async())

    async def delete(self, path: str) -> None:
        """Nothing happens where there is none."""
        with contextlib.suppress(NotFound):
            async with self._speaking():
                await self._store.delete_async(path)

    async def delete_below(self, prefix: str) -> int:
        """How many were there. `prefix` is a whole folder (`a/b`)."""
        gone = 0
        async with self._speaking():
            async for batch in self._store.list(f"{prefix}/"):
                for one in batch:
                    with contextlib.suppress(FileNotFoundError):
                        await self._store.delete_async(one["path"])
                    gone += 1
        return gone

    @contextlib.asynccontextmanager
    async def _speaking(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                yield
        except FileNotFoundError:
            raise NotFound("there is no such picture") from None
        except (BaseError, OSError, TimeoutError) as error:
            raise Unavailable(f"the storage of pictures does not answer ({type(error).__name__})", retry_after=5) from None


def open_picture_storage(url: str) -> PictureStorage:
    """For `file:///PATH` (made if it is not there), `s3://BUCKET/PREFIX` or `az://ACCOUNT/CONTAINER/PREFIX`; those take their
    credentials from the environment (AWS_…, AZURE_…) or from the identity of the pod. Connects nothing. Raises `Misconfigured`."""
    from obstore.store import LocalStore, from_url

    parts = urlsplit(url)
    try:
        if parts.scheme == "file":
            folder = Path(unquote(parts.path))
            folder.mkdir(parents=True, exist_ok=True)
            return PictureStorage(LocalStore(folder.resolve()))
        if parts.scheme in ("s3", "az"):
            bound = timedelta(seconds=TIMEOUT_S)
            # A server of one's own may speak plain HTTP; Amazon's and Microsoft's addresses are https whatever this says.
            client: ClientConfig = {"allow_http": True, "timeout": bound, "connect_timeout": timedelta(seconds=5)}
            retries: RetryConfig = {"max_retries": 2, "retry_timeout": bound}
            return PictureStorage(from_url(url, client_options=client, retry_config=retries))
    except (BaseError, OSError, ValueError) as error:
        raise Misconfigured(f"OCTAVO_PICTURES_URL: the storage of pictures cannot be opened ({type(error).__name__})") from None
    raise Misconfigured("OCTAVO_PICTURES_URL: write file:///PATH, s3://BUCKET/PREFIX or az://ACCOUNT/CONTAINER/PREFIX")
