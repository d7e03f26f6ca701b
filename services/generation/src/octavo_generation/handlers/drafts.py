"""A story that must be readable for its audience, and free of certain words: written again until it is, a few times at most."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from octavo_core.errors import Moderated
from octavo_generation.engines.port import Generation
from octavo_generation.moderation import BlockedWords

DRAFTS = 3
_SENTENCE = re.compile(r"[.!?…:]+")
_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_LONG_WORD = 7


@dataclass(frozen=True, slots=True)
class Checks:
    """`max_lix`: how hard a story may be to read. `banned`: what may not occur."""

    max_lix: float | None = None
    banned: BlockedWords | None = None

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> Checks:
        """Of a job's payload."""
        given = payload.get("checks") or {}
        words = given.get("banned_words") or ()
        return cls(given.get("max_lix"), BlockedWords([("banned-words", word) for word in words]) if words else None)

    def passes(self, draft: Draft) -> bool:
        return not draft.has_banned and (self.max_lix is None or draft.lix <= self.max_lix)


@dataclass(frozen=True, slots=True)
class Draft:
    generation: Generation
    lix: float
    has_banned: bool
    number: int


def lix(text: str) -> float:
    """Björnsson's measure of how hard a text is to read, in any language with spaces: words a sentence, and the percentage of words of more
    than six letters. 0 for a text without words."""
    words = _WORD.findall(text)
    if not words:
        return 0.0
    sentences = max(1, sum(1 for part in _SENTENCE.split(text) if _WORD.search(part)))
    return len(words) / sentences + 100 * sum(len(word) >= _LONG_WORD for word in words) / len(words)


async def write_checked(
    checks: Checks, write: Callable[[int], Awaitable[Generation]], *, drafts: int = DRAFTS, again: Callable[[], None]
) -> Draft:
    """The first draft that passes, else the one without banned words that is easiest to read. `write` is told how many there were before,
    `again` is called before each further one. Raises `Moderated` where every draft has a banned word."""
    best: Draft | None = None
    for number in range(drafts):
        if number:
            again()
        generation = await write(number)
        banned = checks.banned is not None and checks.banned.find(generation.text) is not None
        draft = Draft(generation, lix(generation.text), banned, number + 1)
        if checks.passes(draft) or generation.finish_reason == "cancelled":
            return draft
        if not banned and (best is None or draft.lix < best.lix):
            best = draft
    if best is None:
        raise Moderated(f"the model used a banned word in each of {drafts} drafts")
    return best
