"""NetworkPolicies: one over all pods of the generator that denies everything but what is needed among them, and one more for the API
or the workers where the resource sends them outside."""

from __future__ import annotations

from collections.abc import Iterable

from octavo_operator import names
from octavo_operator.desired.destinations import Destination, api_destinations, pods_of_any, worker_destinations
from octavo_operator.desired.subject import Json, Subject
from octavo_operator.resource import Component

MONITORING_GROUP = "monitoring.coreos.com"
_DNS = (53, 5353)
"""Ports of the pods that answer for the cluster's names; the second is OpenShift's."""


def network_policies(subject: Subject) -> list[Json]:
    policies = [_between_all(subject)]
    sides: tuple[tuple[Component, str, list[Destination]], ...] = (
        ("api", names.api(subject.name), api_destinations(subject)),
        ("worker", names.worker(subject.name), worker_destinations(subject)),
    )
    for component, name, destinations in sides:
        if destinations:
            spec = {
                "podSelector": {"matchLabels": names.selector(subject.name, component)},
                "policyTypes": ["Egress"],
                "egress": _rules(destinations),
            }
            policies.append(subject.child("networking.k8s.io/v1", "NetworkPolicy", name, component, spec=spec))
    return policies


def _between_all(subject: Subject) -> Json:
    stores = _store_ports(subject)
    ingress = [_calls(subject)]
    egress: list[Json] = [_names(subject)]
    if stores:
        ingress.append({"from": [_own(subject, "api", "worker")], "ports": stores})
        egress.append({"to": [_own(subject, "redis", "db")], "ports": stores})
    ingress += _scrapes(subject)
    spec = {
        "podSelector": {"matchLabels": names.selector(subject.name)},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": ingress,
        "egress": egress,
    }
    return subject.child("networking.k8s.io/v1", "NetworkPolicy", names.policy(subject.name), "network", spec=spec)


def _calls(subject: Subject) -> Json:
    """Only API pods listen on this port, so that one policy does for all."""
    rule: Json = {"ports": [_port(names.API_PORT)]}
    callers = subject.settings.caller_namespaces
    if callers:
        rule["from"] = [{"podSelector": {}}, pods_of_any([*callers, subject.settings.namespace])]
    return rule


def _scrapes(subject: Subject) -> list[Json]:
    namespaces = subject.settings.monitoring_namespaces
    if not namespaces and MONITORING_GROUP not in subject.situation.features:
        return []
    peer: Json = pods_of_any(namespaces) if namespaces else {"namespaceSelector": {}}
    return [{"from": [peer], "ports": [_port(names.API_PORT), _port(names.METRICS_PORT)]}]


def _names(subject: Subject) -> Json:
    peers: list[Json] = [{"namespaceSelector": {}}]
    peers += [{"ipBlock": {"cidr": cidr}} for cidr in subject.settings.dns_cidrs]
    return {"to": peers, "ports": [_port(port, protocol) for port in _DNS for protocol in ("UDP", "TCP")]}


def _store_ports(subject: Subject) -> list[Json]:
    ports = []
    if subject.spec.redis.managed is not None:
        ports.append(_port(names.REDIS_PORT))
    if subject.spec.database.managed is not None:
        ports.append(_port(names.DATABASE_PORTS[subject.spec.database.managed.type]))
    return ports


def _own(subject: Subject, *components: Component) -> Json:
    return {
        "podSelector": {
            "matchLabels": names.selector(subject.name),
            "matchExpressions": [{"key": names.COMPONENT_LABEL, "operator": "In", "values": list(components)}],
        }
    }


def _rules(destinations: Iterable[Destination]) -> list[Json]:
    """One rule for all ports at the same peers; a port that is not known opens them all."""
    ports: dict[str, set[int | None]] = {}
    peers: dict[str, list[Json]] = {}
    for destination in destinations:
        key = repr(destination.peers)
        peers[key] = list(destination.peers)
        ports.setdefault(key, set()).add(destination.port)
    rules: list[Json] = []
    for key, to in peers.items():
        known = sorted(port for port in ports[key] if port is not None)
        rules.append({"to": to} if None in ports[key] else {"to": to, "ports": [_port(port) for port in known]})
    return rules


def _port(port: int, protocol: str = "TCP") -> Json:
    return {"port": port, "protocol": protocol}
