"""What stands within a sentence and is no word of it: hidden from a model and put back.

Two kinds. A **mark** (`**`, `](address)`, a tag) cuts a sentence into pieces that are translated each for itself. A **kept** thing (code,
an address, a placeholder, a term of the glossary) has a place in the sentence. Each becomes one character of the private use area.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_FIRST_MARK, _FIRST_KEPT, _LAST = 0xE000, 0xE800, 0xF8FF
MARK = re.compile("([\ue000-\ue7ff]+)")
KEPT = re.compile("[\ue800-\uf8ff]")
_KEPT_THINGS = re.compile(
    r"(?P<code>(?<!`)(?P<ticks>`++).+?(?<!`)(?P=ticks)(?!`))"
    r"|(?P<address>(?<![a-z0-9+.-])[a-z][a-z0-9+.-]*+://[^\s<>()\[\]\"'”]*[^\s<>()\[\]\"'”.,;:!?]|\bwww\.[^\s<>()]+[^\s<>().,;:!?])"
    r"|(?P<mail>(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)++)"
    r"|(?P<placeholder>\$?\{\{?[^{}\n]{0,80}\}\}?|%\([\w.]+\)[#0 +-]*\d*(?:\.\d+)?[a-zA-Z]|%\d*\$?[sdif@]\b)"
    r"|(?P<variable>\$[A-Z_][A-Z0-9_]*\b|<\|[^|>]{1,40}\|>)"
    r"|(?P<entity>&(?:\w{2,12}|#\d{1,6});)"
    r"|(?P<option>(?<![\w-])--?[a-z][\w-]*(?:=\S+)?(?=[\s.,;:)]|$))"
    r"|(?P<path>(?<![\w/.-])(?:\.{0,2}/)?[\w.-]++(?:/[\w.*{}-]++)++/?)"
)
_MARKS = re.compile(
    r"\]\([^()\s]*+(?:\s++\"[^\"\n]{0,200}\")?\)|\[\^[^\[\]\s]{1,60}\]"
    r"|</?[A-Za-z][^<>]*>|\*{1,3}(?=\S)|(?<=\S)\*{1,3}|~~|(?<!\w)_{1,3}(?=\S)|(?<=\S)_{1,3}(?!\w)|\\$|\\n"
)


class Marks:
    """Of one text. `glossary`: terms as they are written, and what is said for them; whole words, whatever their case."""

    def __init__(self, glossary: Mapping[str, str]) -> None:
        self._held: dict[str, str] = {}
        self._marks, self._kept = _FIRST_MARK, _FIRST_KEPT
        self._glossary = {term.casefold(): said for term, said in glossary.items()}
        terms = sorted(map(re.escape, glossary), key=len, reverse=True)
        self._terms = re.compile(rf"(?<!\w)(?:{'|'.join(terms)})(?!\w)", re.IGNORECASE) if terms else None

    def take_out(self, text: str) -> str:
        """A text that holds characters of the private use area itself keeps them: they are hidden like anything else."""
        text = re.sub("[\ue000-\uf8ff]", lambda match: self._keep(match[0]), text)
        # Addresses of links belong to their mark, and must not be taken for addresses that stand alone.
        hidden = _MARKS.sub(lambda match: self._mark(match[0]) if match[0].startswith("](") else match[0], text)
        hidden = _KEPT_THINGS.sub(lambda match: self._keep(match[0]), hidden)
        if self._terms is not None:
            hidden = self._terms.sub(lambda match: self._keep(self._glossary[match[0].casefold()]), hidden)
        return _MARKS.sub(lambda match: self._mark(match[0]), _open_links(hidden, self._mark))

    def put_back(self, text: str) -> str:
        return "".join(self._held.get(char, char) for char in text)

    def _mark(self, text: str) -> str:
        if self._marks == _FIRST_KEPT:
            return text
        self._marks += 1
        self._held[chr(self._marks - 1)] = text
        return chr(self._marks - 1)

    def _keep(self, text: str) -> str:
        if self._kept > _LAST:
            return text
        self._kept += 1
        self._held[chr(self._kept - 1)] = text
        return chr(self._kept - 1)


def _open_links(text: str, mark: object) -> str:
    """The opening bracket of a link whose closing part is a mark by now."""
    return re.sub("!?\\[(?=[^\\[\\]\n]*[\ue000-\ue7ff])", lambda match: mark(match[0]), text)  # type: ignore[operator]


def has_words(text: str) -> bool:
    """Whether anything in it could be translated."""
    return any(char.isalpha() and not KEPT.match(char) for char in text)
