"""Loads the images of `build/images/` into the cluster, but not those that it has already. `plan` computes, `load` acts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from scripts.cluster import archives
from scripts.cluster.archives import Image
from scripts.cluster.failures import ClusterFailure


class Loader(Protocol):
    """A cluster that takes images."""

    def loaded(self, names: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """Of these names, those that the cluster has, with the digests that name the same image."""
        ...

    def load(self, archive: Path) -> None: ...


@dataclass(frozen=True)
class Archive:
    path: Path
    images: tuple[Image, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for image in self.images for name in image.names)


def find(folder: Path) -> list[Archive]:
    """Raises ClusterFailure where there is none, or where one is broken."""
    paths = sorted(folder.glob("*.tar"))
    if not paths:
        raise ClusterFailure(f"there is no image in {folder}", mend="make them: ./task images")
    found = []
    for path in paths:
        try:
            found.append(Archive(path, tuple(archives.read(path))))
        except ValueError as problem:
            raise ClusterFailure(f"{path.name} cannot be loaded", why=str(problem), mend="make it again: ./task images") from problem
    return found


def missing(found: Sequence[Archive], loaded: Mapping[str, frozenset[str]]) -> list[Archive]:
    """Those with an image that the cluster lacks, or has another version of. One without a name is always loaded."""
    return [archive for archive in found if not all(_is_loaded(image, loaded) for image in archive.images)]


def load(folder: Path, loader: Loader, say: Callable[[str], None]) -> list[Path]:
    """Returns the archives that were loaded; the others were there."""
    found = find(folder)
    loaded = loader.loaded([name for archive in found for name in archive.names])
    to_load = missing(found, loaded)
    for archive in found:
        names = ", ".join(archive.names) or archive.path.name
        if archive in to_load:
            say(f"loading {names}")
            loader.load(archive.path)
        else:
            say(f"{names} is there")
    return [archive.path for archive in to_load]


def _is_loaded(image: Image, loaded: Mapping[str, frozenset[str]]) -> bool:
    return bool(image.names) and all(loaded.get(name, frozenset()) & image.digests for name in image.names)
