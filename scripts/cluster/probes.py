"""Questions to the running parts: do you answer, and rightly? Each says no where the part is away, and never waits long."""

from __future__ import annotations

import secrets
import socket
import struct
from pathlib import Path

import httpx
from scripts.cluster.layout import Network

_TIMEOUT_S = 2.0
_HEADER = struct.Struct("!HHHHHH")
_RECURSION_DESIRED = 0x0100
_ANSWER_CODE = 0x000F
KUBERNETES_NAME = "kubernetes.default.svc.cluster.local"


def etcd_answers(sock: Path) -> bool:
    try:
        with httpx.Client(transport=httpx.HTTPTransport(uds=f"{sock}:0"), timeout=_TIMEOUT_S) as client:
            return client.get("http://etcd/health").status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def healthz(address: str, port: int) -> bool:
    try:
        return httpx.get(f"http://{address}:{port}/healthz", timeout=_TIMEOUT_S, trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def dns_answers(network: Network, name: str = KUBERNETES_NAME) -> bool:
    """Whether the cluster's DNS resolves the name. That takes the Service's address, kube-proxy's rules, and CoreDNS with the API."""
    number = secrets.randbelow(1 << 16)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(0.5)
            client.connect((network.dns, 53))
            client.send(query(number, name))
            return has_answer(number, client.recv(512))
    except OSError:
        return False


def query(number: int, name: str) -> bytes:
    """An RFC 1035 question for the name's IPv4 addresses."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return _HEADER.pack(number, _RECURSION_DESIRED, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", 1, 1)


def has_answer(number: int, reply: bytes) -> bool:
    """Whether this is the reply to our question, without error and with at least one record."""
    if len(reply) < _HEADER.size:
        return False
    answered, flags, _, answers, _, _ = _HEADER.unpack_from(reply)
    return bool(answered == number and flags & _ANSWER_CODE == 0 and answers > 0)
