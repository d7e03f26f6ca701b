"""The cluster on this very host: it mends what was killed, survives that the machine goes off, and leaves nothing behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripts.cluster.layout import Cache
from scripts.cluster.node import image
from tests.integration.cluster import probes
from tests.integration.cluster.apart import Apart, apart
from tests.servers.starting import wait_until

pytestmark = pytest.mark.needs("host-cluster")


@pytest.fixture(scope="module")
def namespaces() -> Iterator[Apart]:
    with apart() as own:
        yield own


@pytest.fixture
def web(namespaces: Apart, probe_archive: Path) -> Apart:
    """The cluster, up, with a pod and its Service."""
    namespaces.cluster("up")
    namespaces.cluster("load-images", str(probe_archive.parent))
    wait_until(lambda: "default" in namespaces.kubectl("get", "serviceaccounts", "--output=name"), what="no service account")
    items = [probes.pod("web", image("probe")), probes.service("web")]
    namespaces.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    namespaces.kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=60s")
    return namespaces


def address(own: Apart) -> str:
    found = json.loads(own.kubectl("get", "service/web", "--output=json"))["spec"]["clusterIP"]
    return f"http://{found}/"


def restarts(own: Apart) -> int:
    status = json.loads(own.kubectl("get", "pod/web", "--output=json"))["status"]
    count: int = status["containerStatuses"][0]["restartCount"]
    return count


def test_the_host_reaches_a_service(web: Apart) -> None:
    wait_until(lambda: web.get(address(web)) == "hello\n", what="the Service does not answer the host")


def test_the_world_outside_reaches_the_machine_but_not_the_cluster(web: Apart) -> None:
    server = str(Cache.of().program("probe"))
    with web.neighbour() as reaches, web.serving([server, "serve", "192.0.2.1:8000", "hello"]):
        wait_until(lambda: reaches("http://192.0.2.1:8000/"), what="the neighbour does not reach the machine")
        pod = json.loads(web.kubectl("get", "pod/web", "--output=json"))["status"]["podIP"]
        wait_until(lambda: web.get(f"http://{pod}:8080/") == "hello\n", what="the pod does not answer the host")
        assert not reaches(address(web))
        assert not reaches(f"http://{pod}:8080/")
        assert not reaches(f"http://{web.host.network.node}:10248/healthz")


def test_up_on_a_healthy_cluster_starts_nothing(web: Apart) -> None:
    before = web.processes.mains()
    web.cluster("up")
    assert web.processes.mains() == before
    web.cluster("status")


def test_what_was_killed_is_started_again_and_pods_go_on(web: Apart) -> None:
    before = web.processes.mains()
    restarted = restarts(web)
    # When everything is killed that can be
    web.kill(*before)
    wait_until(lambda: web.processes.mains() == {}, what="the daemons live on")
    web.cluster("up")
    # Then everything runs again, and the pod never stopped
    after = web.processes.mains()
    assert after.keys() == before.keys()
    assert not {each.pid for each in after.values()} & {each.pid for each in before.values()}
    wait_until(lambda: web.get(address(web)) == "hello\n", what="the Service does not answer")
    assert restarts(web) == restarted


def test_a_program_that_hangs_is_started_again(web: Apart) -> None:
    before = web.processes.mains()["kubelet"]
    web.run("kill", "-STOP", str(before.pid))
    web.cluster("up")
    assert web.processes.mains()["kubelet"].pid != before.pid


def test_pods_come_back_after_the_machine_was_off(web: Apart) -> None:
    restarted = restarts(web)
    web.lose_power()
    web.cluster("up")
    wait_until(lambda: restarts(web) > restarted, what="the pod is not started again", deadline_s=60)
    wait_until(lambda: web.get(address(web)) == "hello\n", what="the Service does not answer", deadline_s=60)


def test_down_leaves_nothing(namespaces: Apart, request: pytest.FixtureRequest) -> None:
    namespaces.cluster("down")
    before = namespaces.traces()
    web: Apart = request.getfixturevalue("web")
    sockets = web.shim_sockets()
    assert sockets
    assert web.traces() != before
    web.cluster("down")
    assert web.traces() == before
    assert not [socket for socket in sockets if socket.exists()]


def test_down_finishes_what_was_interrupted(web: Apart) -> None:
    """Whatever is gone already, `down` takes the rest."""
    web.kill("containerd", "etcd")
    web.run("ip", "link", "delete", web.host.network.interface)
    (web.host.state / "kubeconfig").unlink()
    web.cluster("down")
    assert web.processes.all() == []
    assert not web.host.state.exists()
