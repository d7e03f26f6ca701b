"""A translator that knows a closed list of words (`builtin://tiny-translator`, and what `octavo train translator` makes).

It is honest about what it does not know: an unknown word stays as it is, in its place. A sentence with too many of them, one that the model
cannot put together again with each of them once, and one that it is too unsure of, is left as it was written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from octavo_core.errors import EngineError
from octavo_generation.engines.stories.words import gender_of_names
from octavo_generation.engines.translating.model import END, Hypothesis, SequenceModel
from octavo_generation.engines.translating.port import Sentence, Translated
from octavo_generation.engines.translating.sentences import halves
from octavo_generation.engines.translating.words import ENGLISH, SLOT, Split, joined, split

WORDS = "words.json"
_ENDS = frozenset(".!?:;,…”")
_LONGEST = 56
"""Words of a sentence: a little less than what the model was trained to read."""
_SURE = -0.3
"""Mean log probability of a word below which a translation is a guess."""
_STRANGE = 0.34
"""Share of unknown words, names not counted, from which on the rest of a sentence is not enough to make sense of it."""


def read_words(folder: Path) -> dict[str, frozenset[str]]:
    """The words of each language; raises EngineError for a file that cannot be used."""
    try:
        loaded = json.loads((folder / WORDS).read_text(encoding="utf-8"))
        return {str(language): frozenset(str(words).split()) for language, words in loaded.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise EngineError(f"{folder / WORDS} cannot be used: {error}") from error


def first_names(language: str, words: frozenset[str]) -> Mapping[str, str]:
    """First names by what they are, f or m: those of the language itself, though they be words as well (Luna, Rose), and any other that is
    no word of it (Ella, in English, is none in Spanish)."""
    every = {**gender_of_names("es"), **gender_of_names("en")}
    own = gender_of_names("en" if language == ENGLISH else "es")
    return {name: gender for name, gender in every.items() if name not in words} | own


def is_like(read: Sequence[str], written: Sequence[str]) -> bool:
    """Whether a translation can be one: it says something, has each slot once, the same quotes, and ends as the sentence does."""
    if not written or sorted(filter(SLOT.fullmatch, read)) != sorted(filter(SLOT.fullmatch, written)):
        return False
    if any(read.count(mark) != written.count(mark) for mark in "“”()"):
        return False
    return (read[-1] if read[-1] in _ENDS else None) == (written[-1] if written[-1] in _ENDS else None)


def _is_strange(found: Split) -> bool:
    strange = sum(word[0].islower() for word in found.unknown)
    return strange > 1 and strange > _STRANGE * (found.known + strange)


class WordTranslator:
    """Implements `octavo_generation.engines.translating.port.Translator`."""

    def __init__(self, folder: Path, *, quantization: str = "auto") -> None:
        self._folder = folder
        self._model = SequenceModel(folder, quantization=quantization)
        self._words: Mapping[str, frozenset[str]] = {}
        self._names: Mapping[str, Mapping[str, str]] = {}

    def load(self, on_stage: Callable[[str], None]) -> None:
        self._model.load(on_stage)
        self._words = read_words(self._folder)
        self._names = {language: first_names(language, words) for language, words in self._words.items()}
        on_stage("warming up")
        language = next(iter(self._words))
        self._model.run([[language, END]], [language], best=1, longest=2)

    def unload(self) -> None:
        self._model.unload()

    def translate(self, sentences: Sequence[Sentence]) -> list[Translated]:
        done: dict[int, Translated] = {}
        ready: list[tuple[int, Sentence, Split]] = []
        for index, sentence in enumerate(sentences):
            found = self._split(sentence)
            if found is not None and len(found.tokens) > _LONGEST and (cut := halves(sentence.text)) is not None:
                done[index] = self._in_halves(sentence, cut)
            elif found is None or not found.known or _is_strange(found):
                done[index] = Translated(sentence.text, () if found is None else found.unknown)
            else:
                ready.append((index, sentence, found))
        rows = [[sentence.source, *found.tokens, END] for _, sentence, found in ready]
        for (index, sentence, found), hypotheses in zip(
            ready, self._model.run(rows, [one.target for _, one, _ in ready], best=3, longest=_LONGEST * 2) if rows else (), strict=True
        ):
            done[index] = self._put_together(sentence, found, hypotheses)
        return [done[index] for index in range(len(sentences))]

    def _split(self, sentence: Sentence) -> Split | None:
        words = self._words.get(sentence.source, frozenset())
        return split(sentence.text, words, language=sentence.source, names=self._names.get(sentence.source, {}))

    def _in_halves(self, sentence: Sentence, cut: tuple[str, str]) -> Translated:
        first, second = self.translate([Sentence(half.strip(), sentence.source, sentence.target) for half in cut])
        tokens = (first.tokens[0] + second.tokens[0], first.tokens[1] + second.tokens[1])
        return Translated(f"{first.text} {second.text}", first.kept + second.kept, tokens)

    def _put_together(self, sentence: Sentence, found: Split, hypotheses: Sequence[Hypothesis]) -> Translated:
        for hypothesis in hypotheses:
            if hypothesis.score >= _SURE and is_like(found.tokens, hypothesis.tokens):
                text = joined(hypothesis.tokens, found.kept, found.quotes, capital=found.capital, language=sentence.target)
                return Translated(text, found.unknown, (len(found.tokens), len(hypothesis.tokens)))
        return Translated(sentence.text, found.unknown, (len(found.tokens), 0))
