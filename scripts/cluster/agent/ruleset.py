"""Fences as an nftables script. Pure.

One chain a fence: every way through it returns, and what has not returned at its end is dropped. The forward hook sees what pods send
to pods and to the world, after Services were translated; what the node itself sends or receives does not pass there, and is free.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from scripts.cluster.agent.policies import INGRESS, Allow, Block, Fence, Ports

_EVERY_PORT = (0, 65535)


def script(table: str, fences: Sequence[Fence]) -> str:
    """Replaces the whole table in one transaction."""
    chains = "".join(_chain(fence) for fence in fences)
    return f"table inet {table} {{}}\ndelete table inet {table}\ntable inet {table} {{\n{chains}{_forward(fences)}}}\n"


def _forward(fences: Sequence[Fence]) -> str:
    jumps = "".join(_jump(fence) for fence in fences)
    return (
        "  chain forward {\n    type filter hook forward priority filter; policy accept;\n"
        f"    ct state established,related accept\n{jumps}  }}\n"
    )


def _jump(fence: Fence) -> str:
    """A pod may always talk to itself."""
    own, other = ("daddr", "saddr") if fence.direction == INGRESS else ("saddr", "daddr")
    return f"    ip {own} {fence.address} ip {other} != {fence.address} jump {_name(fence)}\n"


def _chain(fence: Fence) -> str:
    side = "saddr" if fence.direction == INGRESS else "daddr"
    ways = "".join(f"    {rule}return\n" for allow in fence.allowed for rule in _rules(allow, side))
    return f"  chain {_name(fence)} {{\n{ways}    drop\n  }}\n"


def _name(fence: Fence) -> str:
    return f"{fence.direction.lower()}-{fence.address.replace('.', '-')}"


def _rules(allow: Allow, side: str) -> list[str]:
    return [f"{peer}{ports}" for peer in _peers(allow, side) for ports in _ports(allow.ports)]


def _peers(allow: Allow, side: str) -> list[str]:
    if allow.anywhere:
        return [""]
    addresses = [f"ip {side} {{ {', '.join(allow.addresses)} }} "] if allow.addresses else []
    return addresses + [_block(block, side) for block in allow.blocks]


def _block(block: Block, side: str) -> str:
    excepted = f"ip {side} != {{ {', '.join(_collapsed(block.excepted))} }} " if block.excepted else ""
    return f"ip {side} {_network(block.cidr)} {excepted}"


def _ports(ports: tuple[Ports, ...] | None) -> list[str]:
    if ports is None:
        return [""]
    by_protocol: dict[str, list[tuple[int, int]]] = {}
    for each in ports:
        by_protocol.setdefault(each.protocol, []).append((each.first, each.last))
    rules = []
    for protocol, ranges in sorted(by_protocol.items()):
        if _EVERY_PORT in ranges:
            rules.append(f"meta l4proto {protocol} ")
        else:
            rules.append(f"{protocol} dport {{ {', '.join(_range(*each) for each in _merged(ranges))} }} ")
    return rules


def _merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Without overlaps, which a set of intervals does not take."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def _range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def _network(cidr: str) -> str:
    return str(ipaddress.IPv4Network(cidr, strict=False))


def _collapsed(cidrs: Iterable[str]) -> list[str]:
    return [str(network) for network in ipaddress.collapse_addresses(ipaddress.IPv4Network(cidr, strict=False) for cidr in cidrs)]
