"""Where a sentence ends, in the scripts that a translator reads. Pure."""

from __future__ import annotations

import re

_END = re.compile(r"""(?<![.!?…])[.!?…]++["'”’»)\]]*+(?=\s++["'“‘«(\[¿¡—–-]*+[A-ZÀ-ÞΑ-ΩА-ЯЁ\d\ue000-\uf8ff])|[。！？।؟۔]++["'”’」』)]*+""")
_SPACE = re.compile(r"\s*")
_LONGEST_ABBREVIATION = 10
_ABBREVIATIONS = frozenset(
    {"mr", "mrs", "ms", "dr", "prof", "st", "sr", "sra", "srta", "dra", "dña", "ud", "uds", "no", "vs", "etc", "e.g", "i.e", "p.ej"}
    | {"vol", "fig", "inc", "ltd", "co", "jr", "approx", "av", "núm", "pág", "mme", "mlle", "bzw", "z.b"}
)


def split_sentences(text: str) -> list[str]:
    """The sentences with the white space between them as entries of their own: joined they are the text."""
    pieces: list[str] = []
    start = 0
    for match in _END.finditer(text):
        if _is_abbreviation(text, match):
            continue
        pieces.append(text[start : match.end()])
        start = match.end()
        space = _SPACE.match(text, start)
        if space and space[0]:
            pieces.append(space[0])
            start = space.end()
    if start < len(text):
        pieces.append(text[start:])
    return pieces


def _is_abbreviation(text: str, match: re.Match[str]) -> bool:
    if match[0] != ".":
        return False
    word = re.search(r"[\w.]+$", text[max(0, match.start() - _LONGEST_ABBREVIATION) : match.start()])
    if word is None:
        return False
    # An initial (J. R. Smith), or the number of a list (1. One).
    return word[0].lower() in _ABBREVIATIONS or (len(word[0]) == 1 and word[0] not in "IiaAyoeéà") or word[0].isdigit()


def halves(text: str) -> tuple[str, str] | None:
    """A text that is too long for a model, cut where it harms least: behind a mark near its middle, else between words; None for a
    single word."""
    middle = len(text) / 2
    for pattern in (r"[;:,—–][ \t]+", r"\s+"):
        cuts = [match.end() for match in re.finditer(pattern, text) if 0 < match.end() < len(text)]
        if cuts:
            cut = min(cuts, key=lambda at: abs(at - middle))
            return text[:cut], text[cut:]
    return None
