"""What a prompt reader hands on: plain data, each part None where the prompt does not say."""

from __future__ import annotations

from dataclasses import dataclass

from octavo_generation.engines.stories.conditioning import FriendGender, HeroGender, Language, Theme, ThingForm


@dataclass(frozen=True, slots=True)
class Hero:
    """`first` is the first mention (`a brave fox`), `later` every other (`the fox`); a name is the same in both."""

    first: str
    later: str
    named: bool
    gender: HeroGender


@dataclass(frozen=True, slots=True)
class Friend:
    later: str
    gender: FriendGender


@dataclass(frozen=True, slots=True)
class Place:
    """`adverbial` answers where (`by the river`), `noun` is the spot itself (`the river`)."""

    adverbial: str
    noun: str


@dataclass(frozen=True, slots=True)
class Thing:
    first: str
    later: str
    form: ThingForm


@dataclass(frozen=True, slots=True)
class Reading:
    """`opening`: the sentence that begins the story. `quote`: words to put into the hero's mouth instead. `topic`: what the
    story should be about where that is no one and nowhere. `companion`: somebody who shall come into it, and of whom its opening does not
    tell. `formula`: the prompt was a bare `Once upon a time`."""

    language: Language
    hero: Hero | None = None
    hero_gender: HeroGender | None = None
    friend: Friend | None = None
    place: Place | None = None
    thing: Thing | None = None
    theme: Theme | None = None
    opening: str | None = None
    quote: str | None = None
    topic: str | None = None
    formula: bool = False
    companion: Friend | None = None
