"""The text of an answer, the same for all chat formats."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from octavo_fakes import tokens
from octavo_fakes.call import WireFault
from octavo_fakes.pictures import Pictures
from octavo_fakes.texts import Asked, sample_answer, sample_by_schema, sample_object


@dataclass(frozen=True, slots=True)
class Conversation:
    """As the vendor's body has it: `text` is all of it, for counting and matching; `pictures` those of the last question."""

    question: str
    instructions: str
    text: str
    pictures: tuple[bytes, ...] = ()

    @property
    def tokens(self) -> int:
        return tokens.count(self.text) + tokens.PICTURE_TOKENS * len(self.pictures)


@dataclass(frozen=True, slots=True)
class Form:
    """What the answer must be."""

    json_object: bool = False
    schema: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Composed:
    text: str
    is_cut: bool
    """By the most tokens that were allowed."""
    stopped_at: str | None
    tokens: int


PLAIN = Form()


async def compose(conversation: Conversation, pictures: Pictures, *, seed: int, form: Form = PLAIN, text: str | None = None) -> str:
    """`text` is what a rule wants said. Raises `WireFault` for bytes that are no picture."""
    if text is not None:
        return text
    asked = Asked(conversation.question, conversation.instructions, seed)
    if conversation.pictures and not form.json_object:
        seen = []
        for data in conversation.pictures:
            description = await pictures.describe(data)
            if description is None:
                raise WireFault(400, "One of the images cannot be read.", code="invalid_image_format")
            seen.append(description)
        return "[sample description] " + "\n\n".join(seen)
    if form.schema is not None:
        return sample_by_schema(form.schema, asked)
    return sample_object(asked) if form.json_object else sample_answer(asked)


def bound(text: str, *, max_tokens: int | None, stops: tuple[str, ...]) -> Composed:
    if stops:
        text, stopped_at = tokens.stop_at(text, stops)
    else:
        stopped_at = None
    text, is_cut = tokens.shorten(text, max_tokens)
    return Composed(text, is_cut, None if is_cut else stopped_at, tokens.count(text))


def decode_picture(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise WireFault(400, "An image is not valid base64.", code="invalid_base64") from None
