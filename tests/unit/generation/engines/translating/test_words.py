"""Sentences as a model of words reads them, and as it writes them."""

from __future__ import annotations

import pytest

from octavo_generation.engines.translating.words import SLOT_COUNT, joined, split

_WORDS = frozenset(
    [
        "and",
        "the",
        "fox",
        "did",
        "not",
        "see",
        "is",
        "it",
        "where",
        "my",
        "hat",
        "i",
        "am",
        "a",
        "i'll",
        "will",
        "of",
        "'s",
        "can",
        ",",
        ".",
        "?",
        "!",
        "“",
        "”",
        "¿",
        "¡",
        "el",
        "zorro",
        "dónde",
        "está",
    ]
)
_NAMES = {"luna": "f", "tom": "m"}


def _split(text: str, *, language: str = "eng_Latn") -> tuple[list[str], dict[str, str]]:
    found = split(text, _WORDS, language=language, names=_NAMES)
    assert found is not None
    return list(found.tokens), dict(found.kept)


@pytest.mark.parametrize(
    ("text", "tokens", "kept"),
    [
        ("The fox didn't see it.", ["the", "fox", "did", "not", "see", "it", "."], {}),
        ("It's my hat, isn't it?", ["it", "is", "my", "hat", ",", "is", "not", "it", "?"], {}),
        ("The fox's hat", ["the", "fox", "'s", "hat"], {}),
        ("I can't see Luna and Tom.", ["i", "can", "not", "see", "<f0>", "and", "<m1>", "."], {"<f0>": "Luna", "<m1>": "Tom"}),
        ("Luna is a quokka 42", ["<f0>", "is", "a", "<x1>"], {"<f0>": "Luna", "<x1>": "quokka 42"}),
        ("I see the Fox is \ue801.", ["i", "see", "the", "<x0>", "is", "<x1>", "."], {"<x0>": "Fox", "<x1>": "\ue801"}),
    ],
)
def test_what_is_not_known_is_a_slot(text: str, tokens: list[str], kept: dict[str, str]) -> None:
    assert _split(text) == (tokens, kept)


def test_more_unknown_words_than_slots_are_too_many() -> None:
    text = " is ".join(f"zork{n}" for n in range(SLOT_COUNT + 1))
    assert split(text, _WORDS, language="eng_Latn", names={}) is None


def test_a_sentence_is_put_together_as_it_is_written() -> None:
    found = split('"Where is my hat?" Luna', _WORDS, language="eng_Latn", names=_NAMES)
    assert found is not None
    assert joined(
        ["“", "¿", "dónde", "está", "?", "”", ",", "el", "<f0>"], {"<f0>": "Luna"}, found.quotes, capital=True, language="spa_Latn"
    ) == ('"¿Dónde está?", el Luna')
    assert joined(["the", "fox", "'s", "hat", ",", "i", "can", "not", "."], {}, ("“", "”"), capital=True, language="eng_Latn") == (
        "The fox's hat, I cannot."
    )


def test_a_kept_word_is_never_changed() -> None:
    assert (
        joined(["<x0>", "is", "<x1>", "."], {"<x0>": "iPhone", "<x1>": "eBay"}, ("“", "”"), capital=True, language="eng_Latn")
        == "iPhone is eBay."
    )


def test_nouns_of_german_have_their_capitals() -> None:
    words = frozenset({"der", "Hund", "sieht", "den", "Mond"})
    found = split("Der Hund sieht den Mond von Kiel.", words | {"."}, language="deu_Latn", names={})
    assert found is not None
    assert found.tokens == ("der", "Hund", "sieht", "den", "Mond", "<x0>", ".")
    assert joined(found.tokens, found.kept, found.quotes, capital=True, language="deu_Latn") == "Der Hund sieht den Mond von Kiel."
