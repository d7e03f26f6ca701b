from __future__ import annotations

from pathlib import Path

import pytest
from scripts.cluster.layout import Cache, Host, choice_file


def test_the_cache_follows_the_environment() -> None:
    assert Cache.of({"XDG_CACHE_HOME": "/c", "HOME": "/h"}).root == Path("/c/octavo/cluster")
    assert Cache.of({"HOME": "/h"}).root == Path("/h/.cache/octavo/cluster")


def test_programs_of_one_module_lie_together_and_all_are_linked_in_one_folder() -> None:
    cache = Cache(Path("/c"))
    assert cache.program("kubelet").parent == cache.program("kubectl").parent
    assert cache.program("helm").parent != cache.program("kubectl").parent
    assert cache.bin.parent.parent == Path("/c")


def test_the_state_can_be_elsewhere() -> None:
    host = Host.of({"OCTAVO_CLUSTER_STATE": "/srv/cluster"})
    assert host.kubeconfig == Path("/srv/cluster/kubeconfig")
    assert host.name == "cluster"
    assert Host.of({}).state.is_absolute()


@pytest.mark.parametrize("state", ["relative", "/" + "long" * 20])
def test_a_state_that_sockets_cannot_live_in_is_refused(state: str) -> None:
    with pytest.raises(ValueError, match="OCTAVO_CLUSTER_STATE"):
        Host.of({"OCTAVO_CLUSTER_STATE": state})


def test_the_longest_state_leaves_room_for_a_socket() -> None:
    host = Host.of({"OCTAVO_CLUSTER_STATE": "/" + "s" * 59})
    assert all(len(str(path)) < 107 for path in (host.containerd_socket, host.state / "kubelet/pod-resources/kubelet.sock"))


def test_the_network_can_be_elsewhere() -> None:
    network = Host.of(
        {"OCTAVO_CLUSTER_PODS": "10.1.0.0/16", "OCTAVO_CLUSTER_SERVICES": "10.2.0.0/16", "OCTAVO_CLUSTER_NODE": "10.3.0.1"}
    ).network
    assert (network.pods, network.services, network.node) == ("10.1.0.0/16", "10.2.0.0/16", "10.3.0.1")
    # Kubernetes itself takes the first address of Services.
    assert (network.kubernetes_service, network.dns) == ("10.2.0.1", "10.2.0.10")


@pytest.mark.parametrize("services", ["10.2.0.0/30", "10.2.0.1/16", "many", "10.244.128.0/20"])
def test_a_network_that_cannot_be_is_refused(services: str) -> None:
    with pytest.raises(ValueError, match="OCTAVO_CLUSTER_SERVICES"):
        Host.of({"OCTAVO_CLUSTER_SERVICES": services})


def test_the_choice_is_remembered_where_git_does_not_look() -> None:
    assert ".octavo" in choice_file().parts
