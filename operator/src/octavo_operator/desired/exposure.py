"""The ways in from outside the cluster, made only when the resource asks for them: Ingress and HTTPRoute `{name}-api`."""

from __future__ import annotations

from octavo_operator import names
from octavo_operator.desired.subject import Json, Subject

GATEWAY_GROUP = "gateway.networking.k8s.io"


def ingress(subject: Subject) -> list[Json]:
    asked = subject.spec.api.ingress
    if asked is None:
        return []
    backend = {"service": {"name": names.api(subject.name), "port": {"name": names.HTTP_PORT_NAME}}}
    paths = [{"path": _path(subject), "pathType": "Prefix", "backend": backend}]
    spec: Json = {"rules": [{"host": asked.host, "http": {"paths": paths}}]}
    if asked.class_name is not None:
        spec["ingressClassName"] = asked.class_name
    if asked.tls_secret_name is not None:
        spec["tls"] = [{"hosts": [asked.host], "secretName": asked.tls_secret_name}]
    return [subject.child("networking.k8s.io/v1", "Ingress", names.api(subject.name), "api", spec=spec)]


def http_route(subject: Subject) -> list[Json]:
    """None where the cluster has no Gateway API; `unmet` says so."""
    asked = subject.spec.api.http_route
    if asked is None or GATEWAY_GROUP not in subject.situation.features:
        return []
    parents: list[Json] = []
    for parent in asked.parent_refs:
        reference: Json = {"group": GATEWAY_GROUP, "kind": "Gateway", "name": parent.name}
        if parent.namespace is not None:
            reference["namespace"] = parent.namespace
        if parent.section_name is not None:
            reference["sectionName"] = parent.section_name
        parents.append(reference)
    rule = {
        "matches": [{"path": {"type": "PathPrefix", "value": _path(subject)}}],
        "backendRefs": [{"group": "", "kind": "Service", "name": names.api(subject.name), "port": names.SERVICE_PORT, "weight": 1}],
    }
    spec: Json = {"parentRefs": parents, "rules": [rule]}
    if asked.hostnames:
        spec["hostnames"] = list(asked.hostnames)
    return [subject.child(f"{GATEWAY_GROUP}/v1", "HTTPRoute", names.api(subject.name), "api", spec=spec)]


def unmet(subject: Subject) -> tuple[str, ...]:
    """What the resource asks for and this cluster cannot have, in words for its status; empty is the good case."""
    if subject.spec.api.http_route is not None and GATEWAY_GROUP not in subject.situation.features:
        return (
            f"spec.api.httpRoute is not acted on: this cluster does not have the Gateway API ({GATEWAY_GROUP}/v1). Install it, or use"
            " spec.api.ingress",
        )
    return ()


def _path(subject: Subject) -> str:
    return f"/generators/{subject.name}"
