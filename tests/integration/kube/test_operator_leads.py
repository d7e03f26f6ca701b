"""Two operators: one leads, the other takes over within seconds, and nothing is ever written twice or by one that no longer leads."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.servers.api_proxy import Fault, api_proxy
from tests.servers.cluster import RunningControlPlane, control_plane
from tests.servers.kube_operator import NAMESPACE, apply, operator, prepare, read, story, wait_settled
from tests.servers.starting import wait_until

pytestmark = pytest.mark.needs("control-plane")

USUAL = {"OCTAVO_LEASE_SECONDS": "10", "OCTAVO_LEASE_RENEW_SECONDS": "2", "OCTAVO_LEASE_GIVE_UP_SECONDS": "7"}
TAKEOVER_S = 15.0


@pytest.fixture(scope="module")
def plane() -> Iterator[RunningControlPlane]:
    with control_plane(controllers=True, scheduler=True, kwok_nodes=2) as plane:
        prepare(plane, "kept", "other")
        yield plane


def test_one_leads_and_the_other_takes_over_when_it_dies(plane: RunningControlPlane, tmp_path: Path) -> None:
    """With the usual durations of Leases."""
    with operator(plane.kubeconfig, tmp_path, name="one", environment=USUAL) as one:
        one.wait_to_lead()
        with operator(plane.kubeconfig, tmp_path, name="two", environment=USUAL) as two:
            apply(plane, "kept", story("shared"))
            wait_settled(plane, "kept", "shared")
            assert not two.leads()
            assert two.writes() == 0
            one.kill()
            started = time.monotonic()
            plane.kubectl("delete", "deploy", "shared-api", "-n", "kept")
            wait_until(lambda: read(plane, "kept", "deploy", "shared-api") is not None, what=f"nobody takes over: {two.log}", deadline_s=40)
            # What must hold is the bound of the Lease; a loaded machine may add to it.
            assert time.monotonic() - started < TAKEOVER_S + 10
            assert two.leads()


def test_a_leader_that_ends_in_good_order_hands_over_at_once(plane: RunningControlPlane, tmp_path: Path) -> None:
    with operator(plane.kubeconfig, tmp_path, name="one", environment=USUAL) as one:
        one.wait_to_lead()
        with operator(plane.kubeconfig, tmp_path, name="two", environment=USUAL) as two:
            assert one.terminate() == 0
            holder = plane.kubectl("get", "lease", "octavo-operator", "-n", NAMESPACE, "-o", "jsonpath={.spec.holderIdentity}")
            started = time.monotonic()
            two.wait_to_lead()
            # long before its Lease would have ended
            assert holder == "" or two.leads()
            assert time.monotonic() - started < 8


def test_a_leader_that_was_stopped_writes_nothing_when_it_wakes(plane: RunningControlPlane, tmp_path: Path) -> None:
    """SIGSTOP past the Lease, while a write of its is on the way; another one takes over and does the work; then SIGCONT, and the
    delayed write arrives."""
    with api_proxy(plane, tmp_path) as proxy, operator(proxy.kubeconfig, tmp_path, name="one") as one:
        one.wait_to_lead()
        apply(plane, "kept", story("fenced"))
        wait_settled(plane, "kept", "fenced")
        held = proxy.fault(Fault("hold", "PATCH", "/configmaps/fenced-config", times=1))
        apply(plane, "kept", story("fenced", limits={"maxPromptChars": 1111}))
        wait_until(lambda: held.met == 1, what=f"the write does not come: {one.log}")
        one.kill(signal.SIGSTOP)
        with operator(plane.kubeconfig, tmp_path, name="two") as two:
            two.wait_to_lead()
            apply(plane, "kept", story("fenced", limits={"maxPromptChars": 2222}))
            wait_until(lambda: "2222" in _config(plane), what=f"nobody took over: {two.log}")
            wait_settled(plane, "kept", "fenced")
            before = len(proxy.requests)
            version = _version(plane)
            held.release.set()
            one.kill(signal.SIGCONT)
            wait_until(lambda: not one.leads(), what="it still believes to lead")
            # its own view of the Lease shows that it has looked around since it woke
            wait_until(lambda: any("/leases/" in path for _, path in proxy.requests[before:]), what="it does not look at its Lease")
            apply(plane, "kept", story("witness"))
            wait_settled(plane, "kept", "witness")
            assert _version(plane) == version, "a write of the former leader has landed"
            written = [(method, path) for method, path in proxy.requests[before:] if method != "GET" and "/leases/" not in path]
            assert written == [], written
            assert two.leads()
            assert not one.leads()


def test_two_at_work_make_every_object_once(plane: RunningControlPlane, tmp_path: Path) -> None:
    """Leaders that change all the time, and resources that come meanwhile: every child is of generation 1, as made and never again."""
    names = [f"busy-{number}" for number in range(6)]
    for round_number, name in enumerate(names):
        with operator(plane.kubeconfig, tmp_path, name=f"round-{round_number}") as running:
            apply(plane, "kept", story(name))
            wait_until(lambda name=name: read(plane, "kept", "cm", f"{name}-config") is not None, what="nothing is begun")  # type: ignore[misc]
            running.kill()
    with operator(plane.kubeconfig, tmp_path, name="last") as last:
        for name in names:
            wait_settled(plane, "kept", name)
            for kind, suffix in (("deploy", "-api"), ("sts", "-db"), ("sts", "-redis"), ("deploy", "-worker")):
                found = read(plane, "kept", kind, f"{name}{suffix}")
                assert found is not None
                assert found["metadata"]["generation"] == 1
        assert last.leads()


def test_shards_are_shared_and_each_generator_has_one_keeper(plane: RunningControlPlane, tmp_path: Path) -> None:
    shards = {"OCTAVO_SHARDS": "2"}
    with (
        operator(plane.kubeconfig, tmp_path, name="one", environment=shards) as one,
        operator(plane.kubeconfig, tmp_path, name="two", environment=shards) as two,
    ):
        wait_until(
            lambda: one.metric("octavo_operator_leader") + two.metric("octavo_operator_leader") == 2, what="not every shard has a keeper"
        )
        for namespace in ("kept", "other"):
            apply(plane, namespace, story("sharded"))
            wait_settled(plane, namespace, "sharded")
        one.kill()
        wait_until(lambda: two.metric("octavo_operator_leader") == 2, what="the shard is not taken over")
        for namespace in ("kept", "other"):
            plane.kubectl("delete", "cm", "sharded-config", "-n", namespace)
            wait_until(lambda at=namespace: read(plane, at, "cm", "sharded-config") is not None, what="no repair")  # type: ignore[misc]


def _config(plane: RunningControlPlane) -> str:
    return str((read(plane, "kept", "cm", "fenced-config") or {}).get("data"))


def _version(plane: RunningControlPlane) -> str:
    return str((read(plane, "kept", "cm", "fenced-config") or {})["metadata"]["resourceVersion"])
