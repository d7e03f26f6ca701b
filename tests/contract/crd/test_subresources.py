"""Who may write what: people the spec, the operator the status, `kubectl scale` one number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.contract.crd.cases import COLLECTION, accepted, cluster_faults
from tests.servers.cluster import RunningControlPlane

from octavo_core.spec import Condition, Status, WorkersStatus, parse_resource

pytestmark = pytest.mark.needs("control-plane")

URL = f"{COLLECTION}/tales"
READY = {"type": "Ready", "status": "True", "reason": "Answers", "message": ""}


class Tales:
    """One stored generator."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def patch(self, change: dict[str, Any], part: str = "") -> httpx.Response:
        return self._client.patch(f"{URL}{part}", json=change, headers={"content-type": "application/merge-patch+json"})

    def now(self) -> dict[str, Any]:
        found: dict[str, Any] = self._client.get(URL).raise_for_status().json()
        return found

    @property
    def generation(self) -> int:
        generation: int = self.now()["metadata"]["generation"]
        return generation


@pytest.fixture
def tales(client: httpx.Client) -> Iterator[Tales]:
    document = {**accepted()["the smallest story"], "metadata": {"name": "tales"}, "status": {"conditions": [READY]}}
    client.post(COLLECTION, json=document).raise_for_status()
    yield Tales(client)
    client.delete(URL).raise_for_status()


def test_nobody_writes_a_status_with_the_resource(tales: Tales) -> None:
    """Given a status in what is created, patched or put, the server drops it."""
    assert "status" not in tales.now()
    assert tales.patch({"status": {"conditions": [READY]}}).is_success
    assert "status" not in tales.now()


def test_whoever_writes_the_status_leaves_the_spec_alone(tales: Tales) -> None:
    before = tales.now()["spec"]
    assert tales.patch({"spec": {"workers": {"max": 3}}, "status": {"model": "m"}}, "/status").is_success
    assert tales.now()["spec"] == before
    assert tales.now()["status"]["model"] == "m"


def test_the_generation_counts_changes_of_the_spec_only(tales: Tales) -> None:
    assert tales.generation == 1
    tales.patch({"status": {"observedGeneration": 1, "conditions": [READY]}}, "/status").raise_for_status()
    tales.patch({"metadata": {"labels": {"team": "ai"}, "annotations": {"octavo.dev/wake": "now"}}}).raise_for_status()
    tales.patch({"spec": {"workers": {"max": 8}}}).raise_for_status()  # as it is by default
    assert tales.generation == 1
    tales.patch({"spec": {"workers": {"max": 9}}}).raise_for_status()
    assert tales.generation == 2


def test_the_status_of_the_models_is_a_status_of_the_server(tales: Tales) -> None:
    """Given a status as the operator makes it, it is stored, and read back as the same."""
    status = Status(
        observed_generation=1,
        conditions=(
            Condition(type="Ready", status="True", reason="Answers", last_transition_time="2026-01-02T03:04:05Z", observed_generation=1),
            Condition(type="Sleeping", status="False", reason="Awake"),
        ),
        workers=WorkersStatus(ready=2, desired=2, selector="app.kubernetes.io/instance=tales"),
    )
    written = status.model_dump(mode="json", by_alias=True, exclude_none=True)
    tales.patch({"status": written}, "/status").raise_for_status()
    assert tales.now()["status"] == written
    assert parse_resource(tales.now()).status == status


@pytest.mark.parametrize(
    ("status", "path"),
    [
        ({"conditions": [{**READY, "status": "Maybe"}]}, "status.conditions[0].status"),
        ({"conditions": [{**READY, "type": "Happy"}]}, "status.conditions[0].type"),
        ({"conditions": [{**READY, "reason": "two words"}]}, "status.conditions[0].reason"),
        ({"conditions": [READY, READY]}, "status.conditions[1]"),
        ({"workers": {"ready": -1}}, "status.workers.ready"),
    ],
    ids=["a third value", "an unknown condition", "a reason of two words", "one condition twice", "fewer than no workers"],
)
def test_a_status_that_says_nothing_is_refused(status: dict[str, Any], path: str, tales: Tales) -> None:
    assert path in str([fault.words for fault in cluster_faults(tales.patch({"status": status}, "/status"))])
    assert "status" not in tales.now()


def test_kubectl_scale_sets_the_fewest_workers(tales: Tales, plane: RunningControlPlane) -> None:
    plane.kubectl("scale", "gen", "tales", "--replicas=3")
    assert tales.now()["spec"]["workers"]["min"] == 3
    assert tales.generation == 2
    plane.kubectl("scale", "gen", "tales", "--replicas=0")
    assert tales.now()["spec"]["workers"]["min"] == 0


def test_kubectl_scale_keeps_the_rules(tales: Tales, plane: RunningControlPlane) -> None:
    with pytest.raises(AssertionError, match=r"workers\.min may not exceed workers\.max"):
        plane.kubectl("scale", "gen", "tales", "--replicas=9")
    assert tales.now()["spec"]["workers"]["min"] == 0


def test_autoscalers_find_how_many_there_are_and_which(tales: Tales, client: httpx.Client) -> None:
    selector = "app.kubernetes.io/component=worker,app.kubernetes.io/instance=tales"
    tales.patch({"status": {"workers": {"ready": 2, "desired": 4, "selector": selector}}}, "/status").raise_for_status()
    scale = client.get(f"{URL}/scale").raise_for_status().json()
    assert (scale["spec"], scale["status"]) == ({}, {"replicas": 2, "selector": selector})
