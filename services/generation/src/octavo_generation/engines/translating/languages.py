"""The languages that a translator may be asked for: NLLB-200's codes, and what else people write for them. Pure."""

from __future__ import annotations

import difflib
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from octavo_core.errors import Fault, InvalidInput

_NEAREST = 3


@dataclass(frozen=True, slots=True)
class Language:
    """`code` as NLLB writes it (`spa_Latn`); `short` is the two letters of ISO 639-1, where there are such."""

    code: str
    name: str
    short: str | None
    aliases: tuple[str, ...]


@cache
def languages() -> Mapping[str, Language]:
    """All of them, by code, in NLLB's order."""
    text = resources.files(__package__).joinpath("languages.txt").read_text(encoding="utf-8")
    rows = [[part.strip() for part in line.split("|")] for line in text.splitlines() if line and not line.startswith("#")]
    stems = Counter(row[0].partition("_")[0] for row in rows)
    found = {}
    for code, name, *rest in rows:
        aliases = rest[0].split() if rest else []
        stem = code.partition("_")[0]
        if stems[stem] == 1 and stem not in aliases:
            aliases.append(stem)
        short = next((alias for alias in aliases if len(alias) == 2), None)
        found[code] = Language(code, name, short, tuple(aliases))
    return found


@cache
def _by_word() -> Mapping[str, str]:
    words: dict[str, str] = {}
    for code, language in languages().items():
        for word in (code, code.replace("_", "-"), language.name, *language.aliases):
            words.setdefault(_plain(word), code)
    return words


def find_language(asked: str) -> Language | None:
    """By NLLB's code, an ISO code, or the English name; a region behind an ISO code (`pt-BR`) is taken and does not count."""
    words, plain = _by_word(), _plain(asked)
    code = words.get(plain) or words.get(plain.replace("_", "-"))
    if code is None and "-" in plain.replace("_", "-"):
        stem, _, rest = plain.replace("_", "-").partition("-")
        code = words.get(stem) if len(stem) in (2, 3) and len(rest) in (2, 3) else None
    return None if code is None else languages()[code]


def nearest(asked: str, among: Sequence[str] | None = None) -> list[Language]:
    """What may have been meant, the likeliest first; `among` are the codes that may be offered."""
    offered = {word: code for word, code in _by_word().items() if among is None or code in among}
    words = difflib.get_close_matches(_plain(asked), list(offered), n=12, cutoff=0.5)
    codes = list(dict.fromkeys(offered[word] for word in words))[:_NEAREST]
    return [languages()[code] for code in codes]


def require_language(field: str, asked: str, served: Sequence[str]) -> Language:
    """Raises `InvalidInput` for a language that nobody knows, with the nearest ones, and for one that this generator does not serve."""
    found = find_language(asked)
    if found is None:
        near = ", ".join(f"{one.short or one.code} ({one.name})" for one in nearest(asked, served) or nearest(asked))
        message = f"{asked[:40]!r} is no language that is known here" + (f"; did you mean {near}?" if near else "")
        raise InvalidInput(f"{field}: {message}", faults=(Fault(field, message, f"{near or _few(served)}; all: GET api/v1/languages"),))
    if found.code not in served:
        message = f"this generator does not translate {'into' if field == 'target_language' else 'from'} {found.name}"
        raise InvalidInput(f"{field}: {message}", faults=(Fault(field, message, f"{_few(served)}; all: GET api/v1/languages"),))
    return found


def _few(served: Sequence[str]) -> str:
    names = [f"{languages()[code].short or code} ({languages()[code].name})" for code in served[:8] if code in languages()]
    return ", ".join(names) + (", …" if len(served) > 8 else "")


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text.strip().lower())
    return "".join(char for char in decomposed if not unicodedata.combining(char))
