"""Chance fills what the prompt left open, the same way for the same seed."""

from __future__ import annotations

import random

import pytest

from octavo_generation.engines.stories.casting import cast
from octavo_generation.engines.stories.conditioning import (
    AUDIENCES,
    LANGUAGES,
    SLOTS,
    THEMES_WITH_THING,
    Audience,
    Language,
    special_tokens,
)
from octavo_generation.engines.stories.prompt import read_prompt
from octavo_generation.engines.stories.words import words

PROMPTS = [
    "Luna found a lost kite",
    "A brave fox",
    "zzz",
    "Once upon a time",
    "How are you?",
    "una historia sobre la paz",
    "🦊",
    "",
    "Un gato",
    "a castle",
]


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("audience", AUDIENCES)
def test_every_slot_is_filled_and_every_control_token_is_known(prompt: str, audience: Audience) -> None:
    for seed in range(20):
        made = cast(read_prompt(prompt), audience, random.Random(seed))

        assert set(made.slots) == set(SLOTS)
        assert all(made.slots.values())
        assert set(made.conditions.tokens()) <= set(special_tokens())
        assert made.conditions.told == bool(made.opening)
        if made.conditions.told and made.conditions.theme in THEMES_WITH_THING:
            assert made.conditions.thing_known


def test_the_same_seed_casts_the_same() -> None:
    reading = read_prompt("A brave fox")
    assert cast(reading, "young", random.Random(3)) == cast(reading, "young", random.Random(3))
    assert len({cast(reading, "young", random.Random(seed)).slots["<friend>"] for seed in range(30)}) > 5


def test_words_to_be_said_are_said() -> None:
    english = cast(read_prompt("How do I cook rice?"), "children", random.Random(0)).opening
    spanish = cast(read_prompt("¿Cómo se hace el pan?"), "children", random.Random(0)).opening
    assert english.startswith("“How do I cook rice?” asked ")
    assert spanish.startswith("«¿Cómo se hace el pan?», preguntó ")


@pytest.mark.parametrize("language", LANGUAGES)
def test_word_lists_are_complete(language: Language) -> None:
    lists = words(language)
    for audience in AUDIENCES:
        assert len(lists["places"][audience]) >= 10
        for _, _, form in (*lists["things"][audience], *lists["fears"][audience]):
            assert form in ("f", "m", "fp", "mp")
        for gender in ("f", "m"):
            assert len(lists["friends"][audience][gender]) >= 8
            assert lists["person"][audience][gender]
