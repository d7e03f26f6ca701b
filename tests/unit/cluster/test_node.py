from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
import yaml
from scripts.cluster import node
from scripts.cluster.layout import Cache, Host

HOST = Host(Path("/var/lib/thing"))


def containerd(snapshotter: str = "overlayfs") -> dict[str, object]:
    return tomllib.loads(node.containerd_config(HOST, cni_plugins=Path("/cni"), runc=Path("/sbin/runc"), snapshotter=snapshotter))


def test_containerd_keeps_everything_in_the_clusters_folder() -> None:
    config = containerd()
    cri = config["plugins"]["io.containerd.grpc.v1.cri"]  # type: ignore[index]
    runc = cri["containerd"]["runtimes"]["runc"]["options"]
    paths = [config["root"], config["state"], config["grpc"]["address"], cri["cni"]["conf_dir"], runc["Root"]]  # type: ignore[index]
    assert all(str(path).startswith("/var/lib/thing/") for path in paths)
    assert cri["sandbox_image"] == node.image("pause")
    assert cri["restrict_oom_score_adj"] is True
    assert cri["netns_mounts_under_state_dir"] is True


def test_containerd_takes_the_snapshotter_that_the_disk_allows() -> None:
    assert containerd("native")["plugins"]["io.containerd.grpc.v1.cri"]["containerd"]["snapshotter"] == "native"  # type: ignore[index]


def test_pods_get_addresses_of_the_pods_network_from_a_list_of_our_own() -> None:
    config = json.loads(node.cni_config(HOST))
    (plugin,) = config["plugins"]
    assert config["name"] == "thing"
    assert plugin["ipam"]["ranges"] == [[{"subnet": "10.244.0.0/16"}]]
    assert plugin["ipam"]["dataDir"].startswith("/var/lib/thing/")
    # Masquerading is one rule of ours, not one of iptables for each pod.
    assert plugin["ipMasq"] is False


def test_kubelet_lets_nobody_in_without_a_name() -> None:
    config = yaml.safe_load(node.kubelet_config(HOST, Path("/ca.crt")))
    assert config["authentication"]["anonymous"] == {"enabled": False}
    assert config["authorization"] == {"mode": "Webhook"}
    assert config["address"] == HOST.network.node
    assert config["clusterDNS"] == [HOST.network.dns]
    assert config["cgroupRoot"] == "/thing"
    assert config["failCgroupV1"] is False


def test_loaded_images_are_never_collected() -> None:
    config = yaml.safe_load(node.kubelet_config(HOST, Path("/ca.crt")))
    assert config["imageGCHighThresholdPercent"] == 100


@pytest.mark.parametrize(
    ("machines", "expected"),
    [
        ("search example.org\nnameserver 10.0.0.2\nnameserver 127.0.0.53\n", "nameserver 10.0.0.2\n"),
        ("nameserver ::1\nnameserver 2001:db8::1\n", "nameserver 2001:db8::1\n"),
        ("nameserver 127.0.0.1\n", ""),
        ("nameserver\nnameserver nonsense\n# nameserver 10.0.0.1 here\n", ""),
        ("", ""),
    ],
)
def test_pods_are_told_of_name_servers_that_they_can_reach(machines: str, expected: str) -> None:
    assert node.resolv_conf(machines) == expected


def test_a_proxy_of_the_environment_reaches_containerd_and_nobody_else(tmp_path: Path) -> None:
    host = Host(tmp_path)
    (tmp_path / "containerd.toml").touch()
    daemon = node.containerd(host, Path("/bin/containerd"), {"HTTPS_PROXY": "http://proxy", "AWS_SECRET": "x"})
    assert daemon.environ == {"HTTPS_PROXY": "http://proxy", "TMPDIR": f"{tmp_path}/tmp"}


def test_a_changed_setting_means_a_restart(tmp_path: Path) -> None:
    host, kubeconfig = Host(tmp_path), tmp_path / "kubeconfig"
    for name in ("kubelet.yaml", "resolv.conf", "kubeconfig"):
        (tmp_path / name).write_text("before")
    before = node.kubelet(host, Cache(Path("/c")), kubeconfig).digest
    assert node.kubelet(host, Cache(Path("/c")), kubeconfig).digest == before
    (tmp_path / "kubelet.yaml").write_text("after")
    assert node.kubelet(host, Cache(Path("/c")), kubeconfig).digest != before


def test_node_ports_and_connection_tracking_of_the_machine_are_left_alone(tmp_path: Path) -> None:
    argv = node.kube_proxy(HOST, Cache(Path("/c")), tmp_path / "kubeconfig").argv
    assert "--proxy-mode=nftables" in argv
    assert "--nodeport-addresses=primary" in argv
    assert len([word for word in argv if word.startswith("--conntrack-") and word.endswith("=0")]) == 3
