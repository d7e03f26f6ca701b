"""The lines that scenes are made of, one file a language in `words/`."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, cast

import yaml
from pydantic import BaseModel, ConfigDict

Kinds = Mapping[str, tuple[str, ...]]
"""By the kind of a beat, and `any` for those that fit everywhere."""


class Lines(BaseModel):
    """`exchanges` and `talks` are what two or three say in turn: `a: … / b: …`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    names: tuple[str, ...]
    things: tuple[str, ...]
    actions: Kinds
    exchanges: Kinds
    solos: Kinds
    talks: Kinds
    cues: Kinds


LANGUAGES = ("en", "es")


@functools.cache
def lines_in(language: str) -> Lines:
    """`language`: one of LANGUAGES. Read once."""
    text = files(__package__).joinpath("words", f"{language}.yaml").read_text("utf-8")
    return Lines.model_validate(cast(Any, yaml.safe_load(text)))
