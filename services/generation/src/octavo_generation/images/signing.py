"""Links that open one picture for a while without a token: HMAC-SHA256 over generator, id and expiry, with a key of the installation."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from octavo_core.clock import Clock
from octavo_core.errors import Forbidden, InvalidInput, Misconfigured

MAX_SECONDS = 7 * 86_400
MIN_KEY_CHARS = 32
KEY_FILE = "signing.key"
_EXPIRES = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class SignedQuery:
    """`query` goes behind the path of the picture's download; `expires_at` is in ms since the epoch."""

    query: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class LinkSigner:
    """All processes of an installation have the same key; with another key all links end."""

    clock: Clock
    key: bytes = field(repr=False)

    def sign(self, generator: str, image: str, seconds: int) -> SignedQuery:
        """Raises `InvalidInput` for more than seven days."""
        if not 1 <= seconds <= MAX_SECONDS:
            raise InvalidInput(f"a link is good for 1 to {MAX_SECONDS} seconds")
        expires = self.clock.now_ms() // 1000 + seconds
        return SignedQuery(urlencode({"expires": expires, "signature": self._signature(generator, image, expires)}), expires * 1000)

    def check(self, generator: str, image: str, expires: str, signature: str) -> None:
        """Raises `Forbidden` for a link that is not ours, was changed, or is over."""
        if _EXPIRES.fullmatch(expires) is None:
            raise Forbidden("the link is not one that was given out here")
        wanted = self._signature(generator, image, int(expires))
        if not hmac.compare_digest(wanted.encode(), signature.encode("utf-8", "replace")):
            raise Forbidden("the link is not one that was given out here")
        now = self.clock.now_ms() // 1000
        # The upper bound holds even for a link that was signed elsewhere with our key.
        if not now < int(expires) <= now + MAX_SECONDS:
            raise Forbidden("the link is over; ask for a new one")

    def _signature(self, generator: str, image: str, expires: int) -> str:
        digest = hmac.digest(self.key, f"octavo image link 1\n{generator}\n{image}\n{expires}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def read_signing_key(given: str | None, home: Path) -> bytes:
    """`given` is OCTAVO_SIGNING_KEY. Without it the key is in `home`, made by the first process that needs one; any number may start at
    once. Raises `Misconfigured` for a key that is too short or a file that cannot be used."""
    if given is not None:
        if len(given.strip()) < MIN_KEY_CHARS:
            raise Misconfigured(f"OCTAVO_SIGNING_KEY needs at least {MIN_KEY_CHARS} characters (openssl rand -base64 32)")
        return given.strip().encode()
    file = home / KEY_FILE
    try:
        if not file.exists():
            _make(file)
        key = file.read_bytes()
    except OSError as error:
        raise Misconfigured(f"{KEY_FILE} in OCTAVO_HOME cannot be used ({type(error).__name__}); or give OCTAVO_SIGNING_KEY") from None
    if len(key) < MIN_KEY_CHARS:
        raise Misconfigured(f"{KEY_FILE} in OCTAVO_HOME is too short to be a key; remove it, and a new one is made")
    return key


def _make(file: Path) -> None:
    """Whole from the moment that it has its name, and never a second one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(secrets.token_urlsafe(32).encode())
            opened.flush()
            os.fsync(opened.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(new, file)
    finally:
        new.unlink()
