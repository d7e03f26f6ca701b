"""What a password must be (NIST SP 800-63B, section 5.1.1.2): long enough, not one that everybody tries, not the account's own name.
No rules about kinds of characters."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable
from importlib.resources import files

from octavo_core.errors import Fault, InvalidInput

MIN_CHARS = 8
MAX_CHARS = 128
MAX_SENT_CHARS = 256
"""Before normalisation, which may shorten."""


def normalised(password: str) -> str:
    """NFKC, so that one password typed on two keyboards is one password."""
    return unicodedata.normalize("NFKC", password)


def check_new(password: str, *, names: Iterable[str | None], path: str = "password") -> str:
    """The normalised password. `names`: of the account, none of which it may be. Raises `InvalidInput`, never with the password."""
    found = normalised(password)
    if len(found) < MIN_CHARS:
        raise _fault(path, f"is shorter than {MIN_CHARS} characters")
    if len(found) > MAX_CHARS:
        raise _fault(path, f"is longer than {MAX_CHARS} characters")
    folded = found.casefold()
    if len(set(folded)) < 3 or folded in _common():
        raise _fault(path, "is one of those that everybody tries")
    for name in names:
        if name and folded in {name.casefold(), name.partition("@")[0].casefold()}:
            raise _fault(path, "is the account's own name, address or number")
    return found


@functools.cache
def _common() -> frozenset[str]:
    text = (files("octavo_auth.domain") / "common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.split() if line)


def _fault(path: str, message: str) -> InvalidInput:
    allowed = f"{MIN_CHARS} to {MAX_CHARS} characters, not a common password and not the account's own name"
    return InvalidInput(f"{path}: {message}", faults=(Fault(path, message, allowed),))
