"""A picture from a stranger or from a generator, checked, encoded anew, and stored under an owner."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from octavo_core.pictures import PictureLimits, check_picture
from octavo_documents.pictures.storage import PictureStorage

LIMITS = PictureLimits(max_side=1_536, max_copy_bytes=3 * 1_048_576)


@dataclass(frozen=True, slots=True)
class KeptPicture:
    """A reference, as a document holds it (`as_dict`, `from_dict`)."""

    path: str
    media_type: str
    width: int
    height: int
    size: int

    def as_dict(self) -> dict[str, Any]:
        return {"path": self.path, "media_type": self.media_type, "width": self.width, "height": self.height, "size": self.size}

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> KeptPicture:
        return cls(kept["path"], kept["media_type"], kept["width"], kept["height"], kept["size"])

    @property
    def tag(self) -> str:
        """The picture's own part of its path; changes with every new picture."""
        return self.path.rpartition("/")[2].partition(".")[0]


class Pictures:
    """Any number of calls at once. Of one owner all lie under one folder, so that they can go together."""

    def __init__(self, storage: PictureStorage, limits: PictureLimits = LIMITS) -> None:
        self._storage = storage
        self.limits = limits

    async def keep(self, owner: str, data: bytes, *, name: str, field: str = "picture") -> KeptPicture:
        """Under a name of ours, the same again on top. Raises what `check_picture` raises, with `field` as the place, and
        `Unavailable`. A crash after it leaves a picture that no document names; it goes with the owner's others."""
        checked = await check_picture(data, self.limits, path=field)
        ending = "png" if checked.media_type == "image/png" else "jpg"
        path = f"{folder_of(owner)}/{name}.{ending}"
        await self._storage.put(path, checked.data)
        return KeptPicture(path, checked.media_type, checked.width, checked.height, len(checked.data))

    async def read(self, picture: KeptPicture) -> bytes:
        return await self._storage.get(picture.path)

    async def forget(self, picture: KeptPicture) -> None:
        await self._storage.delete(picture.path)

    async def forget_path(self, path: str) -> None:
        await self._storage.delete(path)

    async def forget_all_of(self, owner: str) -> int:
        return await self._storage.delete_below(folder_of(owner))


def folder_of(owner: str) -> str:
    """An owner may be any text that an issuer of tokens names; a path is made of letters and digits."""
    return hashlib.sha256(owner.encode()).hexdigest()[:40]
