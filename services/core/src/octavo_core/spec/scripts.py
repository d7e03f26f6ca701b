"""`spec.scripts`: for the task script, which templates there are beside those that ship, and where projects are read."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from octavo_core.spec.model import Model
from octavo_core.spec.scalars import HttpUrl, Loose

BeatKind = Literal["opening", "trouble", "turn", "climax", "ending"]
Form = Literal["screenplay", "spoken"]

TEMPLATE_ID = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
MOST_WORDS = 20_000
"""Of one script: two and a half hours on a screen."""

Slug = Annotated[
    str,
    Field(
        min_length=1,
        max_length=63,
        pattern=TEMPLATE_ID,
        json_schema_extra={"x-octavo-allowed": "1 to 63 lower case letters, digits and hyphens, a letter or digit at both ends"},
    ),
]
Phrase = Annotated[str, Field(min_length=1, max_length=80)]
Line = Annotated[str, Field(min_length=1, max_length=400)]


class Words(Model):
    """The same in the languages that the local writer knows; a model that is asked translates what is missing."""

    en: Annotated[tuple[Phrase, ...], Loose] = Field((), max_length=24, description="In English.")
    es: Annotated[tuple[Phrase, ...], Loose] = Field((), max_length=24, description="In Spanish.")


class ScriptBeat(Model):
    """One step of the story, which becomes one scene or more."""

    name: Phrase = Field(description="A short name of it, such as The secret comes out.")
    goal: Line = Field(description="What shall happen in it, for whoever writes.")
    kind: BeatKind = Field("trouble", description="Its place in the arc, for the local writer: what sort of lines it is made of.")
    weight: int = Field(10, ge=1, le=100, description="Its share of the words, beside the others' weights.")


class ScriptTemplate(Model):
    """How scripts of a kind are built: their beats in order, their places, their instructions."""

    id: Slug = Field(description="What a request names as template. One of your own takes the place of one that ships under the same id.")
    genre: Slug = Field(description="What a request names as script_type; several templates may have the same.")
    name: Phrase = Field(description="Its name for people.")
    description: Line = Field(description="What it is good for, in a sentence.")
    form: Form = Field(
        "screenplay",
        description="screenplay: scenes with places, action and dialogue. spoken: segments that are said to listeners or viewers.",
    )
    length: int = Field(1500, ge=100, le=MOST_WORDS, description="Words, where a request gives no length_target.")
    tone: Line | None = Field(None, description="How it shall sound.")
    instructions: Annotated[tuple[Line, ...], Loose] = Field((), max_length=16, description="What a writer must heed, one sentence each.")
    roles: Words | None = Field(
        None, description="Who speaks, where they are roles and no persons: HOST, GUEST. Left out: persons with names."
    )
    places: Words | None = Field(None, description="Places of scenes, or names of segments; the local writer takes them in turn.")
    beats: Annotated[tuple[ScriptBeat, ...], Loose] = Field(min_length=1, max_length=24, description="Its steps, in their order.")


class Scripts(Model):
    """For the task script: its templates, and the projects that scripts belong to."""

    templates: Annotated[tuple[ScriptTemplate, ...], Loose] = Field(
        (), max_length=64, description="Templates of your own, beside those that ship."
    )
    projects_url: HttpUrl | None = Field(
        None,
        description="The project service: this address before /api/projects/ID. A project that a request names is read there, with the"
        " rights of whoever asks, so that its characters and earlier episodes are known to the writer. Left out: none is read.",
    )
