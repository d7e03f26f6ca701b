"""Our keys, and their rotation.

Signing keys are Ed25519 (RFC 8037). A new one is published as soon as it is made and signs `SIGNS_AFTER_MS` later, so that whoever keeps
our JWKS has had time to fetch it; the older ones stay published until every token that they signed has expired, and a while longer.
Data keys are AES-256, numbered, and kept for ever: what was encrypted with an old one can still be read.

Secret halves stand in the database under the master key. Any number of processes may share them; each looks again every `FRESH_S`
seconds, and when a token names a key that it does not know. A database that is away costs nothing but new keys.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from dataclasses import dataclass
from typing import Any

import jwt
import orjson
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from octavo_auth.domain.model import StoredKey
from octavo_auth.domain.ports import Keys
from octavo_auth.domain.sealing import NotSealedHere, derive, encode, seal, unseal
from octavo_core.clock import Clock
from octavo_core.errors import Misconfigured, Unavailable
from octavo_core.identity.revocation import MEMBER, subject_digest
from octavo_core.ids import generate_uuid

log = structlog.get_logger(__name__)

SIGNS_AFTER_MS = 60_000
OVERLAP_MS = 3_600_000
"""How long a signing key is still published after the next one signs: six times an access token's life."""
FRESH_S = 30.0
REVOKED_FRESH_S = 5.0
"""How late this process hears that an account was suspended or deleted by another."""
ASK_AGAIN_S = 1.0
LOOK_AGAIN_S = 2.0
"""How long keys that are known wait for newer ones from a database that does not answer."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    id: str
    private: Ed25519PrivateKey
    jwk: dict[str, str]
    public: jwt.PyJWK
    stored: StoredKey


@dataclass(frozen=True, slots=True)
class _Loaded:
    signing: tuple[SigningKey, ...]
    data: dict[int, bytes]
    revoked: frozenset[str]


class KeyRing:
    """Also a `octavo_core.identity.KeySource`, for whoever checks tokens in the same process."""

    def __init__(self, store: Keys, master: bytes, clock: Clock) -> None:
        self._store = store
        self._wrapping = derive(master, "key encryption")
        self._clock = clock
        self._loaded: _Loaded | None = None
        self._loaded_at = 0.0
        self._lock = asyncio.Lock()
        self.code_key = derive(master, "codes")
        """What codes are digested with: six digits alone would be guessed from their digest in a moment."""

    async def start(self) -> None:
        """Makes the first keys where there are none. Raises `Misconfigured` when the master key is another one."""
        now = self._clock.now_ms()
        await self._store.add("signing", lambda version: self._new_signing(version, now, now), unless_newer_than=-1, retire_older_at=None)
        await self._store.add("data", lambda version: self._new_data(version, now), unless_newer_than=-1, retire_older_at=None)
        await self._load()

    async def rotate_signing(self, *, unless_newer_than: int | None = None, at_once: bool = False) -> StoredKey:
        """A new key that signs from in a minute. `at_once`: it signs now, and what the old ones signed is refused from now on (where a
        key was stolen)."""
        now = self._clock.now_ms()
        active = now if at_once else now + SIGNS_AFTER_MS
        made = await self._store.add(
            "signing",
            lambda version: self._new_signing(version, now, active),
            unless_newer_than=unless_newer_than,
            retire_older_at=now if at_once else active + OVERLAP_MS,
        )
        await self._load()
        return made

    async def rotate_data(self) -> StoredKey:
        """A new key that encrypts from now on."""
        now = self._clock.now_ms()
        made = await self._store.add("data", lambda version: self._new_data(version, now), unless_newer_than=None, retire_older_at=None)
        await self._load()
        return made

    async def find(self, key_id: str) -> jwt.PyJWK | None:
        found = self._published(await self._fresh()).get(key_id)
        if found is None:
            found = self._published(await self._fresh(ASK_AGAIN_S)).get(key_id)
        return None if found is None else found.public

    async def jwks(self) -> dict[str, Any]:
        """RFC 7517: what is published now, newest first, and whose tokens count no more."""
        loaded = await self._fresh(REVOKED_FRESH_S)
        published = sorted(self._published(loaded).values(), key=lambda key: -key.stored.version)
        return {"keys": [key.jwk for key in published], MEMBER: sorted(loaded.revoked)}

    async def is_revoked(self, subject: str) -> bool:
        return subject_digest(subject) in (await self._fresh(REVOKED_FRESH_S)).revoked

    async def signing_key(self) -> SigningKey:
        now = self._clock.now_ms()
        signing = [key for key in self._published(await self._fresh()).values() if key.stored.active_at <= now]
        if not signing:
            raise Unavailable("there is no signing key yet")
        return max(signing, key=lambda key: key.stored.version)

    async def data_key(self, version: int | None = None) -> tuple[int, bytes] | None:
        """The newest, or the one of that number; None when there is no such number."""
        data = (await self._fresh()).data
        if version is not None and version not in data:
            data = (await self._fresh(ASK_AGAIN_S)).data
        wanted = max(data, default=0) if version is None else version
        return (wanted, data[wanted]) if wanted in data else None

    async def _fresh(self, age_s: float = FRESH_S) -> _Loaded:
        loaded = self._loaded
        if loaded is not None and time.monotonic() - self._loaded_at <= age_s:
            return loaded
        if loaded is not None and self._lock.locked():
            return loaded
        if loaded is None:
            return await self._load()
        try:
            async with asyncio.timeout(LOOK_AGAIN_S):
                return await self._load()
        except (Unavailable, TimeoutError):
            self._loaded_at = time.monotonic()
            log.warning("keys could not be read again; going on with those that are known")
            return loaded

    async def _load(self) -> _Loaded:
        async with self._lock:
            rows, revoked = await self._store.all(), await self._store.revoked()
            loaded = _Loaded(
                signing=tuple(self._open_signing(row) for row in rows if row.purpose == "signing"),
                data={row.version: self._open(row) for row in rows if row.purpose == "data"},
                revoked=revoked,
            )
            self._loaded, self._loaded_at = loaded, time.monotonic()
            return loaded

    def _published(self, loaded: _Loaded) -> dict[str, SigningKey]:
        now = self._clock.now_ms()
        return {key.id: key for key in loaded.signing if key.stored.retired_at is None or key.stored.retired_at > now}

    def _open(self, row: StoredKey) -> bytes:
        try:
            return unseal(self._wrapping, row.sealed, row.id.encode())
        except NotSealedHere:
            raise Misconfigured(
                "OCTAVO_MASTER_KEY (or master.key in OCTAVO_HOME) is not the one that the keys in the database are encrypted with"
            ) from None

    def _open_signing(self, row: StoredKey) -> SigningKey:
        private = Ed25519PrivateKey.from_private_bytes(self._open(row))
        jwk = {**_public_jwk(private), "kid": row.id, "use": "sig", "alg": "EdDSA"}
        return SigningKey(row.id, private, jwk, jwt.PyJWK.from_dict(jwk), row)

    def _new_signing(self, version: int, now: int, active_at: int) -> StoredKey:
        private = Ed25519PrivateKey.generate()
        # The thumbprint of RFC 7638: the same key never has two ids.
        key_id = encode(hashlib.sha256(orjson.dumps(_public_jwk(private), option=orjson.OPT_SORT_KEYS)).digest())
        raw = private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        return StoredKey(key_id, "signing", version, seal(self._wrapping, raw, key_id.encode()), now, active_at)

    def _new_data(self, version: int, now: int) -> StoredKey:
        key_id = generate_uuid()
        return StoredKey(key_id, "data", version, seal(self._wrapping, os.urandom(32), key_id.encode()), now, now)


def _public_jwk(private: Ed25519PrivateKey) -> dict[str, str]:
    return {"kty": "OKP", "crv": "Ed25519", "x": encode(private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))}
