"""Manifests of pods that run the probe, and what they need around them."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]

_RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
}


def pod(name: str, image: str, *, text: str = "hello", claim: str = "") -> Object:
    """Serves the text on port 8080, under the Pod Security level "restricted"; with a claim, mounted at /data."""
    container: Object = {
        "name": "probe",
        "image": image,
        "imagePullPolicy": "Never",
        "args": ["serve", ":8080", text],
        "ports": [{"name": "http", "containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 1},
        "securityContext": _RESTRICTED,
    }
    spec: Object = {
        "containers": [container],
        "terminationGracePeriodSeconds": 1,
        "securityContext": {
            "runAsNonRoot": True, "runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 2000, "seccompProfile": {"type": "RuntimeDefault"},
        },
    }  # fmt: skip
    if claim:
        container["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
        spec["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}}, "spec": spec}


def service(name: str) -> Object:
    """Port 80, in front of the pods labelled with its name."""
    spec = {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": "http"}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def claim(name: str) -> Object:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "16Mi"}}}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": spec}


def policy(name: str, spec: Object) -> Object:
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name}, "spec": spec}
