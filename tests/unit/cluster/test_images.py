from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from scripts.cluster import archives, images
from scripts.cluster.failures import ClusterFailure


class Registry:
    """A cluster that takes images."""

    def __init__(self) -> None:
        self.known: dict[str, frozenset[str]] = {}
        self.taken: list[str] = []

    def loaded(self, names: Sequence[str]) -> Mapping[str, frozenset[str]]:
        return {name: self.known[name] for name in names if name in self.known}

    def load(self, archive: Path) -> None:
        self.taken.append(archive.name)
        self.known |= {name: image.digests for image in archives.read(archive) for name in image.names}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("service", "worker"):
        make(tmp_path, name, b"first")
    return tmp_path


def make(folder: Path, name: str, content: bytes) -> None:
    program = folder / name
    program.write_bytes(content)
    archives.write(folder / f"{name}.tar", name=f"localhost/octavo/{name}:dev", program=program)


def test_each_image_is_loaded_once(folder: Path) -> None:
    cluster, said = Registry(), list[str]()
    images.load(folder, cluster, said.append)
    assert cluster.taken == ["service.tar", "worker.tar"]
    assert images.load(folder, cluster, said.append) == []
    assert said[-1] == "localhost/octavo/worker:dev is there"


def test_an_image_that_was_made_anew_is_loaded_again_and_the_others_are_not(folder: Path) -> None:
    cluster = Registry()
    images.load(folder, cluster, lambda _: None)
    make(folder, "worker", b"second")
    assert [path.name for path in images.load(folder, cluster, lambda _: None)] == ["worker.tar"]


def test_where_there_is_no_image_it_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ClusterFailure, match="no image") as failure:
        images.load(tmp_path, Registry(), lambda _: None)
    assert "./task images" in failure.value.mend


def test_a_broken_archive_is_named_before_anything_is_loaded(folder: Path) -> None:
    (folder / "zebra.tar").write_bytes(b"broken")
    cluster = Registry()
    with pytest.raises(ClusterFailure, match=r"zebra\.tar"):
        images.load(folder, cluster, lambda _: None)
    assert cluster.taken == []
