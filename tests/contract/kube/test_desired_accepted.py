"""A real API server takes every object that the operator makes, without a warning, in a namespace that enforces restricted pods."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from tests.servers.cluster import RunningControlPlane, control_plane
from tests.unit.kube.desired_cases import CASES, Case, render

from octavo_core.spec.crd import render as render_crd
from octavo_operator import names

pytestmark = pytest.mark.needs("control-plane")

NAMESPACE = "stories"
_LEVELS = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn", "audit")}
# kinds of others, of whose fields only the published definitions know; what matters here is that ours are taken as they stand
_FOREIGN = (
    ("monitoring.coreos.com", "ServiceMonitor", "servicemonitors"),
    ("monitoring.coreos.com", "PodMonitor", "podmonitors"),
    ("gateway.networking.k8s.io", "HTTPRoute", "httproutes"),
)


def _definition(group: str, kind: str, plural: str) -> dict[str, Any]:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    metadata: dict[str, Any] = {"name": f"{plural}.{group}"}
    if group.endswith(".k8s.io"):
        metadata["annotations"] = {"api-approved.kubernetes.io": "unapproved, for tests"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": {"group": group, "scope": "Namespaced", "names": {"kind": kind, "plural": plural}, "versions": [version]},
    }


@pytest.fixture(scope="module")
def plane() -> Iterator[RunningControlPlane]:
    before = [
        *({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": _LEVELS}},),
        *(
            {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": 1}
            for name in ("in-front", "behind", "all")
        ),
        *(_definition(*each) for each in _FOREIGN),
    ]
    with control_plane() as plane:
        plane.kubectl("apply", "-f", "-", stdin=f"{yaml.safe_dump_all(before)}---\n{render_crd()}")
        plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        yield plane


def apply(plane: RunningControlPlane, manifests: list[Any]) -> list[dict[str, Any]]:
    """As the operator does it, but that a warning and an unknown field are errors here."""
    arguments = ("--server-side", f"--field-manager={names.MANAGER}", "--validate=strict", "--warnings-as-errors", "--output=json")
    printed = plane.kubectl("apply", "-f", "-", *arguments, stdin=render(manifests))
    decoder, found, place = json.JSONDecoder(), [], 0
    while place < len(printed.rstrip()):
        document, place = decoder.raw_decode(printed, place)
        place += 1
        found += document["items"] if document["kind"] == "List" else [document]
    return found


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_object_is_taken_and_a_second_time_changes_nothing(plane: RunningControlPlane, case: Case) -> None:
    manifests = list(case.manifests())
    first = apply(plane, manifests)
    assert [(each["kind"], each["metadata"]["name"]) for each in first] == [(each["kind"], each["metadata"]["name"]) for each in manifests]
    if any(each["kind"] == "PersistentVolumeClaim" for each in first):
        # the API server stores a new claim once more at its first update, whatever that brings
        first = apply(plane, manifests)
    again = apply(plane, manifests)
    assert [each["metadata"]["resourceVersion"] for each in first] == [each["metadata"]["resourceVersion"] for each in again]
    for each, manifest in zip(first, manifests, strict=True):
        assert each["metadata"]["annotations"] == manifest["metadata"]["annotations"]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_its_pods_may_run_where_restricted_is_enforced(plane: RunningControlPlane, case: Case) -> None:
    apply(plane, list(case.manifests()))
    for manifest in case.manifests():
        template = manifest.get("spec", {}).get("template")
        if template is not None:
            spec = {**template["spec"], "volumes": [*template["spec"]["volumes"], *_claims(manifest)]}
            pod = {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": "try", "namespace": NAMESPACE, **template["metadata"]},
                "spec": spec,
            }
            plane.kubectl("create", "-f", "-", "--dry-run=server", "--validate=strict", "--warnings-as-errors", stdin=render([pod]))


def _claims(manifest: Any) -> list[dict[str, Any]]:
    """As the StatefulSet's controller puts them into the pod."""
    return [
        {"name": claim["metadata"]["name"], "persistentVolumeClaim": {"claimName": "any"}}
        for claim in manifest["spec"].get("volumeClaimTemplates", ())
    ]


def test_a_pod_that_is_not_restricted_is_refused_here(plane: RunningControlPlane) -> None:
    """Else the test above would prove nothing."""
    apply(plane, list(CASES[0].manifests()))
    spec = {"serviceAccountName": CASES[0].name, "containers": [{"name": "a", "image": "a"}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "try"}, "spec": spec}
    with pytest.raises(AssertionError, match="violates PodSecurity"):
        plane.kubectl("create", "-f", "-", "--namespace", NAMESPACE, "--dry-run=server", stdin=render([pod]))


def test_what_is_marked_as_fixed_is_what_the_server_lets_nobody_change(plane: RunningControlPlane) -> None:
    (found,) = [each for each in CASES[1].manifests() if each["metadata"]["name"] == names.redis("mysql")]
    apply(plane, list(CASES[1].manifests()))
    other = json.loads(json.dumps(found))
    other["spec"]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"] = "2Gi"
    with pytest.raises(AssertionError, match="updates to statefulset spec for fields other than"):
        apply(plane, [other])
    kept = json.loads(json.dumps(found))
    kept["spec"]["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] = "Retain"
    kept["spec"]["replicas"] = 0
    apply(plane, [kept])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"storage": "6Gi"}, "the size of a managed database's volume cannot change; where its storage class allows it, grow"),
        ({"type": "mysql"}, "the type of a managed database cannot change; make a new GeneratorService"),
    ],
)
def test_a_database_is_not_exchanged_under_its_jobs(plane: RunningControlPlane, change: dict[str, str], message: str) -> None:
    def resource(**managed: str) -> str:
        metadata = {"name": "kept", "namespace": NAMESPACE}
        spec = {"task": "text", "providers": [{"name": "a", "type": "fake"}], "database": {"managed": managed}}
        return json.dumps({"apiVersion": "octavo.dev/v1alpha1", "kind": "GeneratorService", "metadata": metadata, "spec": spec})

    plane.kubectl("apply", "-f", "-", stdin=resource())
    plane.kubectl("apply", "-f", "-", stdin=resource(onDelete="retain"))
    with pytest.raises(AssertionError) as refused:
        plane.kubectl("apply", "-f", "-", stdin=resource(**change))
    assert message in str(refused.value)
