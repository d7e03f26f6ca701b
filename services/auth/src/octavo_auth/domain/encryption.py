"""Encryption for others: AES-256-GCM under numbered keys, bound to a context that the caller names.

    v1.3.<nonce, ciphertext and tag in base64url>     format 1, key 3

`realm` keeps what auth encrypts for itself apart from what it encrypts for services: neither can be opened as the other.
"""

from __future__ import annotations

import re
from typing import Literal

from octavo_auth.domain.keyring import KeyRing
from octavo_auth.domain.sealing import NotSealedHere, seal, unseal
from octavo_core.errors import InvalidInput, Unavailable

Realm = Literal["api", "auth"]

MAX_PLAIN_CHARS = 262_144
MAX_CONTEXT_CHARS = 256
_SEALED = re.compile(r"v1\.([1-9][0-9]{0,8})\.([A-Za-z0-9_-]+)")


class Encryption:
    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    async def encrypt(self, plain: bytes, context: str, *, realm: Realm) -> tuple[str, int]:
        """The ciphertext, and the number of the key."""
        newest = await self._keys.data_key()
        if newest is None:
            raise Unavailable("there is no data key yet")
        version, key = newest
        return f"v1.{version}.{seal(key, plain, _bound(version, context, realm))}", version

    async def decrypt(self, ciphertext: str, context: str, *, realm: Realm) -> tuple[bytes, int]:
        """The plain bytes, and the number of the key. Raises `InvalidInput`, which does not say what of it was wrong."""
        match = _SEALED.fullmatch(ciphertext)
        if match is not None:
            version = int(match[1])
            found = await self._keys.data_key(version)
            if found is not None:
                try:
                    return unseal(found[1], match[2], _bound(version, context, realm)), version
                except NotSealedHere:
                    pass
        raise InvalidInput("the ciphertext was not made here for this context")


def _bound(version: int, context: str, realm: Realm) -> bytes:
    return f"octavo:{realm}:v1:{version}\n{context}".encode()
