"""Secrets of webhooks at rest: AES-256-GCM with a key of the installation, each bound to its webhook."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from octavo_core.errors import Misconfigured
from octavo_notifications.keeping import kept_text

KEY_FILE = "webhook.key"
_SECRET_BYTES = 32
_NONCE_BYTES = 12
_CONTEXT = b"octavo webhook secret 1\n"


def new_secret() -> str:
    """As Standard Webhooks writes them: `whsec_` and base64 of 24 to 64 bytes."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


@dataclass(frozen=True, slots=True)
class SecretBox:
    """All processes of an installation have the same key; with another one, webhooks need new secrets."""

    key: bytes = field(repr=False)

    @classmethod
    def of(cls, text: str) -> SecretBox:
        return cls(hashlib.sha256(_CONTEXT + text.encode()).digest())

    def seal(self, webhook_id: str, secret: str) -> str:
        nonce = os.urandom(_NONCE_BYTES)
        return base64.b64encode(nonce + AESGCM(self.key).encrypt(nonce, secret.encode(), _CONTEXT + webhook_id.encode())).decode()

    def open(self, webhook_id: str, sealed: str) -> str:
        """Raises `Misconfigured` for what was sealed with another key, or for another webhook."""
        raw = base64.b64decode(sealed)
        try:
            return AESGCM(self.key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _CONTEXT + webhook_id.encode()).decode()
        except InvalidTag:
            raise Misconfigured("the secret of a webhook was sealed with another OCTAVO_WEBHOOK_KEY; rotate the secret") from None


def read_box(given: str | None, home: Path) -> SecretBox:
    """`given`, or the key in `home`, made when it is not there. Raises `Misconfigured`."""
    return SecretBox.of(kept_text(given, home / KEY_FILE, setting="OCTAVO_WEBHOOK_KEY"))
