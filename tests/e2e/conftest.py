"""Octavo installed in a real cluster, by the charts, with the images that `./task images` built."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from tests.e2e.house import CHARTS, ROOT, SYSTEM, Generator, install, wait
from tests.servers.cluster import Cluster, running_cluster

SERVICE_IMAGE = "localhost/octavo/service:dev"

Generators = Callable[[str], Generator]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as running:
        running.load_images(ROOT / "build" / "images")
        yield running


@pytest.fixture(scope="session")
def octavo(cluster: Cluster) -> Cluster:
    """The cluster, with the three charts installed as a developer does; they stay, as the cluster does."""
    here_before = "octavo-platform" in cluster.helm("list", "-n", SYSTEM, "--short").split()
    for chart in CHARTS:
        install(cluster, chart)
    if here_before:
        # images of one tag may have been built anew since the pods started
        cluster.kubectl("-n", SYSTEM, "rollout", "restart", "deploy,sts")
        for workload in cluster.kubectl("-n", SYSTEM, "get", "deploy,sts", "-o", "name").split():
            cluster.kubectl("-n", SYSTEM, "rollout", "status", workload, "--timeout=150s", timeout_s=160)
    return cluster


@pytest.fixture
def generators(octavo: Cluster, request: pytest.FixtureRequest) -> Iterator[Generators]:
    """Names a generator in a namespace of this test's own, where the strictest Pod Security Standard is enforced."""
    with ExitStack() as stack:
        label = {"pod-security.kubernetes.io/warn": "restricted"}
        namespace = stack.enter_context(octavo.namespace(request.node.name[5:30].strip("_").replace("_", "-"), label))

        def named(name: str) -> Generator:
            return Generator(octavo, namespace, name)

        yield named
        octavo.kubectl("-n", namespace, "delete", "gen", "--all", "--wait", "--timeout=60s", timeout_s=90)


@pytest.fixture
def awake_operator(octavo: Cluster) -> Callable[[], None]:
    """Waits until an operator leads again."""

    def leads() -> bool:
        lease = octavo.api.find(f"/apis/coordination.k8s.io/v1/namespaces/{SYSTEM}/leases/octavo-operator")
        return bool(lease and lease["spec"].get("holderIdentity"))

    return lambda: wait(leads, what="an operator leads", deadline_s=60)
