from __future__ import annotations

from scripts.cluster.agent.policies import Allow, Block, Fence, Ports
from scripts.cluster.agent.ruleset import script


def lines(*fences: Fence) -> list[str]:
    return [line.strip() for line in script("policies", list(fences)).splitlines()]


def test_the_whole_table_is_replaced_at_once() -> None:
    assert lines()[:3] == ["table inet policies {}", "delete table inet policies", "table inet policies {"]


def test_answers_pass_before_any_fence() -> None:
    said = lines(Fence("10.0.0.1", "Ingress", ()))
    assert said.index("ct state established,related accept") < said.index("ip daddr 10.0.0.1 ip saddr != 10.0.0.1 jump ingress-10-0-0-1")


def test_what_no_rule_lets_through_is_dropped() -> None:
    said = lines(Fence("10.0.0.1", "Egress", (Allow(("10.0.0.2",)),)))
    start = said.index("chain egress-10-0-0-1 {")
    assert said[start + 1 : start + 4] == ["ip daddr { 10.0.0.2 } return", "drop", "}"]


def test_an_ingress_fence_looks_at_the_source() -> None:
    assert "ip saddr { 10.0.0.2, 10.0.0.3 } return" in lines(Fence("10.0.0.1", "Ingress", (Allow(("10.0.0.2", "10.0.0.3")),)))


def test_blocks_and_what_they_leave_out() -> None:
    block = Block("10.0.0.7/8", ("10.1.0.0/16", "10.1.2.0/24"))
    said = lines(Fence("10.0.0.1", "Egress", (Allow(blocks=(block,), ports=(Ports("tcp", 443, 443),)),)))
    # Networks are written without their host bits and without overlaps, which sets of intervals do not take.
    assert "ip daddr 10.0.0.0/8 ip daddr != { 10.1.0.0/16 } tcp dport { 443 } return" in said


def test_ports_are_merged_by_protocol() -> None:
    ports = (Ports("tcp", 80, 90), Ports("tcp", 85, 100), Ports("tcp", 101, 101), Ports("tcp", 443, 443), Ports("udp", 0, 65535))
    said = lines(Fence("10.0.0.1", "Ingress", (Allow(anywhere=True, ports=ports),)))
    assert "tcp dport { 80-101, 443 } return" in said
    assert "meta l4proto udp return" in said


def test_everything_from_everywhere() -> None:
    said = lines(Fence("10.0.0.1", "Ingress", (Allow(anywhere=True),)))
    assert said[said.index("chain ingress-10-0-0-1 {") + 1] == "return"
