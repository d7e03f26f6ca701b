"""A text as it comes: tokens' bytes to whole characters. Pure."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field


@dataclass(slots=True)
class Writing:
    """The pieces that `feed` gives, joined, are `whole`: no torn character, and no space before the first word. A last character that the
    length cuts is left out."""

    _pieces: list[str] = field(default_factory=list)
    _decoder: codecs.IncrementalDecoder = field(default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace"))

    @property
    def whole(self) -> str:
        return "".join(self._pieces)

    def feed(self, piece: bytes) -> str:
        return self._add(self._decoder.decode(piece))

    def _add(self, text: str) -> str:
        if not self._pieces:
            text = text.lstrip()
        if text:
            self._pieces.append(text)
        return text
