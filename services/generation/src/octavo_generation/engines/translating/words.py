"""Words of a sentence for a translator that knows a closed list of them: split, looked up, and put together again.

A word that the model does not know is not shown to it: a slot stands in its place (`<x0>`; `<f0>` and `<m0>` for first names of women
and men, so that what agrees with them agrees), and the word itself comes back where the model puts the slot. So an unknown word is
kept as it is and never invented. A number is such a word, and a placeholder, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ENGLISH = "eng_Latn"
NOUNS_WITH_CAPITALS = frozenset({"deu_Latn", "ltz_Latn"})
SLOT_COUNT = 8
SLOTS = tuple(f"<{kind}{number}>" for kind in "fmx" for number in range(SLOT_COUNT))
SLOT = re.compile(r"<[fmx][0-7]>")
_TOKEN = re.compile(r"[^\W_]+(?:[-'’./@:_+&=#%][^\W_]+)*|\S", re.UNICODE)
_LETTERS = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_PUNCTUATION = frozenset(".,!?;:¿¡“”…()—–-")
_OPENING = frozenset("¿¡“(")
_QUOTES = {'"': "“”", "«": "“", "»": "”", "„": "“", "“": "“", "”": "”"}
_IRREGULAR = {"won't": "will not", "can't": "can not", "cannot": "can not", "let's": "let us", "shan't": "shall not"}
_IS = frozenset({"it", "he", "she", "that", "what", "where", "who", "there", "how", "here", "this"})
_SHORT = {"'m": "am", "'re": "are", "'ll": "will", "'ve": "have"}


@dataclass(frozen=True, slots=True)
class Split:
    """`tokens` as the model reads them; `kept` what stands behind each slot; `quotes` the marks that the sentence uses.

    `capital`: it begins with one. `known` and `unknown` count its words."""

    tokens: tuple[str, ...]
    kept: Mapping[str, str]
    quotes: tuple[str, str]
    capital: bool
    known: int
    unknown: tuple[str, ...]


def split(sentence: str, words: frozenset[str], *, language: str, names: Mapping[str, str]) -> Split | None:
    """None where it has more unknown words than there are slots. `words` are the model's, in lower case but for nouns of languages that
    give them capitals; `names` says f or m for first names in lower case."""
    english, cased = language == ENGLISH, language in NOUNS_WITH_CAPITALS
    found = [(match[0], match.start() > 0 and not sentence[match.start() - 1].isspace()) for match in _TOKEN.finditer(sentence)]
    letters = [word for word, _ in found if _LETTERS.fullmatch(word)]
    heading = len(letters) > 1 and sum(word[0].isupper() for word in letters) > 0.6 * len(letters)
    quotes, opened = ("“", "”"), False
    tokens: list[str] = []
    pending: list[str] = []
    kept: dict[str, str] = {}
    unknown: list[str] = []
    known = 0
    first = True

    def close() -> bool:
        if not pending:
            return True
        if len(kept) == SLOT_COUNT:
            return False
        phrase = "".join(pending).strip()
        kind = names.get(phrase.split()[0].lower(), "x") if phrase[0].isupper() else "x"
        slot = f"<{kind}{len(kept)}>"
        kept[slot] = phrase
        tokens.append(slot)
        pending.clear()
        return True

    for text, glued in found:
        if text in _QUOTES:
            if not close():
                return None
            mark = _QUOTES[text]
            if mark == "“”":
                mark, quotes = ("”" if opened else "“"), ('"', '"')
            elif text in "«»":
                quotes = ("«", "»")
            opened = mark == "“"
            tokens.append(mark)
            continue
        if text in _PUNCTUATION and not (pending and glued and text == "-"):
            if not close():
                return None
            tokens.append(text)
            first = first or text in ".!?:“¿¡"
            continue
        if english:
            spelled = _spelled(text, words)
        else:
            spelled = [text if cased and text in words and not (first and text.lower() in words) else text.lower()]
        is_name = (
            not cased
            and not first
            and not heading
            and text[0].isupper()
            and not text.isupper()
            and text not in ("I", "I'm", "I'll", "I've")
        )
        if is_name or (first and text.lower() in names and text[0].isupper()) or not all(word in words for word in spelled):
            pending.append(text if glued else f" {text}")
            if _LETTERS.search(text):
                unknown.append(text)
        else:
            if not close():
                return None
            tokens += spelled
            known += 1
        first = False
    if not close():
        return None
    start = next((char for char in sentence if char.isalnum()), "")
    return Split(tuple(tokens), kept, quotes, start.isupper(), known, tuple(unknown))


def _spelled(text: str, words: frozenset[str]) -> list[str]:
    """English with its short forms in full, and the possessive apart."""
    word = text.lower().replace("’", "'")
    if word in words:
        return [word]
    if word in _IRREGULAR:
        return _IRREGULAR[word].split()
    if word.endswith("n't"):
        return [word[:-3], "not"]
    stem, mark, ending = word.rpartition("'")
    if mark and f"'{ending}" in _SHORT:
        return [stem, _SHORT[f"'{ending}"]]
    if mark and ending == "s":
        return [stem, "is"] if stem in _IS else [stem, "'s"]
    return [word]


def joined(tokens: Sequence[str], kept: Mapping[str, str], quotes: tuple[str, str], *, capital: bool, language: str) -> str:
    """The text of what the model wrote."""
    english = language == ENGLISH
    pieces: list[str] = []
    space, start = False, True
    marks = {"“": quotes[0], "”": quotes[1]}
    for token in tokens:
        is_word = token not in _PUNCTUATION
        text = kept.get(token, marks.get(token, token))
        if english and token == "i":  # noqa: S105 - a word
            text = "I"
        if is_word and start:
            text = text[0].upper() + text[1:] if capital and token not in kept else text
            start = False
        closing = token in (*".,!?;:…)”", "'s")
        pieces.append(text if closing or not space else f" {text}")
        space = token not in _OPENING
        if token == "”":  # noqa: S105 - a word
            start = False
        elif token in (*".!?“",):
            start, capital = True, True
    text = "".join(pieces)
    return re.sub(r"\bcan not\b", "cannot", text) if english else text
