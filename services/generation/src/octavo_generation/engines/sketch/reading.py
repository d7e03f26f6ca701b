"""The reader: from a prompt in English or Spanish to what it names. Pure; by word lists and a few rules, and it guesses nothing.

A colour before a noun belongs to it (`a red kite`), a Spanish one after it does (`una cometa roja`); a colour that stands beside
no noun is the picture's (`patterns in blue and gold`). `without`, `no` and `sin` take the next thing away.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Literal, cast

from octavo_generation.engines.sketch.scene import Hour, Mention, Reading

_LONGEST = 4
_HOLDERS = frozenset({"things", "places", "areas", "weathers", "hours"})


@dataclass(frozen=True, slots=True)
class Word:
    section: str
    meaning: str
    language: str
    plural: bool = False


@cache
def vocabulary() -> dict[str, tuple[Word, ...]]:
    """Every folded word or phrase of both languages, with all that it may mean; English first."""
    found: dict[str, list[Word]] = {}
    for language in ("en", "es"):
        for section, entries in _listed(language).items():
            if section == "plurals":
                continue
            pairs = [(entry, "") for entry in entries] if isinstance(entries, list) else [(w, m) for m, ws in entries.items() for w in ws]
            for word, meaning in pairs:
                found.setdefault(fold(word), []).append(Word(section, meaning, language))
    return {word: tuple(senses) for word, senses in found.items()}


@cache
def plurals() -> frozenset[str]:
    """Words that stand in the lists as they are and mean several."""
    return frozenset(fold(word) for language in ("en", "es") for word in _listed(language)["plurals"])


@cache
def _listed(language: str) -> dict[str, dict[str, list[str]] | list[str]]:
    text = files("octavo_generation.engines.sketch.words").joinpath(f"{language}.json").read_text(encoding="utf-8")
    loaded: dict[str, dict[str, list[str]] | list[str]] = json.loads(text)
    return loaded


def fold(text: str) -> str:
    """Lower case, no accents, one space between words."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(letter for letter in plain if not unicodedata.combining(letter)).split())


def read_prompt(prompt: str) -> Reading:
    tokens = re.findall(r"[a-z0-9]+(?:-[a-z]+)?", fold(prompt.replace("'s ", " ")))
    spanish = _is_spanish(tokens)
    heard = _Heard()
    index = 0
    while index < len(tokens):
        for length in range(min(_LONGEST, len(tokens) - index), 0, -1):
            word = _look_up(" ".join(tokens[index : index + length]), spanish, after_noun=heard.noun_just_said)
            if word is not None:
                heard.take(word, " ".join(tokens[index : index + length]))
                index += length
                break
        else:
            heard.unknown(tokens[index])
            index += 1
    return heard.reading()


def _is_spanish(tokens: list[str]) -> bool:
    marks = {"el", "la", "los", "las", "un", "una", "de", "del", "en", "con", "y", "sobre", "bajo", "al", "que", "sin", "unos", "unas"}
    english = {"the", "a", "an", "of", "in", "on", "with", "and", "over", "under", "at", "by", "is"}
    return sum(token in marks for token in tokens) > sum(token in english for token in tokens)


def _look_up(phrase: str, spanish: bool, *, after_noun: bool) -> Word | None:
    for form, plural in _forms(phrase):
        senses = vocabulary().get(form)
        if not senses:
            continue
        senses = tuple(s for s in senses if len(phrase) > 3 or s.language == ("es" if spanish else "en")) or ()
        if not senses:
            continue
        mine = [sense for sense in senses if (sense.language == "es") == spanish] or list(senses)
        if plural:
            mine.sort(key=lambda sense: sense.section != "things")
        colour = next((sense for sense in mine if sense.section == "colours"), None)
        chosen = colour if colour and (after_noun or not spanish) else mine[0]
        return Word(chosen.section, chosen.meaning, chosen.language, plural)
    return None


def _forms(phrase: str) -> list[tuple[str, bool]]:
    """The phrase as it stands, then its likely singulars and, for Spanish adjectives, its masculine."""
    forms = [(phrase, False)]
    if phrase.endswith("ies") and len(phrase) > 4:
        forms.append((phrase[:-3] + "y", True))
    if phrase.endswith("ces") and len(phrase) > 4:
        forms.append((phrase[:-3] + "z", True))
    if phrase.endswith("s") and len(phrase) > 3:
        forms.append((phrase[:-1], True))
        if phrase.endswith("es"):
            forms.append((phrase[:-2], True))
    for form, plural in tuple(forms):
        if form.endswith("a") and len(form) > 3:
            forms.append((form[:-1] + "o", plural))
    return forms


@dataclass(slots=True)
class _Heard:
    """What has been read so far, and what still waits for its noun."""

    things: list[Mention] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    hour: Hour | None = None
    weathers: set[str] = field(default_factory=set)
    pattern: str | None = None
    plain: bool = False
    colours: list[str] = field(default_factory=list)
    tints: dict[str, str] = field(default_factory=dict)
    manners: set[str] = field(default_factory=set)
    waiting: list[str] = field(default_factory=list)
    count: int | None = None
    size: Literal["small", "big"] | None = None
    refused: bool = False
    gap: int = 0
    last: str | None = None
    noun_just_said: bool = False

    def take(self, word: Word, said: str) -> None:
        match word.section:
            case "colours":
                self._colour(word)
                return
            case "numbers":
                self.count = int(word.meaning)
            case "sizes":
                self.size = cast(Literal["small", "big"], word.meaning)
            case "without":
                self.refused = True
            case "joins":
                return
            case _ if self.refused:
                self.refused = False
                self._settle()
            case "things":
                count = self.count if self.count is not None else (None if word.plural or said in plurals() else 1)
                self.things.append(Mention(word.meaning, said, self._mine(), count, self.size))
                self.last = word.meaning
                self._settle()
            case "plain":
                self.plain = True
                self.colours += self.waiting
                self._settle()
            case "patterns":
                self.pattern = word.meaning if self.pattern in (None, "geometric") else self.pattern
            case "manners":
                self.manners.add(word.meaning)
            case _:
                self._area(word, said)
        self.noun_just_said = word.section in _HOLDERS

    def unknown(self, token: str) -> None:
        self.noun_just_said = False
        self.gap += 1
        if token.isdigit():
            self.count = min(7, max(1, int(token[:3])))
        elif self.gap > 2 or token in {"in", "on", "with", "over", "under", "at", "en", "con", "sobre", "bajo", "by"}:
            self.colours += self.waiting
            self._settle()

    def reading(self) -> Reading:
        self.colours += self.waiting
        return Reading(
            tuple(self.things),
            tuple(dict.fromkeys(self.places)),
            self.hour,
            frozenset(self.weathers),
            self.pattern,
            self.plain,
            tuple(dict.fromkeys(self.colours)),
            dict(self.tints),
            frozenset(self.manners),
        )

    def _colour(self, word: Word) -> None:
        self.gap = 0
        if word.language == "es" and self.noun_just_said and self.last is not None:
            if self.things and self.things[-1].kind == self.last and self.things[-1].colour is None:
                self.things[-1] = Mention(self.last, self.things[-1].word, word.meaning, self.things[-1].count, self.things[-1].size)
                return
            if self.last not in self.tints:
                self.tints[self.last] = word.meaning
                return
        self.waiting.append(word.meaning)
        self.noun_just_said = False

    def _area(self, word: Word, said: str) -> None:
        colour = self._mine()
        if word.section == "places":
            self.places.append(word.meaning)
            if said in {"waves", "olas"}:
                self.manners.add("stormy")
        elif word.section == "hours":
            self.hour = self.hour if self.hour not in (None, "day") else cast(Hour, word.meaning)
        elif word.section == "weathers":
            self.weathers.add(word.meaning)
        if word.section != "hours":
            self.last = word.meaning
            if colour is not None:
                self.tints[word.meaning] = colour
        elif colour is not None:
            self.colours.append(colour)
        self._settle()

    def _mine(self) -> str | None:
        """The colour nearest before the noun is the noun's; any before that are the picture's."""
        if not self.waiting:
            return None
        self.colours += self.waiting[:-1]
        return self.waiting[-1]

    def _settle(self) -> None:
        self.waiting, self.count, self.size, self.gap = [], None, None, 0
