"""What the network policies allow, for each pod that any of them selects. Pure.

Follows the definition of `networking.k8s.io/v1`: a pod that a policy selects for a direction is fenced in that direction, and what
passes is the union of what its policies allow. Traffic between a pod and its own node always passes, and so do answers.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from scripts.cluster.api import Object

INGRESS, EGRESS = "Ingress", "Egress"
_PEERS = {INGRESS: "from", EGRESS: "to"}
_RULES = {INGRESS: "ingress", EGRESS: "egress"}


@dataclass(frozen=True, order=True)
class Ports:
    protocol: str
    """tcp, udp or sctp."""
    first: int
    last: int
    """Inclusive. 0 to 65535 is every port of the protocol."""


@dataclass(frozen=True, order=True)
class Block:
    cidr: str
    excepted: tuple[str, ...] = ()


@dataclass(frozen=True, order=True)
class Allow:
    """One way through the fence: any of the peers, on any of the ports."""

    addresses: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()
    anywhere: bool = False
    """Every peer; then addresses and blocks mean nothing."""
    ports: tuple[Ports, ...] | None = None
    """None: every port of every protocol."""


@dataclass(frozen=True, order=True)
class Fence:
    """Round one pod, in one direction."""

    address: str
    direction: str
    allowed: tuple[Allow, ...]


def fences(policies: Iterable[Object], pods: Iterable[Object], namespaces: Iterable[Object], node: str) -> list[Fence]:
    """Those round the pods of one node, in a stable order, so that equal input makes equal output."""
    present = [pod for pod in pods if _has_address(pod)]
    here: dict[str, list[Object]] = {}
    for pod in present:
        if pod["spec"].get("nodeName") == node:
            here.setdefault(pod["metadata"]["namespace"], []).append(pod)
    labels = {namespace["metadata"]["name"]: namespace["metadata"].get("labels") or {} for namespace in namespaces}
    allowed: dict[tuple[str, str], set[Allow]] = {}
    for policy in policies:
        fenced = [
            pod for pod in here.get(policy["metadata"]["namespace"], ()) if selects(policy["spec"].get("podSelector") or {}, _labels(pod))
        ]
        for direction in _directions(policy["spec"]) if fenced else ():
            rules = list(_rules(policy, direction, present, labels))
            for pod in fenced:
                ways = allowed.setdefault((pod["status"]["podIP"], direction), set())
                ways.update(way for rule in rules for way in _ways(rule, direction, pod))
    return sorted(Fence(address, direction, tuple(sorted(ways, key=repr))) for (address, direction), ways in allowed.items())


def selects(selector: Object, labels: dict[str, str]) -> bool:
    """Whether a label selector matches. An empty one matches everything."""
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    return all(_meets(requirement, labels) for requirement in selector.get("matchExpressions") or [])


def _meets(requirement: Object, labels: dict[str, str]) -> bool:
    key, values = requirement["key"], requirement.get("values") or []
    match requirement["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    raise ValueError(f"unknown operator {requirement['operator']!r}")


def _directions(spec: Object) -> list[str]:
    named: list[str] = spec.get("policyTypes") or [INGRESS, *([EGRESS] if spec.get("egress") else [])]
    return named


@dataclass(frozen=True)
class _Rule:
    """A rule of a policy with its peers found: the same for every pod that the policy selects."""

    peers: tuple[Object, ...]
    addresses: tuple[str, ...]
    blocks: tuple[Block, ...]
    anywhere: bool
    numbers: tuple[Ports, ...] | None
    """None: every port."""
    names: tuple[Object, ...]


def _rules(policy: Object, direction: str, pods: Sequence[Object], namespaces: dict[str, dict[str, str]]) -> Iterator[_Rule]:
    own = policy["metadata"]["namespace"]
    for rule in policy["spec"].get(_RULES[direction]) or []:
        wanted, ports = rule.get(_PEERS[direction]) or [], rule.get("ports") or []
        peers = tuple(pod for pod in pods if not wanted or any(_is_peer(peer, pod, own, namespaces) for peer in wanted))
        yield _Rule(
            peers=peers,
            addresses=tuple(sorted({pod["status"]["podIP"] for pod in peers})) if wanted else (),
            blocks=tuple(sorted(_block(peer["ipBlock"]) for peer in wanted if "ipBlock" in peer and _is_ipv4(peer["ipBlock"]["cidr"]))),
            anywhere=not wanted,
            numbers=tuple(sorted(_numbered(port) for port in ports if not _is_named(port))) if ports else None,
            names=tuple(port for port in ports if _is_named(port)),
        )


def _ways(rule: _Rule, direction: str, fenced: Object) -> Iterator[Allow]:
    """A port's name means the number that the receiving pod gives it: ours for ingress, each peer's for egress."""
    numbers = rule.numbers
    if direction == INGRESS and numbers is not None:
        numbers = (*numbers, *(number for name in rule.names for number in _resolved(name, fenced)))
    if numbers != () and (rule.anywhere or rule.addresses or rule.blocks):
        yield Allow(rule.addresses, rule.blocks, anywhere=rule.anywhere, ports=tuple(sorted(set(numbers))) if numbers is not None else None)
    for name in rule.names if direction == EGRESS else ():
        for pod in rule.peers:
            if ports := _resolved(name, pod):
                yield Allow((pod["status"]["podIP"],), ports=ports)


def _resolved(port: Object, pod: Object) -> tuple[Ports, ...]:
    protocol = _protocol(port)
    numbers = {
        declared["containerPort"]
        for container in pod["spec"]["containers"]
        for declared in container.get("ports") or []
        if declared.get("name") == port["port"] and (declared.get("protocol") or "TCP").lower() == protocol
    }
    return tuple(Ports(protocol, number, number) for number in sorted(numbers))


def _is_peer(peer: Object, pod: Object, own_namespace: str, namespaces: dict[str, dict[str, str]]) -> bool:
    if "ipBlock" in peer:
        return False
    namespace = pod["metadata"]["namespace"]
    if peer.get("namespaceSelector") is None:
        if namespace != own_namespace:
            return False
    elif namespace not in namespaces or not selects(peer["namespaceSelector"], namespaces[namespace]):
        return False
    return peer.get("podSelector") is None or selects(peer["podSelector"], _labels(pod))


def _block(block: Object) -> Block:
    return Block(block["cidr"], tuple(sorted(block.get("except") or ())))


def _is_ipv4(cidr: str) -> bool:
    return ipaddress.ip_network(cidr, strict=False).version == 4


def _is_named(port: Object) -> bool:
    return isinstance(port.get("port"), str)


def _numbered(port: Object) -> Ports:
    if port.get("port") is None:
        return Ports(_protocol(port), 0, 65535)
    return Ports(_protocol(port), port["port"], port.get("endPort") or port["port"])


def _protocol(port: Object) -> str:
    return (port.get("protocol") or "TCP").lower()


def _has_address(pod: Object) -> bool:
    """A pod on the node's own network is the node; one that has ended may have lost its address to another."""
    status = pod.get("status") or {}
    return bool(status.get("podIP")) and not pod["spec"].get("hostNetwork") and status.get("phase") not in {"Succeeded", "Failed"}


def _labels(pod: Object) -> dict[str, str]:
    return pod["metadata"].get("labels") or {}
