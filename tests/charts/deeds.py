"""What makes the operator use a right: done on a real API server, for one kind of child or for all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import yaml
from scripts.cluster.api import Object, condition, eventually
from tests.charts.permissions import CHILDREN
from tests.servers.cluster import RunningControlPlane

PLACE = "stories"
"""Namespace of all generators here."""
GATEWAY, MONITORING = "gateway.networking.k8s.io", "monitoring.coreos.com"

# Kinds that other people's operators bring; their fields do not matter here.
_FOREIGN_KINDS = (
    (GATEWAY, "HTTPRoute", "httproutes"),
    (MONITORING, "ServiceMonitor", "servicemonitors"),
    (MONITORING, "PodMonitor", "podmonitors"),
)


def foreign_definitions() -> str:
    def definition(group: str, kind: str, plural: str) -> Object:
        schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
        return {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.{group}", "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"}},
            "spec": {
                "group": group,
                "scope": "Namespaced",
                "names": {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"},
                "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
            },
        }

    return yaml.safe_dump_all(definition(*kind) for kind in _FOREIGN_KINDS)


def generator(name: str, *, secret: str | None = None, workers: int = 1) -> Object:
    """One that asks for every kind of child, with a key from a Secret or without any. Without workers it may sleep."""
    provider: Object = {"name": "x", "type": "fake", "model": "sample"}
    if secret is not None:
        provider = {"name": "x", "type": "xai", "model": "grok-4", "credentials": {"secretRef": {"name": secret, "key": "apiKey"}}}
    return {
        "apiVersion": "octavo.dev/v1alpha1",
        "kind": "GeneratorService",
        "metadata": {"name": name, "namespace": PLACE},
        "spec": {
            "task": "image",
            "providers": [provider],
            "storage": {"local": {"accessMode": "ReadWriteMany"}},
            "api": {"replicas": 2, "ingress": {"host": "ai.example.org"}, "httpRoute": {"parentRefs": [{"name": "gateway"}]}},
            "workers": {"min": workers},
        },
    }


def apply(plane: RunningControlPlane, *manifests: Object) -> None:
    plane.kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump_all(manifests))


def path(name: str) -> str:
    return f"/apis/octavo.dev/v1alpha1/namespaces/{PLACE}/generatorservices/{name}"


def comes(plane: RunningControlPlane, names: Iterable[str], *, secret: str | None = None, workers: int = 1) -> None:
    apply(plane, *(generator(name, secret=secret, workers=workers) for name in names))


def stands(plane: RunningControlPlane, names: Iterable[str], *, secret: str | None = None, workers: int = 1) -> None:
    """All of them, and Ready."""
    names = list(names)
    comes(plane, names, secret=secret, workers=workers)
    await_ready(plane, names, True)


def await_ready(plane: RunningControlPlane, names: Iterable[str], ready: bool) -> None:
    """Fails with what the generators and their pods say."""
    waiting = list(names)

    def done() -> bool:
        waiting[:] = [name for name in waiting if condition(plane.api.find(path(name)), "Ready") is not ready]
        return not waiting

    assert eventually(done, deadline_s=60, pause_s=0.2), "\n".join(
        [f"Ready is not {ready}", *(json.dumps(plane.api.get(path(name)).get("status")) for name in waiting)]
        + [plane.kubectl("get", "pods", "-n", PLACE, "-l", f"app.kubernetes.io/instance={name}") for name in waiting]
    )


def loses_a_child(plane: RunningControlPlane, name: str) -> None:
    plane.api.delete(f"/api/v1/namespaces/{PLACE}/configmaps/{name}-config")


def child(group: str, resource: str, name: str, owner: Object | None = None) -> Object:
    """The least object of a kind that a child can be, of nobody's or of an owner's."""
    labels = {"app": "other"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "one", "image": "other"}]}}
    selector = {"matchLabels": labels}
    kinds: dict[str, tuple[str, str, Object]] = {
        "serviceaccounts": ("v1", "ServiceAccount", {}),
        "configmaps": ("v1", "ConfigMap", {}),
        "services": ("v1", "Service", {"spec": {"ports": [{"port": 80}]}}),
        "secrets": ("v1", "Secret", {}),
        "deployments": ("apps/v1", "Deployment", {"spec": {"replicas": 0, "selector": selector, "template": pod}}),
        "statefulsets": ("apps/v1", "StatefulSet", {"spec": {"replicas": 0, "serviceName": "x", "selector": selector, "template": pod}}),
        "persistentvolumeclaims": (
            "v1",
            "PersistentVolumeClaim",
            {"spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}}},
        ),
        "poddisruptionbudgets": ("policy/v1", "PodDisruptionBudget", {"spec": {"selector": selector}}),
        "networkpolicies": ("networking.k8s.io/v1", "NetworkPolicy", {"spec": {"podSelector": selector}}),
        "ingresses": ("networking.k8s.io/v1", "Ingress", {"spec": {"defaultBackend": {"service": {"name": "x", "port": {"number": 80}}}}}),
        "endpointslices": ("discovery.k8s.io/v1", "EndpointSlice", {"addressType": "IPv4", "endpoints": [], "ports": []}),
        "httproutes": (f"{GATEWAY}/v1", "HTTPRoute", {"spec": {}}),
        "servicemonitors": (f"{MONITORING}/v1", "ServiceMonitor", {"spec": {}}),
        "podmonitors": (f"{MONITORING}/v1", "PodMonitor", {"spec": {}}),
    }
    version, kind, body = kinds[resource]
    metadata: Object = {"name": name, "namespace": PLACE, "labels": labels}
    if owner is not None:
        generator_name = owner["metadata"]["name"]
        metadata["labels"] = {
            "app.kubernetes.io/name": "octavo-generator",
            "app.kubernetes.io/instance": generator_name,
            "app.kubernetes.io/component": "images" if resource == "persistentvolumeclaims" else "other",
            "app.kubernetes.io/managed-by": "octavo-operator",
        }
        metadata["ownerReferences"] = [
            {
                "apiVersion": owner["apiVersion"],
                "kind": owner["kind"],
                "name": generator_name,
                "uid": owner["metadata"]["uid"],
                "controller": True,
            }
        ]
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **body}


NAME_OF_A_CHILD: dict[str, Callable[[str], str]] = {
    "serviceaccounts": lambda name: name,
    "configmaps": lambda name: f"{name}-config",
    "services": lambda name: f"{name}-api",
    "secrets": lambda name: f"{name}-credentials",
    "deployments": lambda name: f"{name}-api",
    "statefulsets": lambda name: f"{name}-redis",
    "persistentvolumeclaims": lambda name: f"{name}-images",
    "poddisruptionbudgets": lambda name: f"{name}-api",
    "networkpolicies": lambda name: name,
    "ingresses": lambda name: f"{name}-api",
    "httproutes": lambda name: f"{name}-api",
    "servicemonitors": lambda name: f"{name}-api",
    "podmonitors": lambda name: f"{name}-worker",
    "endpointslices": lambda name: f"{name}-activator",
}


def finds_names_taken(plane: RunningControlPlane, prefix: str) -> None:
    """One generator for each kind, with a child's name in somebody else's hands."""
    kinds = [kind for kind in CHILDREN if kind[1] != "endpointslices"]
    apply(plane, *(child(group, kind, NAME_OF_A_CHILD[kind](f"{prefix}-{kind}")) for group, kind in kinds))
    comes(plane, [f"{prefix}-{kind}" for _, kind in kinds])


def has_leftovers(plane: RunningControlPlane, prefix: str) -> None:
    """One generator for each kind, with a child that an older operator may have made and that nobody asks for now."""
    for _, kind in CHILDREN:
        assert eventually(lambda kind=kind: plane.api.find(path(f"{prefix}-{kind}")) is not None, deadline_s=10)  # type: ignore[misc]
    owners = {kind: plane.api.get(path(f"{prefix}-{kind}")) for _, kind in CHILDREN}
    apply(plane, *(child(group, kind, f"{prefix}-{kind}-old", owners[kind]) for group, kind in CHILDREN))


SLEEPERS = ("sleeper", "blocked", "led")
"""What `slept` is about. They have no workers to keep."""


def slept(plane: RunningControlPlane) -> None:
    """While no operator ran, or as an earlier leader left it: three generators sleep. One is led to the activator already, from which
    the next leader knows where that listens; of another the name of what leads there is in somebody else's hands."""
    for name in SLEEPERS:
        workloads = (f"deployment/{name}-api", f"deployment/{name}-worker", f"statefulset/{name}-redis", f"statefulset/{name}-db")
        plane.kubectl("scale", "-n", PLACE, *workloads, "--replicas=0")
    led = child("discovery.k8s.io", "endpointslices", "led-activator", plane.api.get(path("led")))
    led["endpoints"] = [{"addresses": ["10.1.2.3"], "conditions": {"ready": True}}]
    led["ports"] = [{"name": "http", "port": 20_001, "protocol": "TCP"}]
    apply(plane, led, child("discovery.k8s.io", "endpointslices", "blocked-activator"))


def set_pods(plane: RunningControlPlane, name: str, *, ready: bool) -> None:
    """What the kubelet would say of the generator's API pods."""
    selector = f"app.kubernetes.io/instance={name},app.kubernetes.io/component=api"
    for pod in json.loads(plane.kubectl("get", "pods", "-n", PLACE, "-l", selector, "-o", "json"))["items"]:
        containers = pod["status"]["containerStatuses"]
        running: dict[str, Any] = {"running": {"startedAt": pod["metadata"]["creationTimestamp"]}}
        waiting: dict[str, Any] = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off restarting failed container"}}
        for container in containers:
            container.update(ready=ready, started=ready, state=running if ready else waiting)
        conditions = [
            {**each, "status": str(ready)} if each["type"] in ("Ready", "ContainersReady") else each for each in pod["status"]["conditions"]
        ]
        body = json.dumps({"status": {"conditions": conditions, "containerStatuses": containers}})
        plane.kubectl("patch", "pod", pod["metadata"]["name"], "-n", PLACE, "--subresource=status", "--type=merge", "-p", body)


def fails(plane: RunningControlPlane, name: str) -> None:
    set_pods(plane, name, ready=False)
    await_ready(plane, [name], False)


def recovers(plane: RunningControlPlane, name: str) -> None:
    set_pods(plane, name, ready=True)
    await_ready(plane, [name], True)
