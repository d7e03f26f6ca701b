"""The words that the story model and its engine share: control tokens before a story, slot tokens inside it.

The model never sees a name. It is told whether the hero has one, what the story is about and what the prompt has already said;
it writes `<hero>`, `<place>`, `<thing>` where they belong, and the engine fills them in. So any name at all is kept, and a small
model has nothing to copy. Words that agree with someone are tokens too, and carry their forms: `<H:she/he/they>`. So no sampling
can make the pronoun miss.
"""

from __future__ import annotations

import re
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

AGREEMENT = re.compile(r"<([HFTNhft]):([^<>]*)>")
"""A word (capital) or an ending glued to the word before (small letter) that agrees with the hero (f, m, n), the friend (f, m),
the thing (f, m, fp, mp) or, `N`, with a hero of one or of many."""

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
            "<known>" if self.friend_known else "<new>",
            "<something>" if self.thing_known or self.theme in THEMES_WITH_THING else "<nothing>",
        )

    def agree(self, token: str) -> str:
        """The form of an agreement token that fits; raises ValueError for any other token."""
        match = AGREEMENT.fullmatch(token)
        if match is None:
            raise ValueError(f"{token} is no agreement token")
        forms = match[2].split("/")
        role = match[1].upper()
        if role == "N":
            return forms[1 if self.hero_gender == "n" and not self.hero_named else 0]
        order, mine = {"H": ("fmn", self.hero_gender), "F": ("fm", self.friend_gender)}.get(role, ("", ""))
        place = order.index(mine) if order else ("f", "m", "fp", "mp").index(self.thing_form)
        return forms[min(place, len(forms) - 1)]


def special_tokens() -> tuple[str, ...]:
    """Every token that is no text, but the agreements, which the grammar defines: the vocabulary begins with these."""
    controls = [*(f"<{word}>" for word in (*LANGUAGES, *AUDIENCES, *THEMES)), "<told>", "<untold>", "<named>", "<noun>"]
    controls += ["<known>", "<new>", "<something>", "<nothing>"]
    return (END, PAD, *controls, *SLOTS)
