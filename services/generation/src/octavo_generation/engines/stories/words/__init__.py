"""Word lists that fill what a prompt leaves open: names, places, things, fears, by language and audience."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import TypedDict

from octavo_generation.engines.stories.conditioning import Audience, FriendGender, Language

Names = dict[FriendGender, list[str]]


class Words(TypedDict):
    """`places` are [adverbial, noun]; `things` and `fears` are [first mention, later mention, form]."""

    names: Names
    friends: dict[Audience, Names]
    heroes: dict[Audience, Names]
    person: dict[Audience, dict[str, str]]
    places: dict[Audience, list[tuple[str, str]]]
    things: dict[Audience, list[tuple[str, str, str]]]
    fears: dict[Audience, list[tuple[str, str, str]]]


@cache
def words(language: Language) -> Words:
    loaded: Words = json.loads(resources.files(__package__).joinpath(f"{language}.json").read_text(encoding="utf-8"))
    return loaded


@cache
def gender_of_names(language: Language) -> dict[str, FriendGender]:
    """Known first names in lower case."""
    names = words(language)["names"]
    return {name.lower(): gender for gender in names for name in names[gender]}


@cache
def reading_words(language: Language) -> dict[str, frozenset[str]]:
    """The closed lists that a prompt reader looks words up in: determiners, verbs, nouns that are no place, and so on."""
    loaded = json.loads(resources.files(__package__).joinpath(f"reading_{language}.json").read_text(encoding="utf-8"))
    return {name: frozenset(listed.split() if isinstance(listed, str) else listed) for name, listed in loaded.items()}
