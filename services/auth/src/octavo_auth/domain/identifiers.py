"""How people are named: an e-mail address, a phone number, or the name of an account, each in one written form."""

from __future__ import annotations

import re
import unicodedata

from octavo_core.errors import Fault, InvalidInput

MAX_EMAIL_CHARS = 254
MAX_NAME_CHARS = 64
MAX_IDENTIFIER_CHARS = 254
_EMAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_PHONE_PUNCTUATION = str.maketrans("", "", " -().")
_LOOKS_LIKE_A_PHONE = re.compile(r"\+?[0-9 ().-]+")


def email(text: str) -> str:
    """Lower case: no mail provider of today tells two cases apart, and people do not either. Raises `InvalidInput`."""
    found = text.strip().lower()
    if len(found) > MAX_EMAIL_CHARS or not _EMAIL.fullmatch(found):
        raise _fault("email", "is not an e-mail address", "name@example.org")
    return found


def phone(text: str) -> str:
    """E.164. Raises `InvalidInput`."""
    found = text.strip().translate(_PHONE_PUNCTUATION)
    if not _PHONE.fullmatch(found):
        raise _fault("phone", "is not a phone number with its country", "+34600111222")
    return found


def display_name(text: str) -> str:
    """As it is shown: NFKC, single spaces, nothing that cannot be printed, and never to be taken for an address or a number.
    Raises `InvalidInput`."""
    found = " ".join(unicodedata.normalize("NFKC", text).split())
    if not 1 <= len(found) <= MAX_NAME_CHARS or not found.isprintable():
        raise _fault("name", "is empty, too long or holds what cannot be printed", f"1 to {MAX_NAME_CHARS} printable characters")
    if "@" in found or _LOOKS_LIKE_A_PHONE.fullmatch(found):
        raise _fault("name", "looks like an e-mail address or a phone number", "a name")
    return found


def name_key(name: str) -> str:
    """What two names have in common that people would confuse by case."""
    # Casefolding may lengthen; the key is cut where the column ends.
    return unicodedata.normalize("NFKC", name.casefold())[: 2 * MAX_NAME_CHARS]


def classify(identifier: str) -> tuple[str, str] | None:
    """What somebody typed to name themselves: `("email" | "phone" | "name", key)`, or None for what can be no account's."""
    try:
        if "@" in identifier:
            return "email", email(identifier)
        if identifier.strip().startswith("+"):
            return "phone", phone(identifier)
        return "name", name_key(display_name(identifier))
    except InvalidInput:
        return None


def _fault(path: str, message: str, allowed: str) -> InvalidInput:
    return InvalidInput(f"{path}: {message}", faults=(Fault(path, message, allowed),))
