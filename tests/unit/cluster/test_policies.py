"""What network policies allow, case by case, as the definition of `networking.k8s.io/v1` has it."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripts.cluster.agent.policies import Allow, Fence, Ports, fences, selects

Object = dict[str, Any]

NAMESPACES = [
    {"metadata": {"name": "app", "labels": {"team": "a", "kubernetes.io/metadata.name": "app"}}},
    {"metadata": {"name": "other", "labels": {"team": "b", "kubernetes.io/metadata.name": "other"}}},
]


def pod(name: str, address: str, namespace: str = "app", ports: list[Object] | None = None, **spec: Any) -> Object:
    return {
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {"containers": [{"name": "c", "ports": ports or [{"name": "http", "containerPort": 8080}]}], "nodeName": "node"} | spec,
        "status": {"podIP": address, "phase": "Running"},
    }


WEB, DB, FAR = pod("web", "10.0.0.1"), pod("db", "10.0.0.2"), pod("far", "10.0.0.3", "other")
PODS = [WEB, DB, FAR]


def policy(spec: Object, namespace: str = "app") -> Object:
    return {"metadata": {"name": "p", "namespace": namespace}, "spec": {"podSelector": {}, **spec}}


def passes(found: list[Fence], source: Object, target: Object, port: int = 8080, protocol: str = "tcp") -> bool:
    """Both ends have to agree."""
    ends = [("Egress", source, target), ("Ingress", target, source)]
    for direction, own, peer in ends:
        fence = next((each for each in found if (each.address, each.direction) == (own["status"]["podIP"], direction)), None)
        if fence is not None and not any(lets(allow, peer["status"]["podIP"], port, protocol) for allow in fence.allowed):
            return False
    return True


def lets(allow: Allow, peer: str, port: int, protocol: str) -> bool:
    address = ipaddress.IPv4Address(peer)
    inside = any(
        address in ipaddress.IPv4Network(block.cidr) and not any(address in ipaddress.IPv4Network(each) for each in block.excepted)
        for block in allow.blocks
    )
    on_port = allow.ports is None or any(each.protocol == protocol and each.first <= port <= each.last for each in allow.ports)
    return (allow.anywhere or peer in allow.addresses or inside) and on_port


def between(policies: list[Object], source: Object, target: Object, port: int = 8080, protocol: str = "tcp") -> bool:
    return passes(fences(policies, PODS, NAMESPACES, "node"), source, target, port, protocol)


DENY_IN, DENY_OUT = policy({"policyTypes": ["Ingress"]}), policy({"policyTypes": ["Egress"]})


def test_without_a_policy_there_is_no_fence() -> None:
    assert fences([], PODS, NAMESPACES, "node") == []


def test_a_policy_fences_only_the_pods_that_it_selects_in_its_own_namespace() -> None:
    found = fences([policy({"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"]})], PODS, NAMESPACES, "node")
    assert found == [Fence("10.0.0.1", "Ingress", ())]


def test_denied_in_one_direction_is_free_in_the_other() -> None:
    assert not between([DENY_IN], DB, WEB)
    assert between([DENY_IN], WEB, FAR)
    assert not between([DENY_OUT], WEB, FAR)
    assert between([DENY_OUT], FAR, WEB)


def test_both_ends_have_to_agree() -> None:
    let_in = policy({"policyTypes": ["Ingress"], "ingress": [{}]})
    assert not between([DENY_OUT, let_in], DB, WEB)


def test_what_policies_allow_adds_up() -> None:
    db_in = policy({"ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "db"}}}]}], "policyTypes": ["Ingress"]})
    assert between([DENY_IN, db_in], DB, WEB)
    assert not between([DENY_IN, db_in], FAR, WEB)


@pytest.mark.parametrize(
    ("peer", "who"),
    [
        ({"podSelector": {}}, {"web", "db"}),
        ({"podSelector": {"matchLabels": {"app": "db"}}}, {"db"}),
        ({"namespaceSelector": {}}, {"web", "db", "far"}),
        ({"namespaceSelector": {"matchLabels": {"team": "b"}}}, {"far"}),
        ({"namespaceSelector": {"matchLabels": {"team": "b"}}, "podSelector": {"matchLabels": {"app": "db"}}}, set()),
        ({"namespaceSelector": {"matchLabels": {"team": "b"}}, "podSelector": {"matchLabels": {"app": "far"}}}, {"far"}),
        ({"ipBlock": {"cidr": "10.0.0.0/30"}}, {"web", "db", "far"}),
        ({"ipBlock": {"cidr": "10.0.0.0/30", "except": ["10.0.0.2/32"]}}, {"web", "far"}),
        ({"ipBlock": {"cidr": "2001:db8::/32"}}, set()),
    ],
)
def test_peers(peer: Object, who: set[str]) -> None:
    allowed = policy({"policyTypes": ["Ingress"], "ingress": [{"from": [peer]}]})
    assert {each["metadata"]["name"] for each in PODS if between([allowed], each, WEB)} == who


def test_a_rule_without_peers_means_everyone_and_a_policy_without_rules_nobody() -> None:
    assert between([policy({"policyTypes": ["Ingress"], "ingress": [{}]})], FAR, WEB)
    assert not between([policy({"policyTypes": ["Ingress"], "ingress": []})], FAR, WEB)


@pytest.mark.parametrize(
    ("ports", "open_ports"),
    [
        (None, {("tcp", 1), ("tcp", 8080), ("tcp", 9000), ("udp", 53)}),
        ([{"port": 8080}], {("tcp", 8080)}),
        ([{"port": 8000, "endPort": 9000}], {("tcp", 8080), ("tcp", 9000)}),
        ([{"protocol": "UDP"}], {("udp", 53)}),
        ([{"port": "http"}], {("tcp", 8080)}),
        ([{"port": "http", "protocol": "UDP"}], set()),
        ([{"port": "unknown"}], set()),
        ([{"port": "http"}, {"port": 53, "protocol": "UDP"}], {("tcp", 8080), ("udp", 53)}),
    ],
)
@pytest.mark.parametrize("direction", ["Ingress", "Egress"])
def test_ports(ports: list[Object] | None, open_ports: set[tuple[str, int]], direction: str) -> None:
    key, peers = ("ingress", "from") if direction == "Ingress" else ("egress", "to")
    rule: Object = {peers: [{"podSelector": {}}]} | ({"ports": ports} if ports else {})
    allowed = policy({"policyTypes": [direction], key: [rule]})
    tried = [("tcp", 1), ("tcp", 8080), ("tcp", 9000), ("udp", 53)]
    assert {(protocol, port) for protocol, port in tried if between([allowed], DB, WEB, port, protocol)} == open_ports


def test_a_named_port_is_the_one_that_the_receiving_pod_means() -> None:
    odd = pod("odd", "10.0.0.4", ports=[{"name": "http", "containerPort": 80}])
    allowed = policy({"policyTypes": ["Egress"], "egress": [{"to": [{"podSelector": {}}], "ports": [{"port": "http"}]}]})
    found = fences([allowed], [*PODS, odd], NAMESPACES, "node")
    assert passes(found, WEB, odd, 80)
    assert not passes(found, WEB, odd, 8080)
    assert passes(found, WEB, DB, 8080)


def test_types_follow_from_the_rules_where_they_are_not_named() -> None:
    assert {fence.direction for fence in fences([policy({})], PODS, NAMESPACES, "node")} == {"Ingress"}
    assert {fence.direction for fence in fences([policy({"egress": [{}]})], PODS, NAMESPACES, "node")} == {"Ingress", "Egress"}


@pytest.mark.parametrize("changed", [{"hostNetwork": True}, {"phase": "Succeeded"}, {"phase": "Failed"}, {"podIP": ""}])
def test_pods_without_an_address_of_their_own_are_neither_fenced_nor_peers(changed: Object) -> None:
    own = pod("web", "10.0.0.1")
    own["spec"] |= {key: value for key, value in changed.items() if key == "hostNetwork"}
    own["status"] |= {key: value for key, value in changed.items() if key != "hostNetwork"}
    assert fences([DENY_IN], [own], NAMESPACES, "node") == []
    let_all = policy({"policyTypes": ["Ingress"], "ingress": [{"from": [{"podSelector": {}}]}]})
    (fence,) = fences([let_all], [own, DB], NAMESPACES, "node")
    assert fence.allowed == (Allow(("10.0.0.2",)),)


def test_pods_of_other_nodes_are_peers_but_are_not_fenced_here() -> None:
    elsewhere = pod("db", "10.0.0.2", nodeName="paper")
    (fence,) = fences(
        [policy({"policyTypes": ["Ingress"], "ingress": [{"from": [{"podSelector": {}}]}]})], [WEB, elsewhere], NAMESPACES, "node"
    )
    assert fence == Fence("10.0.0.1", "Ingress", (Allow(("10.0.0.1", "10.0.0.2")),))


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        ({}, True),
        ({"matchLabels": {"a": "1"}}, True),
        ({"matchLabels": {"a": "2"}}, False),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["1", "2"]}]}, True),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]}, False),
        ({"matchExpressions": [{"key": "b", "operator": "NotIn", "values": ["1"]}]}, True),
        ({"matchExpressions": [{"key": "b", "operator": "Exists"}]}, False),
        ({"matchExpressions": [{"key": "b", "operator": "DoesNotExist"}]}, True),
        ({"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "a", "operator": "Exists"}]}, True),
    ],
)
def test_selectors(selector: Object, matches: bool) -> None:
    assert selects(selector, {"a": "1"}) is matches


@given(st.permutations(PODS), st.permutations([DENY_IN, DENY_OUT, policy({"policyTypes": ["Ingress"], "ingress": [{}]})]))
def test_the_order_of_the_input_does_not_matter(pods: list[Object], policies: list[Object]) -> None:
    assert fences(policies, pods, NAMESPACES, "node") == fences(
        [DENY_IN, DENY_OUT, policies[0], policies[1], policies[2]], PODS, NAMESPACES, "node"
    )


def test_every_port_of_a_protocol_is_written_as_such() -> None:
    (fence,) = fences([policy({"policyTypes": ["Ingress"], "ingress": [{"ports": [{"protocol": "SCTP"}]}]})], [WEB], NAMESPACES, "node")
    assert fence.allowed == (Allow(anywhere=True, ports=(Ports("sctp", 0, 65535),)),)
