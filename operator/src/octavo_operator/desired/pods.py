"""What all pods have in common: no rights, no token, a root filesystem that nobody writes, and a last word when they die.

They pass the Pod Security Standard "restricted" as it stands, so that a namespace may enforce it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from octavo_core.spec import Resources
from octavo_operator import names
from octavo_operator.desired.subject import Json, Subject, digest
from octavo_operator.resource import Component

CREDENTIALS_PATH = "/etc/octavo/credentials"


def template(
    subject: Subject,
    component: Component,
    *,
    container: Json,
    volumes: Sequence[Json],
    user: int,
    grace_seconds: int,
    reads: object,
    labels: Mapping[str, str] | None = None,
    priority_class_name: str | None = None,
    spread: bool = False,
    affinity: Json | None = None,
) -> Json:
    """A pod template of one container. `reads` is whatever its processes read only when they start (configuration, passwords,
    fingerprints of Secrets): it goes into the template's hash, so that a change of it makes new pods."""
    settings = subject.settings
    spec: Json = {
        "serviceAccountName": names.account(subject.name),
        "automountServiceAccountToken": False,
        # variables of all Services of the namespace: one named octavo would set OCTAVO_API_PORT
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": grace_seconds,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": user,
            "runAsGroup": user,
            "fsGroup": user,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                **container,
                "imagePullPolicy": settings.image_pull_policy,
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
                # the operator shows them as the cause of a crash
                "terminationMessagePolicy": "FallbackToLogsOnError",
            }
        ],
        "volumes": list(volumes),
    }
    if settings.image_pull_secrets:
        spec["imagePullSecrets"] = [{"name": name} for name in settings.image_pull_secrets]
    priority = priority_class_name or settings.priority_class_name
    if priority is not None:
        spec["priorityClassName"] = priority
    if affinity is not None:
        spec["affinity"] = affinity
    if spread:
        spec["topologySpreadConstraints"] = [
            {
                "maxSkew": 1,
                "topologyKey": key,
                # a node less is better than no pod
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": names.selector(subject.name, component)},
                # or the pods that a rollout takes away would count
                "matchLabelKeys": ["pod-template-hash"],
            }
            for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
        ]
    metadata: Json = {"labels": {**names.labels(subject.name, component), **(labels or {})}}
    metadata["annotations"] = {names.HASH_ANNOTATION: digest([metadata, spec, reads])}
    return {"metadata": metadata, "spec": spec}


def resources(given: Resources, default: Resources) -> Json:
    """What the resource says, and for each CPU, memory or device of which it says nothing, the operator's default."""
    named = given.requests.keys() | given.limits.keys()
    requests = {**given.requests, **_others(default.requests, named)}
    limits = {**given.limits, **_others(default.limits, named)}
    return {key: value for key, value in (("requests", requests), ("limits", limits)) if value}


def _others(default: Mapping[str, str], named: set[str]) -> dict[str, str]:
    # a default limit below the request that was given would be refused, so one that is named at all is left alone
    return {name: amount for name, amount in default.items() if name not in named}


def variable(name: str, value: str) -> Json:
    return {"name": name, "value": value}


def secret_variable(name: str, secret: str, key: str, *, optional: bool = False) -> Json:
    reference: Json = {"name": secret, "key": key}
    if optional:
        reference["optional"] = True
    return {"name": name, "valueFrom": {"secretKeyRef": reference}}


def empty_volume(name: str, size: str | None = None) -> Json:
    return {"name": name, "emptyDir": {} if size is None else {"sizeLimit": size}}


def secret_volume(name: str, secret: str, *keys: str) -> Json:
    """Only these keys, as files of the same names that the pod's group may read."""
    items = [{"key": key, "path": key} for key in keys]
    return {"name": name, "secret": {"secretName": secret, "defaultMode": 0o440, "items": items}}


def mount(name: str, path: str, *, read_only: bool = False, sub_path: str | None = None) -> Json:
    found: Json = {"name": name, "mountPath": path}
    if read_only:
        found["readOnly"] = True
    if sub_path is not None:
        found["subPath"] = sub_path
    return found


def http_probe(path: str, port: str, **timing: Any) -> Json:
    """`timing` in Kubernetes' own names: periodSeconds, timeoutSeconds, failureThreshold."""
    return {"httpGet": {"path": path, "port": port}, **timing}


def exec_probe(*command: str, **timing: Any) -> Json:
    return {"exec": {"command": list(command)}, **timing}


def tcp_probe(port: int, **timing: Any) -> Json:
    return {"tcpSocket": {"port": port}, **timing}
