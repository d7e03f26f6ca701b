"""The grammar that writes the training stories: plots in YAML, one file a language and audience, told by a seeded chance.

A sentence in those files may hold
- `{a|b|c}`: one of them, nested as deep as wanted;
- `H[..|..|..]`, `F[..|..]`, `T[..|..|..|..]`, `N[..|..]`: forms that agree with hero, friend, thing; they stay in the text as one
  token each, `<H:../../..>` (small letters for an ending), because whom they agree with is known only when a story is told;
- `%he`, `%o` and the like: short names for such choices, listed in `_MACROS`;
- `@name ` or `@noun ` in front: only for a hero with a name, or only for a noun phrase;
- slot tokens, which stay in the text (see `octavo_generation.engines.stories.conditioning`).

Deterministic: the same seed gives the same corpus.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml

from octavo_generation.engines.stories.conditioning import (
    AUDIENCES,
    LANGUAGES,
    THEMES,
    THEMES_WITH_THING,
    Audience,
    Conditions,
    Language,
    Theme,
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """An obstacle and the ways out of it that make sense."""

    trouble: tuple[str, ...]
    resolve: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grammar:
    """All the sentences of one language and audience."""

    openings: Mapping[Theme, tuple[str, ...]]
    goal: Mapping[Theme, tuple[str, ...]]
    payoff: Mapping[Theme, tuple[str, ...]]
    ending: Mapping[Theme, tuple[str, ...]]
    beats: Mapping[str, tuple[str, ...]]
    troubles: tuple[Trouble, ...]


@dataclass(frozen=True, slots=True)
class Example:
    conditions: Conditions
    text: str


_MACROS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "was": "H[was|was|were]",
        "nwas": "N[was|were]",
        "himself": "H[herself|himself|themselves]",
        "him": "H[her|him|them]",
        "his": "H[her|his|their]",
        "His": "H[her|his|their]",
        "he": "H[she|he|they]",
        "He": "H[she|he|they]",
        "twas": "T[was|was|were|were]",
        "it": "T[it|it|them|them]",
    },
    "es": {
        "el": "H[ella|él]",
        "o": "h[a|o]",
        "lo": "T[la|lo|las|los]",
        "Lo": "T[la|lo|las|los]",
        "to": "t[a|o|as|os]",
        "tn": "t[||n|n]",
    },
}
_MACRO = re.compile(r"%([A-Za-z]+)")
_CHOICE = re.compile(r"\{([^{}\[\]]*)\}|([HFTNht])\[([^{}\[\]]*)\]")
_REMINDER = re.compile(rf"(^|\s+)(<(?:{'|'.join(THEMES)}|known|new)>) ")
_PARTS = ("friend_first", "friend_helps", "friend_known_first", "friend_known_helps", "scene", "speech", "thought", "coda")

_CHANCE = {"scene": 0.7, "speech": 0.55, "thought": 0.8, "coda": 0.45, "second_trouble": 0.2, "friend_first": 0.55}


@cache
def load_grammar(language: Language, audience: Audience) -> Grammar:
    source = resources.files("octavo.training").joinpath("stories", language, f"{audience}.yaml").read_text(encoding="utf-8")
    raw = yaml.safe_load(source)

    def by_theme(part: str) -> dict[Theme, tuple[str, ...]]:
        return {theme: tuple(raw[part][theme]) for theme in THEMES}

    return Grammar(
        openings=by_theme("openings"),
        goal=by_theme("goal"),
        payoff=by_theme("payoff"),
        ending=by_theme("ending"),
        beats={part: tuple(raw[part]) for part in _PARTS},
        troubles=tuple(Trouble(tuple(pair["trouble"]), tuple(pair["resolve"])) for pair in raw["troubles"]),
    )


def expand(sentence: str, conditions: Conditions, rng: random.Random) -> str:
    """One sentence with every choice made and every agreement a token; raises ValueError for a macro that the language has not."""
    macros = _MACROS[conditions.language]

    def macro(match: re.Match[str]) -> str:
        try:
            return macros[match[1]]
        except KeyError:
            raise ValueError(f"no macro %{match[1]} in {conditions.language}: {sentence}") from None

    def choose(match: re.Match[str]) -> str:
        if match[2]:
            return f"<{match[2]}:{str(match[3]).replace('|', '/')}>"
        return rng.choice(str(match[1]).split("|"))

    text, made = _MACRO.sub(macro, sentence), 1
    while made:
        text, made = _CHOICE.subn(choose, text)
    return text


def write_story(conditions: Conditions, rng: random.Random) -> str:
    """A whole story, from the second sentence on where `conditions.told`; it names the hero and the place at least once.

    Children's stories are one paragraph, the others three.
    """
    while True:
        story = _draft(conditions, rng)
        if "<hero>" in story and ("<place>" in story or "<spot>" in story):
            return story


def _draft(conditions: Conditions, rng: random.Random) -> str:
    """Control tokens come again where a sentence depends on them: copying a token over a distance is easier to learn than
    acting on it, and what follows then has its reason close by. They stand before the white space and are no text."""
    grammar = load_grammar(conditions.language, conditions.audience)
    theme = conditions.theme

    def chance(name: str) -> bool:
        return rng.random() < _CHANCE[name]

    def pick(sentences: Sequence[str]) -> str:
        kind = "@name " if conditions.hero_named else "@noun "
        fitting = [s.removeprefix(kind) for s in sentences if not s.startswith("@") or s.startswith(kind)]
        return expand(rng.choice(fitting), conditions, rng)

    def beat(name: str) -> str:
        return pick(grammar.beats[name])

    start = [] if conditions.told else [pick(grammar.openings[theme])]
    if chance("scene"):
        start.append(beat("scene"))
    start.append(f"<{theme}> {pick(grammar.goal[theme])}")

    known, mark = ("known_", "<known>") if conditions.friend_known else ("", "<new>")
    first, second = rng.sample(grammar.troubles, 2)
    if chance("friend_first"):
        middle = [f"{mark} {beat(f'friend_{known}first')}", pick(first.trouble)]
    else:
        middle = [pick(first.trouble), f"{mark} {beat(f'friend_{known}helps')}"]
    if chance("speech"):
        middle.append(beat("speech"))
    middle.append(pick(first.resolve))
    if conditions.audience != "adult" and chance("second_trouble"):
        middle += [pick(second.trouble), pick(second.resolve)]
    if conditions.thing_known and theme not in THEMES_WITH_THING and chance("thought"):
        middle.append(beat("thought"))

    end = [f"<{theme}> {pick(grammar.payoff[theme])}", f"<{theme}> {pick(grammar.ending[theme])}"]
    if chance("coda"):
        end.append(beat("coda"))
    paragraphs = [" ".join(part) for part in (start, middle, end)]
    story = (" " if conditions.audience == "children" else "\n\n").join(paragraphs)
    return _REMINDER.sub(r"\2\1", story)


def draw_conditions(rng: random.Random) -> Conditions:
    """What a prompt might have asked for; half of the stories go on from an opening that the prompt told."""
    language, theme, told = rng.choice(LANGUAGES), rng.choice(THEMES), rng.random() < 0.5
    themed = theme in THEMES_WITH_THING
    return Conditions(
        language=language,
        audience=rng.choice(AUDIENCES),
        theme=theme,
        told=told,
        hero_named=rng.random() < 0.5,
        hero_gender=rng.choice(("f", "m", "n") if language == "en" else ("f", "m")),
        friend_gender=rng.choice(("f", "m")),
        friend_known=told and rng.random() < 0.3,
        thing_known=told and (themed or rng.random() < 0.5),
        thing_form=rng.choices(("f", "m", "fp", "mp"), weights=(3, 3, 1, 1))[0],
    )


def write_corpus(seed: int, stories: int) -> Iterator[Example]:
    rng = random.Random(seed)
    for _ in range(stories):
        conditions = draw_conditions(rng)
        yield Example(conditions, write_story(conditions, rng))
