"""`kubectl octavo status`: what the tree says of each scene, and what it says when the operator does not."""

from __future__ import annotations

import pytest
from tests.unit.octavo.kube.scenes import NOW, find, recorded, view, without_status

from octavo.commands.kube.tree import age, view_of


def test_what_sleeps_is_ready_and_says_so() -> None:
    seen = view("asleep")
    assert (seen.state, seen.verdict, seen.cause) == ("idle", "ready, workers asleep", "")
    assert seen.about == "story with builtin://tiny-stories"
    assert find(seen.nodes, "workers").detail == "asleep"
    assert find(seen.nodes, "API").state == "good"


def test_every_pod_and_volume_hangs_on_its_workload() -> None:
    seen = view("awake")
    assert [node.label.split("  ")[0] for node in seen.nodes] == ["API", "workers", "Redis", "database", "beside"]
    assert all(len(node.children) >= 1 for node in seen.nodes)
    assert find(find(seen.nodes, "workers").children, "pod tiny-stories-worker-").state == "good"
    assert find(find(seen.nodes, "database").children, "volume data-tiny-stories-db-0").detail == "bound 5Gi"
    assert find(seen.nodes, "Service").detail == "tiny-stories-api, tiny-stories-stores"


def test_a_missing_image_is_the_cause_and_is_seen_at_the_pod() -> None:
    seen = view("worker-image-missing")
    assert (seen.state, seen.verdict) == ("bad", "not ready (ImagePullBackOff)")
    assert "cannot pull image" in seen.cause
    assert "not found" in seen.cause
    pod = find(seen.nodes, "pod tiny-stories-worker-")
    assert pod.state == "bad"
    assert pod.detail.startswith("ImagePullBackOff, on kwok-")


def test_the_databases_own_failure_is_the_cause() -> None:
    seen = view("database-crashes")
    assert "data directory" in seen.cause
    assert "wrong ownership" in seen.cause
    pod = find(seen.nodes, "pod tiny-stories-db-0")
    assert (pod.state, pod.detail.split(", ")[:2]) == ("bad", ["CrashLoopBackOff", "4 restarts"])


def test_when_the_operator_is_behind_the_cause_is_found_here() -> None:
    resource, objects = recorded("operator-away")
    assert resource["status"]["observedGeneration"] < resource["metadata"]["generation"]
    seen = view_of(resource, objects, NOW)
    assert "has not seen the newest change" in seen.notes[0]
    assert "wrong ownership" in seen.cause


def test_without_an_operator_the_cause_is_found_here() -> None:
    resource, objects = recorded("database-crashes")
    seen = view_of(without_status(resource), objects, NOW)
    assert "has not looked at this resource yet" in seen.notes[0]
    assert seen.state == "bad"
    assert "wrong ownership" in seen.cause


def test_a_resource_of_a_newer_schema_is_shown_as_far_as_it_goes() -> None:
    resource, objects = recorded("awake")
    resource = without_status(resource)
    resource["spec"]["newField"] = 1
    seen = view_of(resource, objects, NOW)
    assert "cannot be read here either" in seen.notes[0]
    assert find(seen.nodes, "API").state == "good"


def test_one_that_is_being_deleted_says_so() -> None:
    resource, objects = recorded("awake")
    resource["metadata"]["deletionTimestamp"] = "2026-11-21T09:29:00Z"
    assert view_of(resource, objects, NOW).notes == ("it is being deleted",)


def test_a_workload_that_is_gone_is_seen() -> None:
    resource, objects = recorded("awake")
    objects = [obj for obj in objects if not (obj["kind"] == "Deployment" and obj["metadata"]["name"].endswith("-worker"))]
    node = find(view_of(resource, objects, NOW).nodes, "workers")
    assert (node.state, node.detail) == ("bad", "gone")
    assert find(node.children, "pod tiny-stories-worker-").state == "good"


def test_callers_who_may_not_read_children_still_see_the_verdict() -> None:
    resource, _ = recorded("worker-image-missing")
    seen = view_of(resource, [], NOW)
    assert seen.nodes == ()
    assert "cannot pull image" in seen.cause


def test_the_activator_is_named_while_it_stands_in() -> None:
    resource, objects = recorded("asleep")
    metadata = {"name": "tiny-stories-activator", "labels": {}}
    objects.append({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": metadata})
    assert find(view_of(resource, objects, NOW).nodes, "activator").detail == "takes its requests"


@pytest.mark.parametrize(
    ("created", "text"),
    [
        ("2026-11-21T09:28:31Z", "89s"),
        ("2026-11-21T09:00:00Z", "30m"),
        ("2026-11-21T00:30:00Z", "9h"),
        ("2026-11-01T00:00:00Z", "20d"),
        ("x", ""),
    ],
)
def test_ages_read_as_kubectl_writes_them(created: str, text: str) -> None:
    assert age(created, NOW) == text
