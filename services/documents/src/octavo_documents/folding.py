"""Text as it is searched and sorted: without case, accents and punctuation, so that `niña` finds `Nina` and the other way round."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """Letters and digits of any script, words parted by one space. Idempotent. NFKD without combining marks, then case-folded."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).casefold()
    return " ".join("".join(c if c.isalnum() else " " for c in plain).split())
