"""A cluster has to do for pods what people expect of one: names, Services, exec, logs, volumes, policies. On every kind of cluster."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from scripts.cluster import images
from scripts.cluster.cli import loader
from tests.integration.cluster import probes
from tests.servers.cluster import Cluster
from tests.servers.starting import wait_until

pytestmark = pytest.mark.needs("cluster")


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    with cluster.namespace("probe", {"pod-security.kubernetes.io/enforce": "restricted"}) as name:
        yield name


def apply(cluster: Cluster, namespace: str, *manifests: probes.Object) -> None:
    items = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
    # The namespace's service account comes a moment after the namespace.
    wait_until(lambda: cluster.api.find(f"/api/v1/namespaces/{namespace}/serviceaccounts/default") is not None, what="no service account")
    cluster.kubectl("apply", "--namespace", namespace, "-f", "-", stdin=json.dumps(items))


def wait_ready(cluster: Cluster, namespace: str) -> None:
    cluster.kubectl("wait", "--namespace", namespace, "--for=condition=Ready", "pod", "--all", "--timeout=60s", timeout_s=70)


def execute(cluster: Cluster, namespace: str, pod: str, *arguments: str) -> str:
    return cluster.kubectl("exec", "--namespace", namespace, pod, "--", "/probe", *arguments)


def reaches(cluster: Cluster, namespace: str, pod: str, url: str) -> bool:
    try:
        return execute(cluster, namespace, pod, "get", url) == "hello\n"
    except AssertionError:
        return False


def test_a_service_answers_by_its_name(cluster: Cluster, namespace: str, probe: str) -> None:
    apply(cluster, namespace, probes.pod("web", probe), probes.service("web"), probes.pod("asker", probe))
    wait_ready(cluster, namespace)
    # From another pod, by the short and the full name; and from the pod behind the Service itself.
    for pod, name in (("asker", "web"), ("asker", f"web.{namespace}.svc.cluster.local"), ("web", f"web.{namespace}.svc.cluster.local")):
        wait_until(partial(reaches, cluster, namespace, pod, f"http://{name}/"), what=f"{pod} does not reach {name}")


def test_logs_tell_what_the_pod_wrote(cluster: Cluster, namespace: str, probe: str) -> None:
    apply(cluster, namespace, probes.pod("web", probe))
    wait_ready(cluster, namespace)
    assert "serving on :8080" in cluster.kubectl("logs", "--namespace", namespace, "web")


def test_a_claim_keeps_its_files_from_pod_to_pod(cluster: Cluster, namespace: str, probe: str) -> None:
    # Given a pod that is not root and writes to its claim
    apply(cluster, namespace, probes.claim("data"), probes.pod("writer", probe, claim="data"))
    wait_ready(cluster, namespace)
    execute(cluster, namespace, "writer", "write", "/data/note", "kept")
    # When another takes its place
    cluster.kubectl("delete", "--namespace", namespace, "pod", "writer", "--timeout=30s", timeout_s=40)
    apply(cluster, namespace, probes.pod("reader", probe, claim="data"))
    wait_ready(cluster, namespace)
    # Then it finds what was written
    assert execute(cluster, namespace, "reader", "read", "/data/note") == "kept"


def test_a_deleted_claim_takes_its_volume_with_it(cluster: Cluster, namespace: str, probe: str) -> None:
    apply(cluster, namespace, probes.claim("data"), probes.pod("writer", probe, claim="data"))
    wait_ready(cluster, namespace)
    claim = cluster.api.get(f"/api/v1/namespaces/{namespace}/persistentvolumeclaims/data")
    volume = claim["spec"]["volumeName"]
    cluster.kubectl("delete", "--namespace", namespace, "pod/writer", "pvc/data", "--timeout=30s", timeout_s=40)
    wait_until(lambda: cluster.api.find(f"/api/v1/persistentvolumes/{volume}") is None, what="the volume stays")


def test_policies_are_enforced(cluster: Cluster, namespace: str, probe: str) -> None:
    address = f"http://web.{namespace}.svc.cluster.local/"

    def both() -> tuple[bool, bool]:
        return reaches(cluster, namespace, "friend", address), reaches(cluster, namespace, "stranger", address)

    # Given two pods that reach a third
    apply(cluster, namespace, probes.pod("web", probe), probes.service("web"), probes.pod("friend", probe), probes.pod("stranger", probe))
    wait_ready(cluster, namespace)
    wait_until(lambda: both() == (True, True), what="the pods do not reach each other")
    # When nothing may come in
    apply(cluster, namespace, probes.policy("deny", {"podSelector": {}, "policyTypes": ["Ingress"]}))
    wait_until(lambda: both() == (False, False), what="the policy is not enforced")
    # Then what a second policy lets in comes in again, and nothing else does; the node's own probes never stopped
    peers = [{"podSelector": {"matchLabels": {"app": "friend"}}}]
    rule = {"from": peers, "ports": [{"port": "http"}]}
    apply(cluster, namespace, probes.policy("allow", {"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [rule]}))
    wait_until(lambda: both() == (True, False), what="the second policy is not enforced")
    wait_ready(cluster, namespace)


def test_a_pod_that_may_send_nothing_finds_no_name_until_dns_is_allowed(cluster: Cluster, namespace: str, probe: str) -> None:
    apply(cluster, namespace, probes.pod("asker", probe), probes.policy("mute", {"podSelector": {}, "policyTypes": ["Egress"]}))
    wait_ready(cluster, namespace)

    def resolves() -> bool:
        try:
            return execute(cluster, namespace, "asker", "lookup", "kubernetes.default.svc.cluster.local") != ""
        except AssertionError:
            return False

    wait_until(lambda: not resolves(), what="the policy is not enforced")
    to = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
    }
    ports = [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
    egress = [{"to": [to], "ports": ports}]
    apply(cluster, namespace, probes.policy("dns", {"podSelector": {}, "policyTypes": ["Egress"], "egress": egress}))
    wait_until(resolves, what="DNS stays closed")


def test_an_image_is_loaded_once(cluster: Cluster, probe: str, probe_archive: Path) -> None:
    said: list[str] = []
    assert images.load(probe_archive.parent, loader(cluster.choice), said.append) == []
    assert said == [f"{probe} is there"]
