"""Why the operator has each of its rights: which thing it does fails without it.

The table is compared with what octavo-operator renders, and each line is tried on a real API server (test_operator_rights.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Deed = Literal[
    "starts",
    "a generator comes",
    "a generator comes where the API server checks owners",
    "a child is deleted by hand",
    "somebody else holds the name of a child",
    "a child is there that is no longer asked for",
    "a generator fails",
    "a generator fails again",
]
"""What makes the operator use a right."""


@dataclass(frozen=True, order=True)
class Right:
    group: str
    resource: str
    """With its subresource, as RBAC writes it."""
    verb: str
    name: str = ""
    """The one object that it is about; empty for all."""

    def __str__(self) -> str:
        return " ".join(part for part in (self.verb, f"{self.resource}.{self.group}".rstrip("."), self.name) if part)


CHILDREN = (
    ("", "serviceaccounts"),
    ("", "configmaps"),
    ("", "services"),
    ("", "secrets"),
    ("apps", "deployments"),
    ("apps", "statefulsets"),
    ("", "persistentvolumeclaims"),
    ("policy", "poddisruptionbudgets"),
    ("networking.k8s.io", "networkpolicies"),
    ("networking.k8s.io", "ingresses"),
    ("gateway.networking.k8s.io", "httproutes"),
    ("monitoring.coreos.com", "servicemonitors"),
    ("monitoring.coreos.com", "podmonitors"),
    ("discovery.k8s.io", "endpointslices"),
)
"""(group, resource) of all that a generator's children can be."""

OF_A_CHILD: dict[str, Deed] = {
    "list": "starts",
    "watch": "starts",
    "create": "a generator comes",
    "patch": "a generator comes",
    "get": "somebody else holds the name of a child",
    "delete": "a child is there that is no longer asked for",
}

IN_WATCHED_NAMESPACES: dict[Right, Deed] = {
    Right("octavo.dev", "generatorservices", "list"): "starts",
    Right("octavo.dev", "generatorservices", "watch"): "starts",
    Right("octavo.dev", "generatorservices", "get"): "a child is deleted by hand",
    Right("octavo.dev", "generatorservices/status", "patch"): "a generator comes",
    Right("octavo.dev", "generatorservices/finalizers", "update"): "a generator comes where the API server checks owners",
    **{Right(group, resource, verb): deed for group, resource in CHILDREN for verb, deed in OF_A_CHILD.items()},
    Right("", "pods", "list"): "starts",
    Right("", "pods", "watch"): "starts",
    Right("events.k8s.io", "events", "create"): "a generator fails",
    Right("events.k8s.io", "events", "patch"): "a generator fails again",
}

IN_ITS_OWN_NAMESPACE: dict[Right, Deed] = {
    Right("coordination.k8s.io", "leases", "get"): "starts",
    Right("coordination.k8s.io", "leases", "create"): "starts",
    Right("coordination.k8s.io", "leases", "update"): "starts",
    Right("", "secrets", "get", "octavo-operator-key"): "starts",
    Right("", "secrets", "create"): "starts",
}


def rights_of(role: dict[str, Any]) -> Iterator[Right]:
    """Of a Role or ClusterRole, one for each verb on each resource."""
    for rule in role["rules"]:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                for verb in rule["verbs"]:
                    for name in rule.get("resourceNames", [""]):
                        yield Right(group, resource, verb, name)


def without(role: dict[str, Any], *missing: Right) -> dict[str, Any]:
    """The same role less some rights: one rule for each that is left."""
    rules = [
        {
            "apiGroups": [right.group],
            "resources": [right.resource],
            "verbs": [right.verb],
            **({"resourceNames": [right.name]} if right.name else {}),
        }
        for right in rights_of(role)
        if right not in missing
    ]
    return {**role, "rules": rules}
