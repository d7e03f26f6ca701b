"""Which language a text is written in, among those that a translator reads."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from octavo_generation.engines.translating.languages import languages

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

_LOOKED_AT = 4000
"""Characters; more of a text does not make it surer."""
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


class Detector:
    """`words`: of a model that knows a closed list of them, by language. A text is then in the language most of whose words it has;
    py3langid's model of 140 languages decides where there is no such list, or where it leaves several equal. None where nothing can be
    told, as of a text without words. Deterministic."""

    def __init__(self, among: Sequence[str], words: Mapping[str, frozenset[str]] | None = None) -> None:
        self._among = tuple(among)
        self._words = words or {}

    def detect(self, text: str) -> str | None:
        found = [word.lower() for word in _WORD.findall(text[:_LOOKED_AT])]
        if not found:
            return None
        among: Sequence[str] = self._among
        if self._words:
            counts = {language: sum(word in self._words[language] for word in found) for language in among if language in self._words}
            most = max(counts.values(), default=0)
            among = [language for language, count in counts.items() if count == most]
            if len(among) == 1:
                return among[0]
        return _by_letters(text[:_LOOKED_AT], among)


def _by_letters(text: str, among: Sequence[str]) -> str | None:
    by_label = {alias: code for code in reversed(among) if (language := languages().get(code)) is not None for alias in language.aliases}
    for label, _ in _identifier().rank(text):
        if str(label) in by_label:
            return by_label[str(label)]
    return among[0] if among else None


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE)
