"""Streams what the model writes as text for a reader: bytes to characters, slots to names, capitals, contractions. Pure."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping

from octavo_generation.engines.stories.conditioning import AGREEMENT, Conditions

_SENTENCE_END = re.compile(r"(?:^|[.!?…][\"”»')]*\s+|[\"“«¿¡]|\n)$")
_GLUED = re.compile(r"(?:^|[\s\"“«¿¡(])$")
_SEEN = 16
"""Characters before a slot that decide about its capital, its space and its contraction."""
_LIKE_I = re.compile(r"(?:[IÍ]|Hi(?!e))", re.IGNORECASE)
_CONTRACTED = re.compile(r"\b([Dd]e|[Aa]) $")


class Narration:
    """One story as it is written. `feed` takes a token and gives the text that is sure by now; the pieces joined, with what
    `close` gives, are `text`.

    The last word is held back until the next token, because a slot may change it (`de` + `el zorro` = `del zorro`), and a
    character is held back until all of its bytes are here.
    """

    def __init__(self, conditions: Conditions | None, slots: Mapping[str, str], opening: str = "") -> None:
        """`conditions` may be None for text without slots."""
        self._conditions = conditions
        self._slots = slots
        self._decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        self._held = ""
        self._sent = ""
        self._pending_space = bool(opening)
        self._opening = opening

    @property
    def text(self) -> str:
        return self._sent

    def begin(self) -> str:
        self._sent = self._opening
        return self._opening

    def feed(self, piece: bytes | str) -> str:
        """`piece` is a token's bytes, or the token itself where it is a slot or an agreement."""
        return self._take(self._decoder.decode(piece)) if isinstance(piece, bytes) else self.feed_slot(piece)

    def feed_slot(self, token: str) -> str:
        agreement = AGREEMENT.fullmatch(token)
        if agreement is None:
            value = self._slots[token]
        else:
            assert self._conditions is not None
            value = self._conditions.agree(token)
            if agreement[1].islower():
                return self._take(value)
        self._space()
        before = (self._sent[-_SEEN:] + self._held)[-_SEEN:]
        if not _GLUED.search(before):
            before, self._held = before + " ", self._held + " "
        if self._conditions is not None and self._conditions.language == "es":
            if value.startswith("el ") and _CONTRACTED.search(before):
                self._held, value = self._held.removesuffix(" ") + "l ", value.removeprefix("el ")
            elif _LIKE_I.match(value) and self._held.endswith(" y "):
                self._held = self._held.removesuffix("y ") + "e "
        if _SENTENCE_END.search(before):
            value = value[:1].upper() + value[1:]
        return self._take(value)

    def close(self, *, cut: bool = False) -> str:
        """The rest; where the story was cut off within a sentence, an ellipsis says so."""
        self._held = (self._held + self._decoder.decode(b"", final=True)).rstrip()
        whole = (self._sent + self._held).rstrip()
        if cut and whole and not re.search(r"[.!?…][\"”»')]*$", whole):
            self._held = re.sub(r"[\s,;:—-]+$", "", self._held) + "…"
        return self._release(len(self._held))

    def _take(self, text: str) -> str:
        if text:
            self._space()
        if not self._sent and not self._held:
            text = text.lstrip()
        self._held += text
        last = max(self._held.rfind(" "), self._held.rfind("\n"))
        if self._held[last + 1 :] == "":
            last = max(self._held.rstrip().rfind(" "), self._held.rstrip().rfind("\n"))
        return self._release(max(last, 0))

    def _space(self) -> None:
        if self._pending_space:
            self._pending_space, self._held = False, " "

    def _release(self, length: int) -> str:
        piece, self._held = self._held[:length], self._held[length:]
        self._sent += piece
        return piece
