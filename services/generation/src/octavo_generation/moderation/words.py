"""Blocked words, found as whole words however they are dressed up: in other cases, accents, look-alike letters, digits for letters,
b.a.d, b a d, baaad.

How: the folded text is walked once, from the beginning of each word down a trie of the blocked words. The trie knows letters coarsely
(i, l and 1 are one, repetitions are one, what stands between letters is skipped), so that a walk has no choices to try and time is
linear in the text. What the walk finds is then compared exactly, where the rules about false alarms are:

- The word stands alone: before and behind it is no letter or digit. Scripts that write without spaces are excepted.
- Letters that languages double (o in good) count as repeated from three on, the others (a, i, u, …) from two on.
- Between letters may be marks (b.a-d); blanks only where every letter stands alone (b a d), and then no further single letter may stand
  before or behind: S C U N T H O R P E is not looked into.
- A number is a number: 455, A55 and 100s are not read as letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from itertools import groupby

from octavo_generation.moderation.folding import fold

LANGUAGES = ("en", "es")
OWN_RULE = "blocked-words"

_COARSE = str.maketrans("4@301l5$7ñ", "aaeoiisstn")
_READINGS: Mapping[str, str] = {"a": "a4@", "e": "e3", "i": "i1", "l": "l1", "o": "o0", "s": "s5$", "t": "t7"}
"""What may stand for a letter; every other character stands for itself."""
_SELDOM_DOUBLED = frozenset("ahijkquvwxyñ")
_MARKS = frozenset("._-*·•~+|#=^‐‑‒–—…")
"""What may stand between the letters of a word; an apostrophe may not (he'll)."""
_MOST_BETWEEN = 3
_LONE = frozenset("aioyeu")
"""Words of one letter."""
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_STARTS = re.compile(rf"(?<![\w@$])(?<![\w]['’])[\w@$]|(?<=_)[^\W_]|(?<![\w@$][@$])(?<=[@$])[^\W_]|[{_UNSPACED}]")
_NUMBER = re.compile(r"[a-z$@]{0,2}\d{2,}|\d{2,}[a-z]{0,2}|\d+")
_ENDS = re.compile(r"(?![^\W_]|[@$][\w@$])")
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")


@dataclass(frozen=True, slots=True)
class Found:
    """Which rule, and where in the folded text; never the word itself, which has no place in a log."""

    rule: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Word:
    rule: str
    letters: tuple[tuple[str, int, bool], ...]
    """(letter, how often in a row, whether a new word of the phrase begins here)"""
    length: int


@dataclass(slots=True)
class _Node:
    children: dict[str, _Node] = field(default_factory=dict)
    words: list[_Word] = field(default_factory=list)


class BlockedWords:
    """Immutable once made; any number of threads may search at once."""

    def __init__(self, rules: Iterable[tuple[str, str]]) -> None:
        """`rules` are (rule, word or phrase)."""
        self._root = _Node()
        for rule, phrase in rules:
            self._add(rule, fold(phrase))

    @classmethod
    def shipped(cls, own: Sequence[str] = (), *, languages: Sequence[str] = LANGUAGES) -> BlockedWords:
        """Octavo's lists of the languages and the words of a resource."""
        rules = [entry for language in languages for entry in read_list(language)]
        return cls([*rules, *((OWN_RULE, word) for word in own)])

    def find(self, text: str) -> Found | None:
        """The first one, or None. A second per megabyte, roughly."""
        folded = fold(text)
        coarse = folded.translate(_COARSE)
        for start in _STARTS.finditer(folded):
            if coarse[start.start()] in self._root.children and (found := self._walk(folded, coarse, start.start())):
                return found
        return None

    def _add(self, rule: str, phrase: str) -> None:
        parts = ["".join(c for c in part if c.isalnum() or c in "@$") for part in phrase.split()]
        letters = tuple(
            (letter, len(list(run)), first and index > 0)
            for index, part in enumerate(part for part in parts if part)
            for first, (letter, run) in zip([True] + [False] * len(part), groupby(part), strict=False)
        )
        if not letters:
            return
        node = self._root
        for letter, _ in groupby("".join(letter for letter, *_ in letters).translate(_COARSE)):
            node = node.children.setdefault(letter, _Node())
        node.words.append(_Word(rule, letters, sum(count for _, count, _ in letters)))

    def _walk(self, folded: str, coarse: str, start: int) -> Found | None:
        node, last, between, at = self._root, "", 0, start
        while at < len(folded):
            letter = coarse[at]
            if letter.isalnum() or letter in "@$":
                if letter != last:
                    following = node.children.get(letter)
                    if following is None:
                        return None
                    node, last = following, letter
                between = 0
                if node.words and _ends(folded, at):
                    for word in node.words:
                        if _is(word, folded, start, at + 1):
                            return Found(word.rule, start, at + 1)
            elif letter in "'’" or between == _MOST_BETWEEN:
                return None
            else:
                between += 1
            at += 1
        return None


def read_list(language: str) -> list[tuple[str, str]]:
    """(rule, word or phrase) of a shipped list."""
    rule, entries = "", list[tuple[str, str]]()
    for line in (files("octavo_generation.moderation") / "lists" / f"{language}.txt").read_text("utf-8").splitlines():
        line = line.partition("#")[0].strip()
        if line.startswith("["):
            rule = line.strip("[]")
        elif line:
            entries.append((rule, line))
    return entries


def _ends(folded: str, at: int) -> bool:
    if _ENDS.match(folded, at + 1):
        return True
    return bool(_IS_UNSPACED.match(folded, at) or _IS_UNSPACED.match(folded, at + 1))


def _is(word: _Word, folded: str, start: int, end: int) -> bool:
    """Whether this stretch, whose letters are the word's by a coarse look, is the word."""
    letters, gaps = list[str](), list[str]()
    gap = ""
    for character in folded[start:end]:
        if character.isalnum() or character in "@$":
            gaps.append(gap)
            letters.append(character)
            gap = ""
        else:
            gap += character
    tokens = _tokens(letters, gaps)
    # Repeated letters may be one of those that stand alone (b aaa d); a pair may not: `a ss` is two words.
    spelled = len(tokens) > 2 and all(len(token) == 1 or token == token[0] * 3 for token in tokens)
    if len(letters) > 3 * word.length or any(_NUMBER.fullmatch(token) for token in (["".join(letters)] if spelled else tokens)):
        return False
    if spelled and not _stands_alone(folded, start, end):
        return False
    return _fits(word, letters, gaps, spelled)


def _tokens(letters: Sequence[str], gaps: Sequence[str]) -> list[str]:
    return "".join(f" {letter}" if gap else letter for letter, gap in zip(letters, gaps, strict=True)).split()


def _fits(word: _Word, letters: Sequence[str], gaps: Sequence[str], spelled: bool) -> bool:
    """All ways to deal the letters out to those of the word, at once: `reached` are the places where the next may begin."""
    reached = {0}
    for letter, count, begins in word.letters:
        readings = _READINGS.get(letter, letter)
        following = set[int]()
        for place in reached:
            if place >= len(letters) or (begins and not gaps[place]) or not (begins or place == 0 or _within(gaps[place], spelled)):
                continue
            taken = 0
            while place + taken < len(letters) and letters[place + taken] in readings:
                if taken and not _within(gaps[place + taken], spelled):
                    break
                taken += 1
                if taken == count or (taken > count and (taken >= 3 or letter in _SELDOM_DOUBLED)):
                    following.add(place + taken)
        reached = following
    return len(letters) in reached


def _within(gap: str, spelled: bool) -> bool:
    return spelled or all(character in _MARKS for character in gap)


def _stands_alone(folded: str, start: int, end: int) -> bool:
    """That no more letters are spelled out before and behind, but for one that is a word of its own (I a m)."""
    before = re.search(r"(?:(?<![^\W_])([^\W_])[\W_]{1,3})?(?:(?<![^\W_])([^\W_])[\W_]{1,3})$", folded[max(0, start - 9) : start])
    behind = re.match(r"(?:[\W_]{1,3}([^\W_])(?![^\W_]))(?:[\W_]{1,3}([^\W_])(?![^\W_]))?", folded[end : end + 9])
    return all(found is None or (found[far] is None and found[near] in _LONE) for found, far, near in ((before, 1, 2), (behind, 2, 1)))
