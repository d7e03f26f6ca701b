"""The list of models in OpenAI's dialect."""

from __future__ import annotations

from octavo_fakes.answer import Answer, Stream, json_answer
from octavo_fakes.stage import Turn
from octavo_fakes.vendors.openai import OpenAI


class Models:
    def __init__(self, dialect: OpenAI) -> None:
        self._dialect = dialect

    async def list_all(self, turn: Turn) -> Answer | Stream:
        return json_answer({"object": "list", "data": [self._describe(name, made) for name, made in self._dialect.models]})

    async def show(self, turn: Turn) -> Answer | Stream:
        wanted = turn.call.parameters["model"]
        for name, made in self._dialect.models:
            if name == wanted:
                return json_answer(self._describe(name, made))
        raise self._dialect.unknown_model(wanted)

    def _describe(self, name: str, made: int) -> dict[str, object]:
        return {"id": name, "object": "model", "created": made, "owned_by": self._dialect.owner}
