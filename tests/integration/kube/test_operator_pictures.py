"""The volume of pictures, and samples where a key is missing, on a real API server with nodes on paper."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.servers.cluster import RunningControlPlane, control_plane
from tests.servers.kube_operator import RunningOperator, apply, everything_of, operator, prepare, read, ready_condition, story, wait_settled
from tests.servers.starting import wait_until

pytestmark = pytest.mark.needs("control-plane")

FAKES = "http://octavo-operator-fake-providers.octavo-system.svc:8090"


@pytest.fixture(scope="module")
def plane() -> Iterator[RunningControlPlane]:
    with control_plane(controllers=True, scheduler=True, kwok_nodes=3) as plane:
        prepare(plane, "kept")
        yield plane


@pytest.fixture(scope="module")
def keeper(plane: RunningControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningOperator]:
    folder = tmp_path_factory.mktemp("operator")
    with operator(plane.kubeconfig, folder, environment={"OCTAVO_FAKE_PROVIDERS_URL": FAKES}) as running:
        running.wait_to_lead()
        yield running


def drawing(name: str, **spec: Any) -> dict[str, Any]:
    engine = {"name": "sketch", "model": "builtin://sketch"}
    return {**story(name), "spec": {"task": "image", "engine": engine, "workers": {"min": 2}, "api": {"replicas": 2}, **spec}}


def claim(plane: RunningControlPlane, name: str) -> dict[str, Any] | None:
    return read(plane, "kept", "pvc", f"{name}-images")


def nodes(plane: RunningControlPlane, name: str) -> set[str]:
    selector = f"app.kubernetes.io/instance={name},octavo.dev/shares-volume=true"
    pods = json.loads(plane.kubectl("get", "pods", "-n", "kept", "-l", selector, "-o", "json"))["items"]
    assert len(pods) >= 4
    return {pod["spec"]["nodeName"] for pod in pods}


def delete(plane: RunningControlPlane, name: str) -> None:
    plane.kubectl("delete", "gen", name, "-n", "kept")


def test_it_is_made_bound_and_goes_with_the_generator(plane: RunningControlPlane, keeper: RunningOperator) -> None:
    apply(plane, "kept", drawing("atelier"))
    wait_settled(plane, "kept", "atelier")
    assert (claim(plane, "atelier") or {})["status"]["phase"] == "Bound"
    assert len(nodes(plane, "atelier")) == 1, "one node alone can have the volume"
    delete(plane, "atelier")
    wait_until(lambda: not everything_of(plane, "kept", "atelier"), what="objects are left", deadline_s=60)


def test_at_rest_it_costs_no_write_and_what_is_done_by_hand_is_put_right(plane: RunningControlPlane, keeper: RunningOperator) -> None:
    apply(plane, "kept", drawing("resting", storage={"local": {"onDelete": "retain"}}))
    wait_settled(plane, "kept", "resting")
    writes = keeper.writes()
    plane.kubectl("delete", "netpol", "resting", "-n", "kept")
    wait_until(lambda: read(plane, "kept", "netpol", "resting") is not None, what="the operator does not repair")
    assert keeper.writes() == writes + 1
    plane.kubectl("label", "pvc", "resting-images", "-n", "kept", "app.kubernetes.io/managed-by-")

    def repaired() -> bool:
        labels = (claim(plane, "resting") or {})["metadata"]["labels"]
        return bool(labels.get("app.kubernetes.io/managed-by") == "octavo-operator")

    wait_until(repaired, what="its label is not put back", deadline_s=60)
    delete(plane, "resting")


def test_one_that_is_retained_stays_and_is_found_again(plane: RunningControlPlane, keeper: RunningOperator) -> None:
    spec = drawing("keeping", storage={"local": {"onDelete": "retain"}})
    apply(plane, "kept", spec)
    wait_settled(plane, "kept", "keeping")
    before = claim(plane, "keeping") or {}
    assert "ownerReferences" not in before["metadata"]
    delete(plane, "keeping")
    wait_until(lambda: read(plane, "kept", "deploy", "keeping-api") is None, what="the rest does not go", deadline_s=60)
    apply(plane, "kept", spec)
    wait_settled(plane, "kept", "keeping")
    assert (claim(plane, "keeping") or {})["metadata"]["uid"] == before["metadata"]["uid"]
    # kept elsewhere from now on, and still the pictures that are there stay
    apply(plane, "kept", drawing("keeping", storage={"backend": "s3", "s3": {"bucket": "b"}}))
    wait_settled(plane, "kept", "keeping")
    assert claim(plane, "keeping") is not None
    # and one that is to go again gets an owner, by whom it goes
    apply(plane, "kept", drawing("keeping"))
    wait_until(lambda: "ownerReferences" in (claim(plane, "keeping") or {})["metadata"], what="nobody owns it")
    wait_settled(plane, "kept", "keeping")
    delete(plane, "keeping")
    wait_until(lambda: claim(plane, "keeping") is None, what="it stays", deadline_s=60)


def test_a_volume_that_nobody_makes_is_named(plane: RunningControlPlane, keeper: RunningOperator) -> None:
    apply(plane, "kept", drawing("waiting", storage={"local": {"storageClassName": "there-is-none"}}))

    def said() -> str:
        return str(ready_condition(plane, "kept", "waiting").get("message", ""))

    wait_until(lambda: "PersistentVolumeClaim waiting-images gets no volume" in said(), what="the status does not say why", deadline_s=60)
    delete(plane, "waiting")


def test_samples_are_given_until_the_key_is_there(plane: RunningControlPlane, keeper: RunningOperator) -> None:
    key = {"secretRef": {"name": "xai", "key": "apiKey"}}
    provider = {"name": "grok", "type": "xai", "model": "grok-4.3", "credentials": key}
    apply(plane, "kept", {**story("grok"), "spec": {"task": "text", "providers": [provider], "workers": {"min": 1}}})
    wait_settled(plane, "kept", "grok")

    def status() -> dict[str, Any]:
        return (read(plane, "kept", "gen", "grok") or {}).get("status", {})

    assert status()["samples"] == ["grok"]
    plane.kubectl("create", "secret", "generic", "xai", "-n", "kept", "--from-literal=apiKey=one")
    wait_until(lambda: "samples" not in status(), what="the status still speaks of samples")
    wait_settled(plane, "kept", "grok")
    events = plane.kubectl("get", "events", "-n", "kept", "--field-selector", "involvedObject.name=grok")
    assert "SamplesGiven" in events
    wait_until(
        lambda: "SamplesEnded" in plane.kubectl("get", "events", "-n", "kept", "--field-selector", "involvedObject.name=grok"),
        what="no Event tells of it",
    )
