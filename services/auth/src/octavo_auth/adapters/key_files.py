"""Secrets that a laptop makes for itself, in OCTAVO_HOME, for its owner's eyes alone."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from octavo_auth.settings import MASTER_KEY_BYTES, MIN_CLIENT_SECRET_CHARS, AuthSettings
from octavo_core.errors import Misconfigured

MASTER_KEY = "master.key"
SERVICE_SECRET = "service.secret"  # noqa: S105 - the name of a file


def read_master_key(settings: AuthSettings) -> bytes:
    """OCTAVO_MASTER_KEY, else the file, which is made when it is not there. Raises `Misconfigured`."""
    if settings.master_key is not None:
        return base64.b64decode(settings.master_key.get_secret_value(), validate=True)
    path = settings.home / MASTER_KEY
    text = _read_or_make(path, lambda: base64.b64encode(os.urandom(MASTER_KEY_BYTES)).decode())
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != MASTER_KEY_BYTES:
        raise Misconfigured(f"{path} does not hold 32 bytes in base64; without the key that was there, nothing encrypted can be read")
    return key


def read_service_secret(settings: AuthSettings) -> str:
    """Of a laptop's services. Raises `Misconfigured`."""
    path = settings.home / SERVICE_SECRET
    text = _read_or_make(path, lambda: secrets.token_urlsafe(32))
    if len(text) < MIN_CLIENT_SECRET_CHARS:
        raise Misconfigured(f"{path} holds less than {MIN_CLIENT_SECRET_CHARS} characters; remove it, and another is made")
    return text


def _read_or_make(path: Path, make: Callable[[], str]) -> str:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            _write(path, make())
        if path.stat().st_mode & 0o077:
            raise Misconfigured(f"{path} can be read by others; run: chmod 600 {path}")
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{path} cannot be read or made ({type(error).__name__})") from None


def _write(path: Path, text: str) -> None:
    """Whole or not at all; of two processes that make it at once, both end up with the first one's."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            return
    finally:
        draft.unlink()
