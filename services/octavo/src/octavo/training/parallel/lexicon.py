"""The words of the parallel grammar, read from the YAML files beside this one. Every entry holds its forms in the three languages."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import yaml

from octavo.training.parallel.conjugation import EnglishVerb, RomanceVerb, english_verb, romance_verb

LANGUAGES = ("en", "es", "pt")
Three = tuple[str, str, str]
"""The same in English, Spanish and Portuguese."""
_NOTE = re.compile(r"\(([^)]*)\)")
_ACCENTS = str.maketrans("áéíóú", "aeiou")
_UNCHANGED = frozenset({"cerca", "lejos", "a salvo", "perto", "longe"})


@dataclass(frozen=True, slots=True)
class Noun:
    """Singular and plural. `gender`: f or m; of English: f, m or n. `takes_el`: a Spanish feminine with the article el."""

    singular: str
    plural: str
    gender: str
    takes_el: bool = False


@dataclass(frozen=True, slots=True)
class Adjective:
    """Forms by gender and number: fs, ms, fp, mp."""

    forms: Mapping[str, str]
    before: bool = False


@dataclass(frozen=True, slots=True)
class Verb:
    """`state`: its past is Spanish's and Portuguese's imperfect. `prepositions`: what its object needs."""

    english: tuple[EnglishVerb, ...]
    spanish: tuple[RomanceVerb, ...]
    portuguese: tuple[RomanceVerb, ...]
    state: bool
    prepositions: Three


@dataclass(frozen=True, slots=True)
class Entry:
    """Per language the ways to say it; the first is what is written, any may be read."""

    en: tuple[Any, ...]
    es: tuple[Any, ...]
    pt: tuple[Any, ...]

    def __getitem__(self, language: int) -> tuple[Any, ...]:
        return (self.en, self.es, self.pt)[language]


@dataclass(frozen=True, slots=True)
class Lexicon:
    nouns: Mapping[str, tuple[Entry, ...]]
    adjectives: Mapping[str, tuple[Entry, ...]]
    prepositions: Mapping[str, tuple[Entry, ...]]
    plain: Mapping[str, tuple[Entry, ...]]
    """Words that never change: `having`, `before`, `often`, `after`, `fixed`."""
    determiners: Mapping[str, tuple[str, Mapping[str, str], Mapping[str, str]]]
    """By their English: that, and the Spanish and Portuguese forms as of an adjective. The empty one is no article at all."""
    verbs: Mapping[str, tuple[Verb, ...]]
    particles: Mapping[str, RomanceVerb] = field(default_factory=dict)


@cache
def lexicon() -> Lexicon:
    nouns, words, verbs = (_load(name) for name in ("nouns", "words", "verbs"))
    irregular = verbs.pop("irregular")
    by_kind: dict[str, tuple[Verb, ...]] = {}
    for kind, listed in verbs.items():
        if isinstance(listed, dict):
            by_kind |= {f"{kind} {kind_of_object}": _verbs(rows, irregular) for kind_of_object, rows in listed.items()}
        else:
            by_kind[kind] = _verbs(listed, irregular)
    return Lexicon(
        nouns={kind: tuple(_entry(row, _noun_readers(row)) for row in rows) for kind, rows in nouns.items()},
        adjectives={
            kind: tuple(_entry(row, (_english_adjective, _spanish_adjective, _portuguese_adjective)) for row in rows)
            for kind, rows in words["adjectives"].items()
        },
        prepositions={kind: tuple(_entry(row) for row in rows) for kind, rows in words["prepositions"].items()},
        plain={kind: tuple(_entry(row) for row in words[kind]) for kind in ("having", "before", "often", "after", "fixed")},
        determiners={name: _determiner(row) for name, row in words["determiners"].items()} | {"": ("", _NO_ARTICLE, _NO_ARTICLE)},
        verbs=by_kind,
        particles={
            f"{language} {infinitive}": romance_verb(infinitive, irregular[language], language)
            for language in ("es", "pt")
            for infinitive in ("ser", "estar", "ir", "tener" if language == "es" else "ter", "gustar" if language == "es" else "gostar")
        },
    )


def _load(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(resources.files(__package__).joinpath(f"{name}.yaml").read_text(encoding="utf-8"))
    return loaded


def _columns(row: str) -> list[str]:
    columns = [column.strip() for column in row.split(" | ")]
    if len(columns) != 3:
        raise ValueError(f"an entry needs three languages: {row}")
    return columns


_FORMS = ("fs", "ms", "fp", "mp")
_NO_ARTICLE = dict.fromkeys(_FORMS, "")


def _determiner(row: str) -> tuple[str, Mapping[str, str], Mapping[str, str]]:
    english, *others = _columns(row)
    spanish, portuguese = (
        {form: word.replace("_", " ") for form, word in zip(_FORMS, column.split(), strict=True) if word != "-"} for column in others
    )
    return english, spanish, portuguese


def _entry(row: str, readers: tuple[Callable[[str], Any], ...] = (str, str, str)) -> Entry:
    return Entry(*(tuple(read(way) for way in column.split("~")) for read, column in zip(readers, _columns(row), strict=True)))


def _noun_readers(row: str) -> tuple[Callable[[str], Any], ...]:
    english, _, gender = _columns(row)[0].partition(":")
    del english
    return (lambda way: _english_noun(way.partition(":")[0], gender or "n"), _spanish_noun, _portuguese_noun)


def _english_noun(way: str, gender: str) -> Noun:
    note, word = _NOTE.search(way), _NOTE.sub("", way)
    return Noun(word, note[1] if note else english_plural(word), gender)


def english_plural(word: str) -> str:
    if re.search(r"(s|x|z|ch|sh)$", word):
        return f"{word}es"
    return f"{word[:-1]}ies" if re.search(r"[^aeiou]y$", word) else f"{word}s"


def _romance_noun(way: str, plural: Callable[[str], str]) -> Noun:
    note, word = _NOTE.search(way), _NOTE.sub("", way)
    notes = note[1].split(",") if note else []
    gender = next((one for one in notes if one in "fm"), "f" if word.endswith(("a", "ã")) else "m")
    given = next((one for one in notes if one not in ("f", "m", "el")), None)
    return Noun(word, given or plural(word), gender, "el" in notes)


def _spanish_noun(way: str) -> Noun:
    return _romance_noun(way, spanish_plural)


def _portuguese_noun(way: str) -> Noun:
    return _romance_noun(way, portuguese_plural)


def spanish_plural(word: str) -> str:
    if re.search(r"[aeiouáéó]$", word):
        return f"{word}s"
    if word.endswith("z"):
        return f"{word[:-1]}ces"
    if re.search(r"[áéíóú][ns]$", word):
        return word[:-2] + word[-2:].translate(_ACCENTS) + "es"
    return f"{word}es"


def portuguese_plural(word: str) -> str:
    if word.endswith("m"):
        return f"{word[:-1]}ns"
    if word.endswith(("r", "z", "s")):
        return f"{word}es"
    if word.endswith(("al", "ul")):
        return f"{word[:-1]}is"
    return f"{word}s"


def _english_adjective(way: str) -> Adjective:
    return Adjective(dict.fromkeys(("fs", "ms", "fp", "mp"), way))


def _spanish_adjective(way: str) -> Adjective:
    return _romance_adjective(way, spanish_plural)


def _portuguese_adjective(way: str) -> Adjective:
    return _romance_adjective(way, portuguese_plural)


_BOM = {"bom": ("boa", "bom", "boas", "bons"), "mau": ("má", "mau", "más", "maus")}


def _romance_adjective(way: str, plural: Callable[[str], str]) -> Adjective:
    before, note = way.endswith(" pre"), _NOTE.search(way)
    word = _NOTE.sub("", way.removesuffix(" pre"))
    if word in _UNCHANGED or word.startswith("de ") or word == "cinza":
        forms = (word, word, word if word != "cinza" else "cinzas", word if word != "cinza" else "cinzas")
    elif word in _BOM:
        forms = _BOM[word]
    else:
        feminine = f"{word[:-1]}a" if word.endswith("o") else word
        forms = (feminine, word, note[1] if note else plural(feminine), note[1] if note else plural(word))
    return Adjective(dict(zip(_FORMS, forms, strict=True)), before)


def _verbs(rows: list[str], irregular: Mapping[str, Any]) -> tuple[Verb, ...]:
    return tuple(_verb(row, irregular) for row in rows)


def _verb(row: str, irregular: Mapping[str, Any]) -> Verb:
    columns, state = _columns(row), "=impf" in row
    parts = [column.replace("=impf", "").strip().partition("+") for column in columns]
    english, spanish, portuguese = (part[0].strip().split("~") for part in parts)
    return Verb(
        english=tuple(english_verb(way) for way in english),
        spanish=tuple(romance_verb(way, irregular["es"], "es") for way in spanish),
        portuguese=tuple(romance_verb(way, irregular["pt"], "pt") for way in portuguese),
        state=state,
        prepositions=("", parts[1][2].strip(), parts[2][2].strip()),
    )
