"""A script as it grows: the parts so far, and what comes of them in the end. No input or output but numbers and text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import orjson

from octavo_generation.providers.port import Usage
from octavo_generation.scripts import fountain
from octavo_generation.scripts.drafts import KeptPart
from octavo_generation.scripts.plan import Plan
from octavo_generation.scripts.progress import Ask, Part, is_whole

_ROOM = 1.25
"""An answer is cut at so much more than it was asked for."""
_MOST = 1.08
"""The whole is cut at so much more than its length."""


@dataclass(frozen=True, slots=True)
class Made:
    """Who wrote a part, and what that took; kept beside it as JSON."""

    provider: str
    model: str
    tried: tuple[dict[str, str], ...] = ()
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: Decimal | None = None

    def as_json(self) -> str:
        said: dict[str, Any] = {
            "provider": self.provider,
            "model": self.model,
            "tried": list(self.tried),
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "cost_usd": None if self.cost_usd is None else str(self.cost_usd),
        }
        return orjson.dumps(said).decode()

    @classmethod
    def of_json(cls, text: str) -> Made:
        said = orjson.loads(text)
        cost = said["cost_usd"]
        return cls(**{**said, "tried": tuple(said["tried"]), "cost_usd": None if cost is None else Decimal(cost)})


@dataclass(slots=True)
class Draft:
    plan: Plan
    texts: list[str] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)

    @property
    def words(self) -> int:
        return sum(part.words for part in self.parts)

    @property
    def body(self) -> str:
        return "\n\n".join(text for text in self.texts if text)

    @property
    def headings(self) -> list[str]:
        return [line for line in self.body.split("\n") if fountain.is_heading(line)]

    def add(self, kept: KeptPart) -> None:
        self.texts.append(kept.text)
        self.parts.append(Part(kept.scene, kept.asked, fountain.count_words(kept.text), kept.was_cut))
        self.made.append(Made.of_json(kept.made))

    def next_part(self, ask: Ask, answer: str, heading: str, made: Made, *, was_cut: bool) -> KeptPart:
        """The answer as the next part: made clean, and not much longer than it was asked for."""
        text = fountain.clean(answer, heading, begins=ask.mode in ("scene", "more"))
        if was_cut:
            text = fountain.whole(text)
        most = round(ask.words * _ROOM)
        if ask.scene == len(self.plan.scenes) - 1:
            most = max(1, round(self.plan.target * _MOST) - self.words)
        if fountain.count_words(text) > most:
            text, was_cut = fountain.shorten(text, most), False
        if fountain.is_heading(text) and "\n" not in text:
            # A heading alone: nothing was written.
            text = ""
        return KeptPart(len(self.parts), ask.scene, ask.words, was_cut, text, made.as_json())

    def usage(self) -> Usage:
        def total(values: Sequence[int | None]) -> int | None:
            known = [value for value in values if value is not None]
            return sum(known) if known else None

        return Usage(total([one.prompt_tokens for one in self.made]), total([one.completion_tokens for one in self.made]))

    def cost_usd(self) -> Decimal | None:
        """None where the price of a part is not known."""
        costs = [one.cost_usd for one in self.made]
        return None if not costs or None in costs else sum((cost for cost in costs if cost is not None), Decimal(0))

    def warnings(self, text: str) -> list[str]:
        found = [f"the format is not clean: {fault}" for fault in fountain.faults_of(text)]
        if not is_whole(self.plan, self.words):
            found.append(f"it has {self.words} words where {self.plan.target} were asked for; the writer gave no more")
        return found
