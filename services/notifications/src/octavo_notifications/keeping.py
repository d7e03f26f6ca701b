"""A secret text of the installation: given by a setting, or else made once and kept in OCTAVO_HOME."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from octavo_core.errors import Misconfigured
from octavo_notifications.settings import MIN_KEY_CHARS


def kept_text(given: str | None, path: Path, *, setting: str) -> str:
    """`given`, or what stands at `path`, made when it is not there. Any number of processes at once get the same. Raises `Misconfigured`,
    which names `setting`."""
    if given is not None:
        return given
    try:
        with contextlib.suppress(FileExistsError):
            path.parent.mkdir(parents=True, exist_ok=True)
            # Written whole under another name first: a process that starts beside this one never reads half a key.
            made = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
            if not path.exists():
                with os.fdopen(os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
                    file.write(secrets.token_urlsafe(48))
                try:
                    os.link(made, path)
                finally:
                    made.unlink()
        text = path.read_text().strip()
    except OSError as error:
        raise Misconfigured(f"no key in {path} ({error.strerror}); set {setting}") from None
    if len(text) < MIN_KEY_CHARS:
        raise Misconfigured(f"the key in {path} is too short; delete it, or set {setting}")
    return text
