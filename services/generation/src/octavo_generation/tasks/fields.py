"""Field types that several tasks' requests share."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

_ALLOWED_CONTROLS = frozenset("\n\r\t")


class TaskRequest(BaseModel):
    """A request body: nothing unknown, nothing coerced."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @property
    def prompt_chars(self) -> int:
        """Length of everything that the person wrote, for `limits.maxPromptChars`."""
        raise NotImplementedError(type(self).__name__)


def _plain(text: str) -> str:
    for character in text:
        if unicodedata.category(character) == "Cc" and character not in _ALLOWED_CONTROLS:
            raise PydanticCustomError(
                "control_character", "must not contain control characters (U+{code})", {"code": f"{ord(character):04X}"}
            )
    stripped = text.strip()
    if not stripped:
        raise PydanticCustomError("empty", "must not be empty")
    return stripped


PromptText = Annotated[str, Field(min_length=1, description="What the person asks for."), AfterValidator(_plain)]
MaxTokens = Annotated[int, Field(ge=1, le=4096, description="Longest answer, in tokens of the model.")]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1, description="The same seed and request give the same answer where the model allows it.")]
