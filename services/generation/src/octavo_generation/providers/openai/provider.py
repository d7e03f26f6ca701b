"""A model of OpenAI's, xAI's or of a server that speaks their wire, opened as what its profile says it is."""

from __future__ import annotations

from collections.abc import Mapping

from octavo_core.spec import ProviderType
from octavo_generation.providers.openai.client import open_wire
from octavo_generation.providers.openai.dialect import Dialect
from octavo_generation.providers.openai.speaking import Chatting, Drawing, Moderating, Speaker
from octavo_generation.providers.opening import Opening

_DIALECTS: Mapping[str, Dialect] = {
    # A model that is newer than the profile is of the kind that takes only this, and all older ones take it, too.
    "openai": Dialect(limit_word="max_completion_tokens"),
    "xai": Dialect(limit_word="max_completion_tokens", response_format=True),
    "openai-compatible": Dialect(response_format=True),
    "fake": Dialect(),
}
_MODERATE: frozenset[ProviderType] = frozenset({"openai", "fake"})


class ChattingAndDrawing(Chatting, Drawing):
    """A model that no profile knows may be either."""


class ModeratingChat(Chatting, Moderating):
    pass


class ModeratingImages(Drawing, Moderating):
    pass


class ModeratingAll(ChattingAndDrawing, Moderating):
    pass


def open_provider(opening: Opening) -> Speaker:
    """Meets the ports of what the model is for, and no other. OpenAI's moderations are there beside every model of theirs."""
    return class_of(opening, moderates=opening.type in _MODERATE)(
        name=opening.name,
        model=opening.model,
        profile=opening.profile,
        wire=open_wire(opening),
        dialect=_DIALECTS[opening.type],
    )


def class_of(opening: Opening, *, moderates: bool) -> type[Speaker]:
    modalities = opening.profile.modalities if opening.profile else ("chat", "vision", "image")
    chats, draws = "chat" in modalities, "image" in modalities
    if chats and draws:
        return ModeratingAll if moderates else ChattingAndDrawing
    if draws:
        return ModeratingImages if moderates else Drawing
    if chats:
        return ModeratingChat if moderates else Chatting
    return Moderating
