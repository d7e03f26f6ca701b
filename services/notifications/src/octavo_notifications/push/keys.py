"""The installation's key pair for push services, which know us by it (VAPID, RFC 8292), and the keys of browsers."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from yarl import URL

from octavo_core.errors import Fault, InvalidInput
from octavo_notifications.keeping import kept_text

KEY_FILE = "push.key"
_CONTEXT = b"octavo web push 1\n"
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256 (SEC 2, section 2.4.2)."""
_TOKEN_S = 12 * 3_600
"""A day is the most that push services take."""
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")
_POINT_BYTES, _AUTH_BYTES = 65, 16


@dataclass(frozen=True, slots=True)
class VapidKey:
    """`public` is what browsers subscribe with: the uncompressed point, base64url. All processes of an installation have the same."""

    private: ec.EllipticCurvePrivateKey = field(repr=False)
    public: str

    @classmethod
    def of(cls, text: str) -> VapidKey:
        """The same text is the same key: a number of twice the order's bits, reduced (FIPS 186-5, A.2.1), since a Secret that a chart makes
        is a text."""
        number = int.from_bytes(hashlib.sha512(_CONTEXT + text.encode()).digest()) % (_ORDER - 1) + 1
        private = ec.derive_private_key(number, ec.SECP256R1())
        return cls(private, encoded(private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)))

    def authorization(self, endpoint: str, *, contact: str, now_ms: int) -> str:
        """The header for one push to the endpoint: who sends, signed for that push service alone."""
        claims = {"aud": str(URL(endpoint).origin()), "exp": now_ms // 1000 + _TOKEN_S, "sub": contact}
        return f"vapid t={jwt.encode(claims, self.private, algorithm='ES256')}, k={self.public}"


def read_vapid_key(given: str | None, home: Path) -> VapidKey:
    """Raises `Misconfigured`."""
    return VapidKey.of(kept_text(given, home / KEY_FILE, setting="OCTAVO_PUSH_KEY"))


def check_browser_keys(p256dh: str, auth: str) -> None:
    """A point of P-256 and 16 bytes, each base64url. Raises `InvalidInput`."""
    point, secret = decoded(p256dh), decoded(auth)
    try:
        if point is None or len(point) != _POINT_BYTES:
            raise ValueError
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise _fault("keys.p256dh", "is no point of P-256, uncompressed, in base64url") from None
    if secret is None or len(secret) != _AUTH_BYTES:
        raise _fault("keys.auth", "is not 16 bytes in base64url")


def encoded(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes | None:
    """Of base64url with or without padding; None for what is none."""
    bare = text.rstrip("=")
    if not _BASE64URL.fullmatch(bare):
        # The library would take the two characters of plain base64 too.
        return None
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None


def _fault(path: str, message: str) -> InvalidInput:
    return InvalidInput(f"{path}: {message}", faults=(Fault(path, message),))
