"""A push service (RFC 8030) and the browsers behind it: it checks who sends (RFC 8292), and decrypts with the browser's own private key
what comes (RFC 8291), by the text of the standards and not by the library that encrypts."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.servers.json_http import Answer, Asked, json_server


@dataclass
class Device:
    """A browser that subscribed. `answers`: statuses of the next pushes to it, 201 when it is empty."""

    endpoint: str
    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = field(default_factory=lambda: os.urandom(16))
    answers: list[int] = field(default_factory=list)
    asked: int = 0
    messages: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    claims: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    """Of who sent."""

    @property
    def subscription(self) -> dict[str, Any]:
        """As a page sends it."""
        return {"endpoint": self.endpoint, "keys": {"p256dh": base64url(point_of(self.private)), "auth": base64url(self.auth)}}


class PushService:
    def __init__(self) -> None:
        self.base = ""
        self.devices: dict[str, Device] = {}
        self._lock = threading.Lock()

    @property
    def port(self) -> int:
        return urlsplit(self.base).port or 0

    @property
    def reach(self) -> dict[str, str]:
        """Settings with which notifications may come here."""
        return {"webhook_ports": str(self.port), "webhook_allow": "127.0.0.1/32"}

    def device(self) -> Device:
        path = f"/push/{os.urandom(16).hex()}"
        made = self.devices[path] = Device(f"{self.base}{path}")
        return made

    def handle(self, asked: Asked) -> Answer:
        device = self.devices.get(asked.path)
        if device is None or asked.method != "POST":
            return Answer(404)
        with self._lock:
            device.asked += 1
            if device.answers and (status := device.answers.pop(0)) != 201:
                return Answer(status, headers={"retry-after": "1"} if status == 429 else {})
            try:
                claims, key = verified(asked.headers["authorization"], self.base)
                if asked.headers["content-encoding"] != "aes128gcm" or not 0 <= int(asked.headers["ttl"]) <= 86_400:
                    return Answer(400)
                message = json.loads(decrypted(asked.body, device.private, device.auth))
            except jwt.InvalidTokenError:
                return Answer(403)
            device.claims.append(claims)
            device.keys.append(key)
            device.headers.append(asked.headers)
            device.messages.append(message)
        return Answer(201)


@contextlib.contextmanager
def push_service() -> Iterator[PushService]:
    service = PushService()
    with json_server(service.handle) as service.base:
        yield service


def verified(authorization: str, audience: str) -> tuple[dict[str, Any], str]:
    """RFC 8292, sections 2 and 3. Raises `jwt.InvalidTokenError`."""
    scheme, _, rest = authorization.partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    if scheme.lower() != "vapid" or set(parts) != {"t", "k"}:
        raise jwt.InvalidTokenError
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), plain(parts["k"]))
    options: Any = {"require": ["exp", "aud", "sub"]}
    claims: dict[str, Any] = jwt.decode(parts["t"], key, algorithms=["ES256"], audience=audience, options=options)
    return claims, parts["k"]


def decrypted(body: bytes, private: ec.EllipticCurvePrivateKey, auth: bytes) -> bytes:
    """RFC 8291, sections 3.3 and 3.4, of one record (RFC 8188, section 2)."""
    salt, length = body[:16], body[20]
    sender, sealed = body[21 : 21 + length], body[21 + length :]
    assert int.from_bytes(body[16:20]) >= len(sealed)
    shared = private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
    material = _derived(shared, auth, b"WebPush: info\0" + point_of(private) + sender, 32)
    key, nonce = _derived(material, salt, b"Content-Encoding: aes128gcm\0", 16), _derived(material, salt, b"Content-Encoding: nonce\0", 12)
    opened = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\0")
    assert opened[-1:] == b"\2", "the last record ends with 2"
    return opened[:-1]


def point_of(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def plain(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)
