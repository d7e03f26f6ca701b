"""The grammar that says a sentence in three languages at once: forms, agreement, slots, and that it repeats itself by its seed."""

from __future__ import annotations

import random
import re

import pytest

from octavo.training.parallel.conjugation import imperative
from octavo.training.parallel.lexicon import english_plural, lexicon, portuguese_plural, spanish_plural
from octavo.training.parallel.sentences import finish, write_pair
from octavo.training.translator_evaluation import by_hand, of_grammar
from octavo_generation.engines.translating.words import SLOT

_PAIRS = [write_pair(random.Random(seed)) for seed in range(3000)]


def test_the_same_seed_writes_the_same_sentences() -> None:
    assert [write_pair(random.Random(seed)) for seed in range(50)] == _PAIRS[:50]
    assert len({pair.read for pair in _PAIRS}) > 2700


def test_slots_stand_in_both_and_are_numbered_as_they_are_read() -> None:
    for pair in _PAIRS:
        slots = SLOT.findall(pair.read)
        assert sorted(slots) == sorted(SLOT.findall(pair.written)), pair
        assert [int(slot[2]) for slot in dict.fromkeys(slots)] == list(range(len(set(slots)))), pair


def test_words_and_punctuation_stand_apart_in_lower_case() -> None:
    for pair in _PAIRS:
        for text in (pair.read, pair.written):
            assert text == " ".join(text.split())
            assert text == text.lower()
            assert not re.search(r"[\w>][.,!?”“¿¡]|[“¿¡]\w", text), text
            assert "None" not in text


def test_what_is_written_is_always_said_the_same_way() -> None:
    """Synonyms are read and never written."""
    written = {word for pair in _PAIRS if pair.target == 0 for word in pair.written.split()}
    assert not written & {"woods", "small", "large", "smart", "grandma", "store"}
    read = {word for pair in _PAIRS if pair.source == 0 for word in pair.read.split()}
    assert len(read & {"woods", "small", "large", "smart", "grandma", "store"}) >= 5


@pytest.mark.parametrize(("word", "many"), [("fox", "foxes"), ("berry", "berries"), ("day", "days"), ("bench", "benches")])
def test_english_plurals(word: str, many: str) -> None:
    assert english_plural(word) == many


@pytest.mark.parametrize(
    ("word", "many"), [("ratón", "ratones"), ("voz", "voces"), ("árbol", "árboles"), ("rey", "reyes"), ("mamá", "mamás")]
)
def test_spanish_plurals(word: str, many: str) -> None:
    assert spanish_plural(word) == many


@pytest.mark.parametrize(("word", "many"), [("jardim", "jardins"), ("animal", "animais"), ("flor", "flores"), ("luz", "luzes")])
def test_portuguese_plurals(word: str, many: str) -> None:
    assert portuguese_plural(word) == many


def _verb(spanish: str) -> object:
    every = (verb for verbs in lexicon().verbs.values() for verb in verbs)
    return next(verb.spanish[0] for verb in every if verb.spanish[0].infinitive == spanish)


@pytest.mark.parametrize(
    ("infinitive", "tense", "forms"),
    [
        ("buscar", "pret", "busqué buscaste buscó buscamos buscaron"),
        ("abrazar", "pret", "abracé abrazaste abrazó abrazamos abrazaron"),
        ("dormir", "pres", "duermo duermes duerme dormimos duermen"),
        ("ir", "impf", "iba ibas iba íbamos iban"),
        ("vivir", "impf", "vivía vivías vivía vivíamos vivían"),
    ],
)
def test_spanish_verbs(infinitive: str, tense: str, forms: str) -> None:
    verb = _verb(infinitive)
    assert " ".join(verb.tenses[tense].values()) == forms  # type: ignore[attr-defined]


def test_commands() -> None:
    told = {name: (imperative(_verb(name), 1), imperative(_verb(name), 1, negated=True)) for name in ("abrir", "buscar", "ir", "hacer")}  # type: ignore[arg-type]
    assert told == {
        "abrir": ("abre", "no abras"),
        "buscar": ("busca", "no busques"),
        "ir": ("ve", "no vayas"),
        "hacer": ("haz", "no hagas"),
    }


@pytest.mark.parametrize(
    ("text", "language", "finished"),
    [
        ("cerca de el río", 1, "cerca del río"),
        ("a el zorro y ellos", 1, "al zorro y ellos"),
        ("perro y iglesia", 1, "perro e iglesia"),
        ("em a casa de o rei", 2, "na casa do rei"),
        ("a as meninas por o rio", 2, "às meninas pelo rio"),
        ("a old owl", 0, "an old owl"),
        ("a union", 0, "a union"),
    ],
)
def test_words_that_join(text: str, language: int, finished: str) -> None:
    assert finish(text, language) == finished


def test_what_is_measured_by_is_not_what_is_learned_from() -> None:
    learned = {pair.read for pair in _PAIRS}
    measured = [sentence.text for sentence, _ in of_grammar(200)]
    assert len(set(measured)) > 180
    assert not learned & set(measured)
    assert len(by_hand()) == 40
