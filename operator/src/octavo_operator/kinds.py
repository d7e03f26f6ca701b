"""The kinds of objects that the operator reads and writes, and where they stand in the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Kind:
    api_version: str
    name: str
    plural: str
    namespaced: bool = True

    @property
    def group(self) -> str:
        """Empty for the core group."""
        return self.api_version.rpartition("/")[0]

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        """Of one object, of all in a namespace, or of all in the cluster."""
        parts = ["/apis" if "/" in self.api_version else "/api", self.api_version]
        if namespace is not None and self.namespaced:
            parts += ["namespaces", namespace]
        parts += [part for part in (self.plural, name, subresource) if part is not None]
        return "/".join(parts)

    def __str__(self) -> str:
        return self.name


GENERATOR_SERVICE = Kind("octavo.dev/v1alpha1", "GeneratorService", "generatorservices")
SERVICE_ACCOUNT = Kind("v1", "ServiceAccount", "serviceaccounts")
SECRET = Kind("v1", "Secret", "secrets")
CONFIG_MAP = Kind("v1", "ConfigMap", "configmaps")
SERVICE = Kind("v1", "Service", "services")
POD = Kind("v1", "Pod", "pods")
CLAIM = Kind("v1", "PersistentVolumeClaim", "persistentvolumeclaims")
DEPLOYMENT = Kind("apps/v1", "Deployment", "deployments")
STATEFUL_SET = Kind("apps/v1", "StatefulSet", "statefulsets")
DISRUPTION_BUDGET = Kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets")
NETWORK_POLICY = Kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies")
INGRESS = Kind("networking.k8s.io/v1", "Ingress", "ingresses")
HTTP_ROUTE = Kind("gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes")
SERVICE_MONITOR = Kind("monitoring.coreos.com/v1", "ServiceMonitor", "servicemonitors")
POD_MONITOR = Kind("monitoring.coreos.com/v1", "PodMonitor", "podmonitors")
ENDPOINT_SLICE = Kind("discovery.k8s.io/v1", "EndpointSlice", "endpointslices")
LEASE = Kind("coordination.k8s.io/v1", "Lease", "leases")
EVENT = Kind("events.k8s.io/v1", "Event", "events")
CUSTOM_RESOURCE_DEFINITION = Kind("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", namespaced=False)

CHILD_KINDS: tuple[Kind, ...] = (
    SERVICE_ACCOUNT,
    SECRET,
    CONFIG_MAP,
    SERVICE,
    DEPLOYMENT,
    STATEFUL_SET,
    CLAIM,
    DISRUPTION_BUDGET,
    NETWORK_POLICY,
    INGRESS,
    ENDPOINT_SLICE,
)
"""What a generator's children can be in every cluster. Of the claims only that of the pictures is one; the others are their stores'."""

OPTIONAL_KINDS: tuple[Kind, ...] = (HTTP_ROUTE, SERVICE_MONITOR, POD_MONITOR)
"""The same, where the cluster has their group."""

WHOLE_KINDS: tuple[Kind, ...] = (DEPLOYMENT, STATEFUL_SET, POD, CLAIM)
"""Kinds of which spec and status are looked at; of all others the metadata say enough."""

_BY_NAME: Mapping[tuple[str, str], Kind] = {(kind.api_version, kind.name): kind for kind in (*CHILD_KINDS, *OPTIONAL_KINDS, POD)}


def kind_of(api_version: str, name: str) -> Kind:
    """KeyError for a kind that the operator never makes."""
    return _BY_NAME[api_version, name]


def kind_of_manifest(manifest: Mapping[str, Any]) -> Kind:
    return kind_of(manifest["apiVersion"], manifest["kind"])
