"""Turns a reading into everything that the model and the slots need: chance fills what the prompt left open. Pure."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from octavo_generation.engines.stories.conditioning import THEMES, THEMES_WITH_THING, Audience, Conditions, FriendGender, Theme
from octavo_generation.engines.stories.reading import Friend, Hero, Place, Reading, Thing
from octavo_generation.engines.stories.words import words


@dataclass(frozen=True, slots=True)
class Cast:
    """`opening` begins the story, without a space after it; empty where the model writes the opening. `slots`: token → text."""

    conditions: Conditions
    opening: str
    slots: Mapping[str, str]


def cast(reading: Reading, audience: Audience, rng: random.Random) -> Cast:
    """The same reading, audience and state of `rng` give the same cast."""
    language = reading.language
    lists = words(language)
    hero = reading.hero or _hero(reading, audience, rng)
    place = reading.place or Place(*rng.choice(lists["places"][audience]))
    friend = reading.friend or reading.companion or _friend(reading, audience, hero, rng)
    opening = reading.opening or _composed(reading, audience, hero, place)
    told = bool(opening)
    drawn: Theme = "open" if told else rng.choice(THEMES)
    theme = reading.theme or drawn
    thing = reading.thing
    known = told and thing is not None
    if thing is None or (not told and theme not in THEMES_WITH_THING):
        pool = lists["fears" if theme == "fear" else "things"][audience]
        first, later, form = rng.choice(pool)
        thing = Thing(first, later, form)  # type: ignore[arg-type]  # the lists hold forms only; a test reads them all
    if told and theme in THEMES_WITH_THING and not known:
        theme = "open"
    conditions = Conditions(
        language=language,
        audience=audience,
        theme=theme,
        told=told,
        hero_named=hero.named,
        hero_gender=hero.gender,
        friend_gender=friend.gender,
        friend_known=told and reading.friend is not None,
        thing_known=known,
        thing_form=thing.form,
    )
    slots = {
        "<hero0>": hero.first,
        "<hero>": hero.later,
        "<friend>": friend.later,
        "<place>": place.adverbial,
        "<spot>": place.noun,
        "<thing0>": thing.first,
        "<thing>": thing.later,
    }
    return Cast(conditions, opening, slots)


def _hero(reading: Reading, audience: Audience, rng: random.Random) -> Hero:
    gender: FriendGender = rng.choice(("f", "m")) if reading.hero_gender in (None, "n") else reading.hero_gender  # type: ignore[assignment]
    name = rng.choice(words(reading.language)["heroes"][audience][gender])
    return Hero(name, name, True, gender)


def _friend(reading: Reading, audience: Audience, hero: Hero, rng: random.Random) -> Friend:
    gender: FriendGender = rng.choice(("f", "m"))
    names = [name for name in words(reading.language)["friends"][audience][gender] if name.lower() not in hero.later.lower()]
    return Friend(rng.choice(names), gender)


def _composed(reading: Reading, audience: Audience, hero: Hero, place: Place) -> str:
    """An opening for a prompt that is no sentence of a story: words to be said, a topic, a bare formula; else empty."""
    spanish = reading.language == "es"
    if reading.quote:
        asks = reading.quote.endswith(("?", "？"))
        if spanish:
            mark = "" if reading.quote[-1] in ".!?…" else ","
            return f"«{reading.quote.rstrip('.')}»{mark or ','} {'preguntó' if asks else 'dijo'} {hero.later} {place.adverbial}."
        said = reading.quote.rstrip(".")
        return f"“{said}{'' if said[-1:] in '?!…？！。' else ','}” {'asked' if asks else 'said'} {hero.later}, {place.adverbial}."
    if reading.topic:
        topic = reading.topic[:1].lower() + reading.topic[1:] if not reading.topic[1:2].isupper() else reading.topic
        if spanish:
            return f"Esta es una historia sobre {topic}, y empieza {place.adverbial} con {hero.later}."
        return f"This is a story about {topic}, and it begins {place.adverbial}, with {hero.later}."
    if reading.formula:
        person = words(reading.language)["person"][audience][hero.gender]
        if spanish:
            return f"Había una vez, {place.adverbial}, {person} que se llamaba {hero.later}."
        return f"Once upon a time there lived, {place.adverbial}, a {person} named {hero.later}."
    if not spanish and not hero.named and hero.gender == "n":
        # The model's own openings are for one hero; a plural noun needs a plural verb.
        return f"There were once {hero.first}, {place.adverbial}."
    return ""
