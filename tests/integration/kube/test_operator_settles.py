"""The operator against a real API server with real controllers and nodes on paper: what it makes, that it then rests, that it lets go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.servers.cluster import RunningControlPlane, control_plane
from tests.servers.kube_operator import (
    NAMESPACE,
    RunningOperator,
    apply,
    everything_of,
    operator,
    prepare,
    read,
    ready_condition,
    story,
    wait_settled,
)
from tests.servers.starting import wait_until

pytestmark = pytest.mark.needs("control-plane")


@pytest.fixture(scope="module")
def plane() -> Iterator[RunningControlPlane]:
    with control_plane(controllers=True, scheduler=True, kwok_nodes=2) as plane:
        prepare(plane, "kept")
        yield plane


@pytest.fixture(scope="module")
def keeper(plane: RunningControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningOperator]:
    with operator(plane.kubeconfig, tmp_path_factory.mktemp("operator")) as running:
        running.wait_to_lead()
        yield running


def test_a_resource_becomes_ready_and_everything_stands(plane: RunningControlPlane, keeper: RunningOperator) -> None:
    apply(plane, "kept", story("tale", workers={"min": 1}))
    wait_settled(plane, "kept", "tale")
    standing = set(everything_of(plane, "kept", "tale"))
    assert {
        "deployment.apps/tale-api",
        "deployment.apps/tale-worker",
        "statefulset.apps/tale-redis",
        "statefulset.apps/tale-db",
        "service/tale-api",
        "configmap/tale-config",
        "secret/tale-credentials",
        "serviceaccount/tale",
    } <= standing
    status = (read(plane, "kept", "gen", "tale") or {})["status"]
    assert status["api"] == {"ready": 1, "desired": 1}
    assert status["workers"]["ready"] == 1


def test_own_writes_are_the_children_and_one_status(plane: RunningControlPlane, keeper: RunningOperator) -> None:
    before = keeper.writes()
    apply(plane, "kept", story("counted"))
    wait_settled(plane, "kept", "counted")
    children = [
        name for name in everything_of(plane, "kept", "counted") if not name.startswith(("pod/", "replicaset", "persistent", "endpoint"))
    ]
    statuses = keeper.metric("octavo_operator_writes_total", kind="GeneratorService")
    # A machine that is slow enough sees one more: that the start takes its time.
    assert keeper.writes() - before - len(children) in (1, 2), f"{children}, {statuses}"


def test_a_new_process_writes_nothing_over_what_stands(plane: RunningControlPlane, keeper: RunningOperator, tmp_path: Path) -> None:
    apply(plane, "kept", story("untouched"))
    wait_settled(plane, "kept", "untouched")
    versions = _versions(plane, "untouched")
    keeper_leads = keeper.leads()
    with operator(plane.kubeconfig, tmp_path, environment={"OCTAVO_NAMESPACE": "default"}) as again:
        # another namespace for its Lease and its key: it leads beside the first one, and derives other passwords
        again.wait_to_lead()
        wait_until(lambda: again.metric("octavo_operator_reconciles_total", result="done") >= 1, what="it looks at nothing")
        wait_until(lambda: again.metric("octavo_operator_queue_depth") == 0, what="its queue is not empty")
        assert again.writes() == 0, again.log
    assert keeper_leads
    assert _versions(plane, "untouched") == versions


def test_a_change_of_the_resource_rolls_what_it_concerns_and_nothing_else(plane: RunningControlPlane, keeper: RunningOperator) -> None:
    apply(plane, "kept", story("changing"))
    wait_settled(plane, "kept", "changing")
    before = _versions(plane, "changing", "sts,svc,secret,sa")
    apply(plane, "kept", story("changing", limits={"maxPromptChars": 1234}))
    wait_settled(plane, "kept", "changing")
    config = read(plane, "kept", "cm", "changing-config") or {}
    assert "1234" in config["data"]["generators.json"]
    assert _versions(plane, "changing", "svc,secret,sa") == {name: at for name, at in before.items() if "statefulset" not in name}
    assert {name: generation for name, generation in _generations(plane, "changing").items() if "statefulset" in name} == {
        "statefulset.apps/changing-db": 1,
        "statefulset.apps/changing-redis": 1,
    }


def test_nothing_is_left_of_a_deleted_resource(plane: RunningControlPlane, keeper: RunningOperator) -> None:
    apply(plane, "kept", story("passing"))
    wait_settled(plane, "kept", "passing")
    known = keeper.metric("octavo_operator_resources")
    before = keeper.writes()
    plane.kubectl("delete", "gen", "passing", "-n", "kept")
    wait_until(lambda: not everything_of(plane, "kept", "passing"), what="objects are left", deadline_s=60)
    assert keeper.metric("octavo_operator_resources") == known - 1
    assert keeper.writes() == before, keeper.log


def test_a_resource_that_cannot_be_read_says_where_and_why(plane: RunningControlPlane, keeper: RunningOperator) -> None:
    """As one that was stored under another version of the schema: here the rules are taken out of the kind for a moment."""
    crd = read(plane, "default", "crd", "generatorservices.octavo.dev") or {}
    loose = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        **crd["spec"]["versions"][0],
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": loose, "status": loose}}},
    }
    kind = {"apiVersion": crd["apiVersion"], "kind": crd["kind"], "metadata": {"name": crd["metadata"]["name"]}}
    patched = {**kind, "spec": {**crd["spec"], "versions": [version]}}
    apply(plane, "default", patched)
    try:
        wait_until(lambda: _accepts_nonsense(plane), what="the API server still knows the rules")
        wait_until(lambda: "workers.max" in ready_condition(plane, "kept", "nonsense").get("message", ""), what=keeper.log[-2000:])
        condition = ready_condition(plane, "kept", "nonsense")
        assert condition["status"] == "False"
        assert condition["reason"] == "InvalidResource"
        assert keeper.get("/healthz")[0] == 200
    finally:
        apply(plane, "default", {**kind, "spec": crd["spec"]})
        plane.kubectl("delete", "gen", "nonsense", "-n", "kept", "--ignore-not-found")


def test_the_master_key_is_made_once_and_kept_from_sight(plane: RunningControlPlane, keeper: RunningOperator) -> None:
    secret = read(plane, NAMESPACE, "secret", "octavo-operator-key") or {}
    assert secret["immutable"]
    assert secret["data"]["key"] not in keeper.log


def _accepts_nonsense(plane: RunningControlPlane) -> bool:
    apply(plane, "kept", story("nonsense", workers={"max": "many"}))
    return True


def _versions(plane: RunningControlPlane, name: str, kinds: str = "deploy,sts,svc,cm,secret,netpol,sa") -> dict[str, str]:
    return _column(plane, name, kinds, "{.metadata.resourceVersion}")


def _generations(plane: RunningControlPlane, name: str) -> dict[str, int]:
    return {key: int(value) for key, value in _column(plane, name, "deploy,sts", "{.metadata.generation}").items()}


def _column(plane: RunningControlPlane, name: str, kinds: str, column: str) -> dict[str, str]:
    found = {}
    for item in everything_of(plane, "kept", name):
        kind = item.split("/")[0]
        if kind.split(".")[0] in {_KINDS[short] for short in kinds.split(",")}:
            found[item] = plane.kubectl("get", item, "-n", "kept", "-o", f"jsonpath={column}")
    return found


_KINDS = {
    "deploy": "deployment",
    "sts": "statefulset",
    "svc": "service",
    "cm": "configmap",
    "secret": "secret",
    "netpol": "networkpolicy",
    "sa": "serviceaccount",
}
