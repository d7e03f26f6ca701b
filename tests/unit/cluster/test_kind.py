from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console
from scripts.cluster import kind
from scripts.cluster.failures import ClusterFailure
from scripts.cluster.kind import KindCluster, find_engine
from scripts.cluster.progress import Progress

QUIET = Progress(Console(quiet=True))


def program(folder: Path, name: str, script: str) -> Path:
    """A program that writes down how it was called, and then does as the script says."""
    path = folder / name
    path.write_text(f'#!/bin/sh\necho "{name} $@" >>"{folder}/calls"\n{script}\n')
    path.chmod(0o755)
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(kind, "KUBECONFIG", tmp_path / "state" / "kubeconfig")
    monkeypatch.setattr(kind, "_ENGINES", ("engine-a", "engine-b"))
    return tmp_path


def test_a_client_without_a_server_is_no_engine(folder: Path) -> None:
    assert find_engine() is None
    program(folder, "engine-a", "exit 1")
    program(folder, "engine-b", "exit 0")
    assert find_engine() == "engine-b"


def test_an_engine_that_does_not_answer_is_not_waited_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kind, "_ANSWER_S", 0.2)
    program(folder, "engine-a", "exec sleep 60")
    assert find_engine() is None


def test_the_machines_own_programs_come_first(folder: Path) -> None:
    own = program(folder, "kubectl", "")
    assert kind.programs(("kubectl",), None, QUIET) == {"kubectl": own}  # type: ignore[arg-type]


def test_where_kind_fails_it_says_what_kind_said(folder: Path) -> None:
    failing = program(folder, "kind", '[ "$1" = get ] && exit 0; echo "no space left" >&2; exit 1')
    with pytest.raises(ClusterFailure, match="kind made no cluster") as failure:
        KindCluster(failing, "engine-b").up(QUIET)
    assert failure.value.why == "no space left"
    (created,) = [line for line in (folder / "calls").read_text().splitlines() if " create " in line]
    assert f"--name=octavo --kubeconfig={folder}/state/kubeconfig" in created


def test_the_engine_that_answers_is_the_one_that_kind_uses(folder: Path) -> None:
    asking = program(folder, "kind", 'echo "$KIND_EXPERIMENTAL_PROVIDER"')
    assert not KindCluster(asking, "podman").exists()
    assert KindCluster(program(folder, "kind", "echo other; echo octavo"), "podman").exists()


def test_images_are_known_by_name_and_configuration(folder: Path) -> None:
    listed = {"images": [{"id": "sha256:c0", "repoTags": ["localhost/octavo/service:dev"]}, {"id": "sha256:c1", "repoTags": []}]}
    (folder / "listed").write_text(json.dumps(listed))
    program(folder, "engine-a", f'cat "{folder}/listed"')
    cluster = KindCluster(program(folder, "kind", ""), "engine-a")
    names = ["localhost/octavo/service:dev", "localhost/octavo/worker:dev"]
    assert cluster.loaded(names) == {"localhost/octavo/service:dev": frozenset({"sha256:c0"})}


def test_down_deletes_the_cluster_and_its_kubeconfig(folder: Path) -> None:
    kind.KUBECONFIG.parent.mkdir()
    kind.KUBECONFIG.touch()
    KindCluster(program(folder, "kind", ""), "engine-a").down()
    assert "kind delete cluster --name=octavo" in (folder / "calls").read_text()
    assert not kind.KUBECONFIG.exists()
