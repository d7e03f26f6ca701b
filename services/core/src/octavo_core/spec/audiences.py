"""`spec.audiences`: whom a story is for, and how the model is asked for them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field

from octavo_core.spec.model import Model
from octavo_core.spec.rule import Rule
from octavo_core.spec.scalars import Loose

AudienceName = Literal["children", "young", "adult"]
AUDIENCE_NAMES: tuple[AudienceName, ...] = get_args(AudienceName)


Word = Annotated[str, Field(min_length=1, max_length=100)]


class AudienceParameters(Model):
    """How a story is written for one audience. What is left out falls to that audience's own default."""

    temperature: float | None = Field(
        None, ge=0, le=2, description="How daring the choice of words is: 0 always takes the likeliest, 1 follows the model, above is wild."
    )
    top_p: float | None = Field(
        None, ge=0, le=1, description="Only the likeliest tokens that together reach this probability are considered; 1 considers all."
    )
    top_k: int | None = Field(None, ge=0, le=1000, description="Only this many of the likeliest tokens are considered; 0 considers all.")
    repetition_penalty: float | None = Field(
        None, ge=1, le=2, description="Above 1 makes tokens that were used already less likely; 1 changes nothing."
    )
    max_tokens: int | None = Field(
        None,
        ge=1,
        le=4096,
        description="The longest story, in tokens of the model (about three quarters of a word each), prompt not counted.",
    )
    max_lix: float | None = Field(
        None,
        ge=10,
        le=100,
        description="For engines: how hard a story may be to read, as LIX measures it (words a sentence, and how many are over"
        " six letters): up to 30 are children's books (35 in Spanish), 40 is a newspaper, 60 a scientific text. A harder story is"
        " written again, twice at most, and the easiest is given.",
    )
    banned_words: Annotated[tuple[Word, ...], Loose] | None = Field(
        None,
        max_length=200,
        description="For engines: words that may not occur, found as those of moderation are. A story with one is written again, twice at"
        " most, and then refused.",
    )

    _CHECKS: ClassVar[frozenset[str]] = frozenset({"max_lix", "banned_words"})

    @property
    def sampling(self) -> dict[str, float | int]:
        """What the model is asked with, without what is left out."""
        return self.model_dump(by_alias=False, exclude_none=True, exclude=set(self._CHECKS))

    @property
    def checks(self) -> dict[str, object]:
        """What a story is measured by once it is written, without what is left out."""
        return self.model_dump(by_alias=False, exclude_none=True, include=set(self._CHECKS))


DEFAULT_AUDIENCES: dict[AudienceName, AudienceParameters] = {
    "children": AudienceParameters(temperature=0.7, top_p=0.9, top_k=40, repetition_penalty=1.15, max_tokens=220, max_lix=35),
    "young": AudienceParameters(temperature=0.8, top_p=0.93, top_k=50, repetition_penalty=1.12, max_tokens=260),
    "adult": AudienceParameters(temperature=0.85, top_p=0.95, top_k=60, repetition_penalty=1.1, max_tokens=340),
}


class Audiences(Model):
    """The audiences that this generator writes for: those that are named here and no others."""

    children: AudienceParameters | None = Field(None, description="Stories for children: calm, short, safe words.")
    young: AudienceParameters | None = Field(None, description="Stories for young readers.")
    adult: AudienceParameters | None = Field(None, description="Stories for adults: longer and more varied.")

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            name="at least one audience",
            cel="has(self.children) || has(self.young) || has(self.adult)",
            message="name at least one audience, or leave audiences out for all three with their defaults",
            check=lambda audiences: any(getattr(audiences, name) is not None for name in AUDIENCE_NAMES),
            reads=AUDIENCE_NAMES,
            allowed=", ".join(AUDIENCE_NAMES),
            schema={"minProperties": 1},
        ),
    )

    def complete(self) -> dict[AudienceName, AudienceParameters]:
        """The audiences that are named, each with every parameter filled in."""
        named: dict[AudienceName, AudienceParameters] = {}
        for name in AUDIENCE_NAMES:
            given: AudienceParameters | None = getattr(self, name)
            if given is not None:
                named[name] = DEFAULT_AUDIENCES[name].model_copy(update=given.model_dump(exclude_none=True, by_alias=False))
        return named
