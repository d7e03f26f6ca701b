"""A translator of word pieces, as NLLB-200 and M2M-100 are: any text, in all the languages that its tokenizer has a token for.

What must come through unchanged is written for the model as a code word (`QX1`), which such models copy as a rule; where one does not come
back exactly once, the sentence is translated again in the pieces between, and put together around them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from octavo_core.errors import EngineError
from octavo_generation.engines.translating.languages import languages
from octavo_generation.engines.translating.marks import KEPT, has_words
from octavo_generation.engines.translating.model import END, SequenceModel
from octavo_generation.engines.translating.port import Sentence, Translated
from octavo_generation.engines.translating.sentences import halves

_CODE = re.compile(r"QX(\d+)")
_LONGEST = 400
"""Pieces of a sentence; beyond it translations lose their end."""


class PieceTranslator:
    """Implements `octavo_generation.engines.translating.port.Translator`."""

    def __init__(self, folder: Path, *, quantization: str = "auto") -> None:
        self._folder = folder
        self._model = SequenceModel(folder, quantization=quantization)
        self.languages: tuple[str, ...] = ()

    def load(self, on_stage: Callable[[str], None]) -> None:
        self._model.load(on_stage)
        assert self._model.tokenizer is not None, "load has set it"
        self.languages = tuple(code for code in languages() if self._model.tokenizer.token_to_id(code) is not None)
        if not self.languages:
            self.unload()
            raise EngineError(f"the tokenizer of the model in {self._folder} has no language of NLLB-200: it is no such translator")
        on_stage("warming up")
        self._model.run([[self.languages[0], END]], [self.languages[0]], best=1, longest=2)

    def unload(self) -> None:
        self._model.unload()

    def translate(self, sentences: Sequence[Sentence]) -> list[Translated]:
        done: dict[int, Translated] = {}
        ready: list[tuple[int, Sentence, list[str]]] = []
        for index, sentence in enumerate(sentences):
            pieces = self._pieces(_CODE.sub(r"QX \1", sentence.text) if KEPT.search(sentence.text) else sentence.text)
            if len(pieces) > _LONGEST and (cut := halves(sentence.text)) is not None:
                done[index] = self._joined([Sentence(half, sentence.source, sentence.target) for half in cut])
            else:
                ready.append((index, sentence, pieces))
        rows = [[sentence.source, *pieces, END] for _, sentence, pieces in ready]
        # A model that begins to repeat itself would do so to the end.
        longest = 3 * max(map(len, rows), default=0) + 20
        results = self._model.run(rows, [one.target for _, one, _ in ready], best=1, longest=longest) if rows else []
        for (index, sentence, pieces), (hypothesis, *_) in zip(ready, results, strict=True):
            text = _uncoded(self._text(hypothesis.tokens), sentence.text)
            if text is None:
                done[index] = self._around(sentence)
            else:
                done[index] = Translated(text, (), (len(pieces), len(hypothesis.tokens)))
        return [done[index] for index in range(len(sentences))]

    def _pieces(self, text: str) -> list[str]:
        assert self._model.tokenizer is not None, "load comes first"
        numbers = {char: number for number, char in enumerate(dict.fromkeys(KEPT.findall(text)))}
        coded = KEPT.sub(lambda match: f" QX{numbers[match[0]]} ", text)
        return list(self._model.tokenizer.encode(" ".join(coded.split()), add_special_tokens=False).tokens)

    def _text(self, tokens: Sequence[str]) -> str:
        tokenizer = self._model.tokenizer
        assert tokenizer is not None, "load comes first"
        ids = [number for token in tokens if (number := tokenizer.token_to_id(token)) is not None]
        return str(tokenizer.decode(ids, skip_special_tokens=True)).strip()

    def _around(self, sentence: Sentence) -> Translated:
        """Each piece between what is kept, for itself."""
        parts = re.split(f"({KEPT.pattern})", sentence.text)
        wordy = [part for part in parts if not KEPT.fullmatch(part) and has_words(part)]
        translated = iter(self.translate([Sentence(part.strip(), sentence.source, sentence.target) for part in wordy]))
        text, tokens = "", [0, 0]
        for part in parts:
            if KEPT.fullmatch(part) or not has_words(part):
                text += part
                continue
            one = next(translated)
            text += part[: len(part) - len(part.lstrip())] + one.text + part[len(part.rstrip()) :]
            tokens = [tokens[0] + one.tokens[0], tokens[1] + one.tokens[1]]
        return Translated(text, (), (tokens[0], tokens[1]))

    def _joined(self, sentences: Sequence[Sentence]) -> Translated:
        parts = self.translate(sentences)
        return Translated(
            " ".join(part.text for part in parts), (), (sum(part.tokens[0] for part in parts), sum(part.tokens[1] for part in parts))
        )


def _uncoded(text: str, original: str) -> str | None:
    """The translation with what was kept in place of its code words; None where one is missing or there twice."""
    kept = list(dict.fromkeys(KEPT.findall(original)))
    if not kept:
        return text
    counts = {char: original.count(char) for char in kept}
    found = [int(number) for number in _CODE.findall(text)]
    if any(number >= len(kept) for number in found) or any(found.count(n) != counts[char] for n, char in enumerate(kept)):
        return None
    return _CODE.sub(lambda match: kept[int(match[1])], text)
