"""Field types that several tasks' requests share."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from octavo_core.net import MAX_URL_CHARS

_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""Unicode's category Cc without tab, line feed and carriage return."""


class TaskRequest(BaseModel):
    """A request body: nothing unknown, nothing coerced."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    webhook: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=MAX_URL_CHARS,
            description="Public https address that the generation's end is told, signed as Standard Webhooks has it.",
            examples=["https://example.com/hooks/octavo"],
        ),
    ] = None

    @property
    def texts(self) -> tuple[str, ...]:
        """Everything that the person wrote, for moderation."""
        return ()

    @property
    def wants_stream(self) -> bool:
        """Whether the job's events shall be the answer."""
        return False

    @property
    def prompt_chars(self) -> int:
        """Its length, for `limits.maxPromptChars`."""
        return sum(map(len, self.texts))


def refuse_control_characters(text: str) -> str:
    """The text as it is, white space at its ends too; an empty one is refused as well."""
    if found := _FORBIDDEN.search(text):
        raise PydanticCustomError("control_character", "must not contain control characters (U+{code})", {"code": f"{ord(found[0]):04X}"})
    if not text.strip():
        raise PydanticCustomError("empty", "must not be empty")
    return text


def _plain(text: str) -> str:
    return refuse_control_characters(text).strip()


PromptText = Annotated[str, Field(min_length=1, description="What the person asks for."), AfterValidator(_plain)]
MaxTokens = Annotated[int, Field(ge=1, le=4096, description="Longest answer, in tokens of the model.")]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1, description="The same seed and request give the same answer where the model allows it.")]
Stream = Annotated[
    bool,
    Field(description="Answer with the job's events (server-sent), among them the text piece by piece as it is written, until its end."),
]
