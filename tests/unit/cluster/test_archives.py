from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from scripts.cluster import archives

NAME = "localhost/octavo/service:dev"


def tar(path: Path, files: dict[str, Any]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


def oci(path: Path, *, notes: dict[str, str]) -> Path:
    manifest = json.dumps({"config": {"digest": "sha256:c0"}}).encode()
    digest = hashlib.sha256(manifest).hexdigest()
    index = {"manifests": [{"digest": f"sha256:{digest}", "annotations": notes}]}
    return tar(path, {"oci-layout": {}, "index.json": index, f"blobs/sha256/{digest}": manifest})


def test_an_image_of_a_program_reads_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "pause").write_bytes(b"program")
    archives.write(tmp_path / "pause.tar", name=NAME, program=tmp_path / "pause")
    (image,) = archives.read(tmp_path / "pause.tar")
    assert image.names == (NAME,)
    with tarfile.open(tmp_path / "pause.tar") as archive:
        layer = archive.extractfile("layer.tar")
        assert layer is not None
        with tarfile.open(fileobj=io.BytesIO(layer.read())) as inner:
            assert [(entry.name, entry.mode, entry.size) for entry in inner] == [("pause", 0o755, 7)]
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_the_same_program_makes_the_same_image_and_another_one_another(tmp_path: Path) -> None:
    program = tmp_path / "pause"
    digests = []
    for content in (b"one", b"one", b"two"):
        program.write_bytes(content)
        archives.write(tmp_path / "pause.tar", name=NAME, program=program)
        digests.append(archives.read(tmp_path / "pause.tar")[0].digests)
    assert digests[0] == digests[1]
    assert not digests[0] & digests[2]


def test_an_archive_of_docker_tells_its_names_and_its_configuration(tmp_path: Path) -> None:
    config = b'{"architecture": "amd64"}'
    path = tar(tmp_path / "a.tar", {"c.json": config, "manifest.json": [{"Config": "c.json", "RepoTags": [NAME, "x:y"], "Layers": []}]})
    (image,) = archives.read(path)
    assert image.names == (NAME, "x:y")
    assert image.digests == {f"sha256:{hashlib.sha256(config).hexdigest()}"}


@pytest.mark.parametrize("note", ["org.opencontainers.image.ref.name", "io.containerd.image.name"])
def test_an_oci_archive_tells_its_name_its_manifest_and_its_configuration(tmp_path: Path, note: str) -> None:
    (image,) = archives.read(oci(tmp_path / "a.tar", notes={note: NAME}))
    assert image.names == (NAME,)
    assert "sha256:c0" in image.digests
    assert len(image.digests) == 2


def test_an_image_may_have_no_name(tmp_path: Path) -> None:
    assert archives.read(oci(tmp_path / "a.tar", notes={}))[0].names == ()


@pytest.mark.parametrize(
    "files", [{}, {"readme": b""}, {"manifest.json": [{"Config": "missing.json"}]}, {"index.json": b"{"}, {"manifest.json": b"{"}]
)
def test_what_is_no_image_is_refused(tmp_path: Path, files: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"a\.tar"):
        archives.read(tar(tmp_path / "a.tar", files))


def test_a_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"not a tar at all" * 100)
    with pytest.raises(ValueError, match="not a whole image archive"):
        archives.read(tmp_path / "a.tar")
