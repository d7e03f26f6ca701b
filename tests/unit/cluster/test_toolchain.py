from __future__ import annotations

import multiprocessing
import shutil
from pathlib import Path

import pytest
from scripts.cluster import toolchain
from scripts.cluster.failures import ClusterFailure
from scripts.cluster.layout import Cache
from scripts.cluster.toolchain import ensure, go_version, missing

# Stands in for Go: writes what it was asked to build, and counts how often it was asked.
FAKE_GO = """#!/bin/sh
if [ "$1" = version ]; then echo "go version go1.26.0 linux/amd64"; exit; fi
echo "$@" >>"{folder}/calls"
[ -e "{folder}/broken" ] && {{ echo "no such module" >&2; exit 1; }}
while [ "$1" != -o ]; do shift; done
echo program >"$2"
"""


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the fake Go, which is the first on the PATH."""
    folder = tmp_path / "go"
    folder.mkdir()
    (folder / "go").write_text(FAKE_GO.format(folder=folder))
    (folder / "go").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def calls(go: Path) -> list[str]:
    return (go / "calls").read_text().splitlines() if (go / "calls").exists() else []


def test_what_is_missing_is_built_once_and_linked(go: Path, tmp_path: Path) -> None:
    cache, said = Cache(tmp_path / "cache"), list[str]()
    assert missing(["pause", "helm"], cache) == ["pause", "helm"]
    folder = ensure(["pause", "helm"], cache, said.append)
    assert (folder / "helm").read_text() == "program\n"
    assert (folder / "helm").resolve() == cache.program("helm")
    assert [text.split()[:2] for text in said] == [["building", "pause"], ["building", "helm"]]
    ensure(["pause", "helm"], cache)
    assert len(calls(go)) == 2
    assert missing(["pause", "helm"], cache) == []


def test_the_locked_versions_are_not_changed_by_building(go: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOFLAGS", "-mod=mod")
    assert toolchain._environment()["GOFLAGS"] == "-mod=readonly"
    assert toolchain._environment()["GOTOOLCHAIN"] == "local"


def test_a_failed_build_leaves_nothing_and_shows_its_log(go: Path, tmp_path: Path) -> None:
    (go / "broken").touch()
    cache = Cache(tmp_path / "cache")
    with pytest.raises(ClusterFailure, match="helm could not be built") as failure:
        ensure(["helm"], cache)
    assert "no such module" in failure.value.tail()
    assert missing(["helm"], cache) == ["helm"]
    assert list(cache.program("helm").parent.iterdir()) == []
    # And the next try begins anew
    (go / "broken").unlink()
    ensure(["helm"], cache)
    assert missing(["helm"], cache) == []


def test_what_a_killed_build_left_is_cleared(go: Path, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    left = cache.program("helm").with_name(".helm.123")
    left.parent.mkdir(parents=True)
    left.touch()
    ensure(["helm"], cache)
    assert not left.exists()


def test_several_at_once_build_once(go: Path, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        folders = pool.starmap(ensure, [(("pause", "helm"), cache)] * 3)
    assert set(folders) == {cache.bin}
    assert len(calls(go)) == 2


def test_a_go_that_does_not_run_is_no_go(go: Path, tmp_path: Path) -> None:
    assert go_version(str(go / "go")) == (1, 26)
    assert go_version(str(tmp_path / "missing")) == (0, 0)
    assert go_version(shutil.which("true") or "true") == (0, 0)
