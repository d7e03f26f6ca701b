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


def fences(policies: Iterable[Object], pods: Iterable[Object], namespaces: Iterable[Object]) -> list[Fence]:
    """In a stable order, so that equal input makes equal output."""
    present = [pod for pod in pods if _has_address(pod)]
    labels = {namespace["metadata"]["name"]: namespace["metadata"].get("labels") or {} for namespace in namespaces}
    allowed: dict[tuple[str, str], set[Allow]] = {}
    for policy in policies:
        for pod in present:
            if pod["metadata"]["namespace"] != policy["metadata"]["namespace"] or not selects(
                policy["spec"].get("podSelector") or {}, _labels(pod)
            ):
                continue
            for direction in _directions(policy["spec"]):
                ways = allowed.setdefault((pod["status"]["podIP"], direction), set())
                ways.update(_ways(policy, direction, pod, present, labels))
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


def _ways(policy: Object, direction: str, fenced: Object, pods: Sequence[Object], namespaces: dict[str, dict[str, str]]) -> Iterator[Allow]:
    for rule in policy["spec"].get(_RULES[direction]) or []:
        peers = rule.get(_PEERS[direction]) or []
        selected = [pod for pod in pods if any(_is_peer(peer, pod, policy["metadata"]["namespace"], namespaces) for peer in peers)]
        blocks = tuple(sorted(_block(peer["ipBlock"]) for peer in peers if "ipBlock" in peer and _is_ipv4(peer["ipBlock"]["cidr"])))
        asked = rule.get("ports") or []
        numbers = tuple(sorted(_numbered(port) for port in asked if not _is_named(port)))
        if not asked or numbers:
            addresses = tuple(sorted({pod["status"]["podIP"] for pod in selected}))
            if addresses or blocks or not peers:
                yield Allow(addresses, blocks, anywhere=not peers, ports=numbers if asked else None)
        for name in (port for port in asked if _is_named(port)):
            yield from _named_ways(name, direction, fenced, selected if peers else pods, blocks, anywhere=not peers)


def _named_ways(
    port: Object, direction: str, fenced: Object, peers: Sequence[Object], blocks: tuple[Block, ...], *, anywhere: bool
) -> Iterator[Allow]:
    """A port's name means the number that the receiving pod gives it: ours for ingress, each peer's for egress."""
    if direction == INGRESS:
        ports = _resolved(port, fenced)
        addresses = tuple(sorted({pod["status"]["podIP"] for pod in peers}))
        if ports and (anywhere or addresses or blocks):
            yield Allow(() if anywhere else addresses, blocks, anywhere=anywhere, ports=ports)
        return
    for pod in peers:
        if ports := _resolved(port, pod):
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
