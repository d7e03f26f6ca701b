"""The task `translation`: a text and a language in, the text in that language out."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

from octavo_core.errors import Fault, InvalidInput
from octavo_core.spec import Spec
from octavo_generation.engines.translating.languages import find_language, languages, require_language
from octavo_generation.engines.translating.opening import served_languages
from octavo_generation.tasks.fields import TaskRequest, refuse_control_characters

Term = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
LanguageCode = Annotated[str, Field(min_length=2, max_length=60)]


class TranslationRequest(TaskRequest):
    text: Annotated[
        str,
        Field(min_length=1, description="What is translated; its layout, code, links and placeholders are kept."),
        AfterValidator(refuse_control_characters),
    ]
    target_language: Annotated[LanguageCode, Field(description="Into which: es, spa_Latn, Spanish; all: GET api/v1/languages.")]
    source_language: Annotated[LanguageCode | None, Field(description="In which it is written; left out: told from the text.")] = None
    glossary: Annotated[
        dict[Term, Term] | None, Field(max_length=500, description="How a term is to be said; before the generator's own glossary.")
    ] = None

    @property
    def texts(self) -> tuple[str, ...]:
        return (self.text, *(self.glossary or {}).values())

    @property
    def prompt_chars(self) -> int:
        return len(self.text)


def prepare(request: TranslationRequest, spec: Spec) -> dict[str, Any]:
    """The job's payload, languages by NLLB's codes. Raises `InvalidInput` for a language that is unknown or not served."""
    served = served_languages(spec)
    target = require_language("target_language", request.target_language, served)
    source = None if request.source_language is None else require_language("source_language", request.source_language, served)
    if source == target:
        raise InvalidInput(
            f"source_language: it is {target.name}, as target_language is",
            faults=(Fault("source_language", "is the language that is wanted", "another one, or leave it out"),),
        )
    own = {} if spec.translation is None else spec.translation.terms(target.code, lambda name: getattr(find_language(name), "code", None))
    payload: dict[str, Any] = {
        "text": request.text,
        "target_language": target.code,
        "source_language": None if source is None else source.code,
        "glossary": {**own, **(request.glossary or {})} or None,
    }
    if spec.providers is not None:
        payload |= {"prompt": request.text, "system": _instruction(payload)}
    return payload


def _instruction(payload: dict[str, Any]) -> str:
    """What a model that chats is told."""
    every = languages()
    source = payload["source_language"]
    told = f"Translate the user's text{f' from {every[source].name}' if source else ''} into {every[payload['target_language']].name}."
    told += " Keep its paragraphs, lists and markup; leave code, addresses and placeholders as they are. Answer with the translation alone."
    if payload["glossary"]:
        told += " Say these terms so: " + "; ".join(f"{term} = {said}" for term, said in payload["glossary"].items()) + "."
    return told


def narrow(schema: dict[str, Any], spec: Spec) -> None:
    """The languages to pick from, by name. They are no `enum`: other codes for the same languages are taken as well."""
    every = languages()
    offered = sorted((every[code] for code in served_languages(spec) if code in every), key=lambda one: one.name)
    choices = {one.short or one.code: one.name for one in offered}
    for field in ("target_language", "source_language"):
        schema["properties"][field]["x-octavo-choices"] = choices
