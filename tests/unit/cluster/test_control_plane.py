from __future__ import annotations

import stat
from pathlib import Path

import yaml
from scripts.cluster.control_plane import ControlPlane
from scripts.cluster.credentials import ADMIN
from scripts.cluster.layout import Cache

CACHE = Cache(Path("/c"))


def plane(folder: Path, **others: object) -> ControlPlane:
    fields = {"address": "127.0.0.1", "port": 1, "services": "10.96.0.0/16", "kubernetes_service": "10.96.0.1", "durable": False}
    return ControlPlane(folder=folder, **(fields | others))  # type: ignore[arg-type]


def command_lines(of: ControlPlane) -> list[list[str]]:
    return [program(CACHE) for program in (of.etcd, of.api_server, of.controller_manager, of.scheduler, of.kwok)]


def test_no_secret_stands_on_a_command_line(tmp_path: Path) -> None:
    own = plane(tmp_path, kubelets=True)
    tokens = own.prepare()
    words = [word for argv in command_lines(own) for word in argv]
    assert not [word for word in words if any(token in word for token in tokens.values())]


def test_secrets_are_their_owners_only(tmp_path: Path) -> None:
    own = plane(tmp_path / "plane", kubelets=True)
    own.prepare()
    public = {path.name for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_mode & stat.S_IRWXO}
    assert {name for name in public if not name.endswith(".crt")} == set()
    assert stat.S_IMODE((tmp_path / "plane").stat().st_mode) == 0o700


def test_preparing_again_changes_nothing(tmp_path: Path) -> None:
    own = plane(tmp_path, kubelets=True)
    tokens = own.prepare()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert own.prepare() == tokens
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_user_that_was_added_gets_a_token(tmp_path: Path) -> None:
    plane(tmp_path).prepare()
    more = plane(tmp_path, users=(*plane(tmp_path).users, *(type(user)("somebody") for user in plane(tmp_path).users[:1])))
    assert "somebody" in more.prepare()


def test_the_kubeconfig_needs_no_other_file(tmp_path: Path) -> None:
    own = plane(tmp_path)
    tokens = own.prepare()
    document = yaml.safe_load(own.kubeconfig(ADMIN).read_text())
    assert document["users"][0]["user"] == {"token": tokens[ADMIN]}
    assert document["clusters"][0]["cluster"].keys() == {"server", "certificate-authority-data"}


def test_etcd_listens_on_no_port(tmp_path: Path) -> None:
    listening = [word for word in plane(tmp_path).etcd(CACHE) if word.startswith("--listen-")]
    assert len(listening) == 2
    assert all("=unix://" in word for word in listening)


def test_only_a_cluster_with_nodes_can_reach_kubelets(tmp_path: Path) -> None:
    assert not [word for word in plane(tmp_path).api_server(CACHE) if "kubelet" in word]
    assert [word for word in plane(tmp_path, kubelets=True).api_server(CACHE) if word.startswith("--kubelet-client-certificate=")]


def test_etcd_waits_for_the_disk_only_where_it_is_asked_to(tmp_path: Path) -> None:
    assert "--unsafe-no-fsync" in plane(tmp_path).etcd(CACHE)
    assert "--unsafe-no-fsync" not in plane(tmp_path, durable=True).etcd(CACHE)
