"""`spec.translation`: how a translator says certain terms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import Field

from octavo_core.spec.model import Model
from octavo_core.spec.scalars import Loose


class GlossaryEntry(Model):
    """One term, and what is said for it."""

    term: str = Field(min_length=1, max_length=100, description="As it stands in the text: whole words, whatever the case of letters.")
    translation: str = Field(min_length=1, max_length=100, description="What is said for it; the term itself keeps it as it is.")
    language: str | None = Field(
        None, min_length=2, max_length=60, description="Only for translations into this language, such as es. Left out: into any."
    )


class Translation(Model):
    """For the task translation: how texts are translated."""

    glossary: Annotated[tuple[GlossaryEntry, ...], Loose] = Field(
        (), max_length=500, description="Terms that are said in a certain way, whatever the model would say: product names, for instance."
    )

    def terms(self, target: str, code_of: Callable[[str], str | None]) -> dict[str, str]:
        """What is said for each term in the language `target`, where an entry of that language counts before one of any. `code_of` makes
        the code of a language as people write it."""
        general = {entry.term: entry.translation for entry in self.glossary if entry.language is None}
        own = {entry.term: entry.translation for entry in self.glossary if entry.language is not None and code_of(entry.language) == target}
        return general | own
