"""Objects as an API server answers with them, for tests of what is made of them."""

from __future__ import annotations

from typing import Any

from octavo_operator import names

UID = "11111111-1111-1111-1111-111111111111"


def metadata(
    name: str, *, instance: str = "tale", component: str = "api", version: int = 1, owner: str | None = UID, **more: Any
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": name,
        "namespace": "kept",
        "uid": f"uid-of-{name}",
        "resourceVersion": str(version),
        "labels": names.labels(instance, component),
        "annotations": {names.HASH_ANNOTATION: "h1"},
        "managedFields": [entry({"f:spec": {}})],
        **more,
    }
    if owner is not None:
        reference = {"apiVersion": "octavo.dev/v1alpha1", "kind": "GeneratorService", "name": instance, "uid": owner, "controller": True}
        found["ownerReferences"] = [reference]
    return found


def entry(tree: dict[str, Any]) -> dict[str, Any]:
    return {"manager": names.MANAGER, "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": tree}


def config_map(name: str = "tale-config", **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(name, component="config", **more)}


def secret(name: str = "tale-credentials", **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata(name, component="credentials", **more)}


def claim(name: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata(name, **more), "status": {"phase": "Bound"}}


def deployment(
    name: str = "tale-api",
    *,
    replicas: int = 1,
    ready: int = 0,
    updated: int = 0,
    generation: int = 1,
    seen: int = 1,
    conditions: Any = (),
    **more: Any,
) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {**metadata(name, **more), "generation": generation},
        "spec": {"replicas": replicas},
        "status": {"readyReplicas": ready, "updatedReplicas": updated, "observedGeneration": seen, "conditions": list(conditions)},
    }


def pod(
    name: str = "tale-api-1", *, phase: str = "Running", ready: bool = True, statuses: Any = (), conditions: Any = (), **more: Any
) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**metadata(name, owner=None, **more), "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"containers": [{"name": "api", "image": "octavo/service:1"}]},
        "status": {
            "phase": phase,
            "podIP": "10.0.0.1",
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}, *conditions],
            "containerStatuses": list(statuses),
        },
    }


def resource(
    name: str = "tale", *, version: int = 1, uid: str = UID, generation: int = 1, status: Any = None, **more: Any
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "apiVersion": "octavo.dev/v1alpha1",
        "kind": "GeneratorService",
        "metadata": {"name": name, "namespace": "kept", "uid": uid, "resourceVersion": str(version), "generation": generation, **more},
        "spec": {"task": "story", "engine": {"name": "ctranslate2", "model": "builtin://tiny-stories"}},
    }
    if status is not None:
        found["status"] = status
    return found
