"""Moderations in OpenAI's dialect. A few plain words are flagged, so that a laptop sees how a verdict looks; a rule flags anything."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

from octavo_fakes.answer import Answer, Stream, json_answer
from octavo_fakes.call import WireFault
from octavo_fakes.stage import Turn
from octavo_fakes.vendors.openai import OpenAI

CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)
_OF_PICTURES = frozenset({"self-harm", "self-harm/instructions", "self-harm/intent", "sexual", "violence", "violence/graphic"})
_WORDS: Mapping[str, str] = {
    "kill": "violence",
    "murder": "violence",
    "gore": "violence/graphic",
    "porn": "sexual",
    "suicide": "self-harm",
    "bomb": "illicit/violent",
    "idiot": "harassment",
}
_FLAGGED = re.compile(rf"\b({'|'.join(_WORDS)})\w*", re.IGNORECASE)


class Moderations:
    def __init__(self, dialect: OpenAI) -> None:
        self._dialect = dialect

    async def answer(self, turn: Turn) -> Answer | Stream:
        body = turn.call.json()
        model = body.get("model") or "omni-moderation-latest"
        if not isinstance(model, str):
            raise WireFault(400, "'model' must be a string.", "invalid_type", "model")
        self._dialect.check_moderation_model(model)
        results = [self._result(text, kinds, flag=bool(turn.refusal)) for text, kinds in _inputs(body.get("input"))]
        return json_answer({"id": f"modr-{secrets.token_hex(12)}", "model": model, "results": results})

    def _result(self, text: str, kinds: tuple[str, ...], *, flag: bool) -> dict[str, Any]:
        found = {_WORDS[word.lower()] for word in _FLAGGED.findall(text)} | ({"violence"} if flag else set())
        return {
            "flagged": bool(found),
            "categories": {category: category in found for category in CATEGORIES},
            "category_scores": {category: 0.97 if category in found else 0.0001 for category in CATEGORIES},
            "category_applied_input_types": {
                category: [kind for kind in kinds if kind == "text" or category in _OF_PICTURES] for category in CATEGORIES
            },
        }


def _inputs(value: object) -> list[tuple[str, tuple[str, ...]]]:
    """The text of each input, and what kinds it was of. An array of parts is one input."""
    if isinstance(value, str):
        return [(value, ("text",))]
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return [(one, ("text",)) for one in value]
    if isinstance(value, list) and value and all(isinstance(one, dict) and one.get("type") in ("text", "image_url") for one in value):
        kinds = tuple(kind for kind in ("text", "image") if any(one["type"].startswith(kind) for one in value))
        return [("\n".join(str(one.get("text", "")) for one in value), kinds)]
    raise WireFault(400, "'input' is a string, an array of strings or an array of parts.", "invalid_type", "input")
