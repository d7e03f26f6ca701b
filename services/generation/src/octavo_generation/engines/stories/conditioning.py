"""The words that the story model and its engine share: control tokens before a story, slot tokens inside it.

The model never sees a name. It is told who the hero is (a name or a noun, which gender), what the story is about and what the
prompt has already said; it writes `<hero>`, `<place>`, `<thing>` where they belong, and the engine fills them in. So any name at
all is kept, and a small model has nothing to copy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "es"]
Audience = Literal["children", "young", "adult"]
Theme = Literal["found", "secret", "lost", "fear", "wish", "journey", "open"]
HeroGender = Literal["f", "m", "n"]
FriendGender = Literal["f", "m"]
ThingForm = Literal["f", "m", "fp", "mp"]

LANGUAGES: tuple[Language, ...] = ("en", "es")
AUDIENCES: tuple[Audience, ...] = ("children", "young", "adult")
THEMES: tuple[Theme, ...] = ("found", "secret", "lost", "fear", "wish", "journey", "open")
THEMES_WITH_THING: frozenset[Theme] = frozenset({"found", "secret", "lost", "fear"})
"""Themes whose plot turns on the thing; the others mention it only when the prompt did."""

SLOTS = ("<hero0>", "<hero>", "<friend>", "<place>", "<spot>", "<thing0>", "<thing>")
"""`<hero0>` and `<thing0>` are the first mention (`a brave fox`), `<hero>` and `<thing>` the later ones (`the fox`);
`<place>` is an adverbial (`by the river`), `<spot>` its noun (`the river`)."""

END = "<|end|>"
PAD = "<|pad|>"


@dataclass(frozen=True, slots=True)
class Conditions:
    """All that the model is told before it writes.

    `told`: the opening is already written, the model goes on from the second sentence. `thing_form` is gender and number;
    English looks at the number alone. `hero_gender` is never `n` in Spanish.
    """

    language: Language
    audience: Audience
    theme: Theme
    told: bool
    hero_named: bool
    hero_gender: HeroGender
    friend_gender: FriendGender
    friend_known: bool = False
    thing_known: bool = False
    thing_form: ThingForm = "f"

    def tokens(self) -> tuple[str, ...]:
        return (
            f"<{self.language}>",
            f"<{self.audience}>",
            f"<{self.theme}>",
            "<told>" if self.told else "<untold>",
            "<named>" if self.hero_named else "<noun>",
            f"<hero:{self.hero_gender}>",
            f"<friend:{self.friend_gender}>" if not self.friend_known else f"<known:{self.friend_gender}>",
            f"<thing:{self.thing_form}>" if self.thing_known or self.theme in THEMES_WITH_THING else "<nothing>",
        )


def special_tokens() -> tuple[str, ...]:
    """Every token that is no text, in the order of their ids: the vocabulary begins with these."""
    controls = [*(f"<{word}>" for word in (*LANGUAGES, *AUDIENCES, *THEMES)), "<told>", "<untold>", "<named>", "<noun>"]
    controls += [f"<hero:{gender}>" for gender in ("f", "m", "n")]
    controls += [f"<{role}:{gender}>" for role in ("friend", "known") for gender in ("f", "m")]
    controls += [*(f"<thing:{form}>" for form in ("f", "m", "fp", "mp")), "<nothing>"]
    return (END, PAD, *controls, *SLOTS)
