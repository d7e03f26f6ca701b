"""AES-256-GCM (NIST SP 800-38D) around secrets of ours: a random nonce of 96 bits before the ciphertext, the context as associated data,
so that what was sealed for one purpose cannot be opened for another."""

from __future__ import annotations

import base64
import binascii
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12
_TAG_BYTES = 16


class NotSealedHere(Exception):
    """Another key, another context, or a changed ciphertext: which of them cannot be told."""


def seal(key: bytes, plain: bytes, context: bytes) -> str:
    nonce = os.urandom(_NONCE_BYTES)
    return encode(nonce + AESGCM(key).encrypt(nonce, plain, context))


def unseal(key: bytes, sealed: str, context: bytes) -> bytes:
    """Raises `NotSealedHere`."""
    try:
        raw = decode(sealed)
        if len(raw) < _NONCE_BYTES + _TAG_BYTES:
            raise NotSealedHere
        return AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], context)
    except (InvalidTag, binascii.Error, ValueError):
        raise NotSealedHere from None


def derive(key: bytes, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose (HKDF, RFC 5869)."""
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=f"octavo {purpose}".encode()).derive(key)


def encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
