"""Decides at every step who writes, where, and what of a prompt needs no computing. Pure: no clock, no thread, no library.

A text gets a slot when its owner's turn comes and keeps it to its end. Each step takes one token of every text that writes, and fills what
is left of the step's bound with prompts, in pieces where they are long, so that a long prompt stops nobody. What a finished text leaves
in its slot stays there until the slot is needed: a prompt that begins alike starts behind it. One whose beginning stands in another slot
gets a copy, where that saves more than a copy costs.

Texts stand in the lowest slots without gaps where that can be had, for a library may compute neighbours together and others apart: a new
one gets the lowest free slot, and when nobody waits the one in the highest slot moves into the lowest gap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from octavo_generation.engines.batching.decoder import Chunk
from octavo_generation.engines.batching.fair_queue import FairQueue

WORTH_COPYING = 48
"""Tokens. A copy moves a slot's whole memory, so a short beginning is computed sooner than copied."""
_WORTH_STAYING = 16
"""Tokens that a free slot must already hold of a prompt to be taken before a lower one."""
_WORTH_MOVING = 4
"""Tokens that a text must have left to write to be moved."""


@dataclass(slots=True, eq=False)
class Text:
    """One text on its way. `tokens` are the prompt's and those written; `limit` bounds the latter."""

    owner: str
    tokens: list[int]
    limit: int
    prompt: int = field(init=False)
    slot: int = -1
    """-1 while it waits."""
    computed: int = 0
    """How many of `tokens` lie in the slot."""
    reused: int = 0
    """How many of those it did not have to compute."""

    def __post_init__(self) -> None:
        self.prompt = len(self.tokens)

    @property
    def written(self) -> int:
        return len(self.tokens) - self.prompt


@dataclass(frozen=True, slots=True)
class Share:
    source: int
    target: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Keep:
    slot: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Do `moves` in their order, then the step with `chunks`; its logits are for `texts`, in order."""

    moves: tuple[Keep | Share, ...]
    chunks: tuple[Chunk, ...]
    texts: tuple[Text, ...]


class Scheduler:
    """Call `plan`, do it, `append` a token to each of its texts or `end` them, and again. A text that ended, for whatever reason, is out
    at the next plan."""

    def __init__(self, *, slots: int, slot_tokens: int, step_tokens: int, worth_copying: int = WORTH_COPYING) -> None:
        if step_tokens < slots:
            raise ValueError("a step must take one token of every slot")
        self._slot_tokens = slot_tokens
        self._step_tokens = step_tokens
        self._worth_copying = worth_copying
        self._waiting: FairQueue[Text] = FairQueue()
        self._writing: dict[int, Text] = {}
        self._left: list[list[int]] = [[] for _ in range(slots)]
        """What lies in each slot that no text has."""
        self._free = set(range(slots))

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def writing(self) -> int:
        return len(self._writing)

    @property
    def idle(self) -> bool:
        return not self._writing and not len(self._waiting)

    def submit(self, text: Text) -> None:
        """Raises `ValueError` for one that no slot holds."""
        if not text.tokens or text.limit < 1 or text.prompt + text.limit > self._slot_tokens:
            raise ValueError(f"a text of {text.prompt} + {text.limit} tokens is not for a slot of {self._slot_tokens}")
        self._waiting.put(text.owner, text)

    def end(self, text: Text) -> None:
        """Its slot is free for the next plan. Does nothing for one that has ended."""
        if self._writing.get(text.slot) is text:
            del self._writing[text.slot]
            self._left[text.slot] = text.tokens[: text.computed]
            self._free.add(text.slot)
        else:
            self._waiting.remove(text.owner, text)

    def append(self, text: Text, token: int) -> bool:
        """Whether the text may go on; else it has reached its limit and is to be ended."""
        text.tokens.append(token)
        return text.written < text.limit

    def forget(self) -> list[Text]:
        """Ends all that write, as nobody knows what lies in any slot any more; returns them. Call after a failed step, and empty all
        slots."""
        lost = list(self._writing.values())
        for text in lost:
            self.end(text)
        self._left = [[] for _ in self._left]
        return lost

    def plan(self) -> Plan:
        moves = [*self._admit(), *self._close_gap()]
        chunks: list[Chunk] = []
        texts: list[Text] = []
        room = self._step_tokens - sum(1 for text in self._writing.values() if text.computed >= text.prompt)
        for _, text in sorted(self._writing.items()):
            missing = len(text.tokens) - text.computed
            # One that writes misses exactly the token chosen last, and its place in the step is kept.
            count = missing if text.computed >= text.prompt else min(missing, room)
            if count == 0:
                continue
            if text.computed < text.prompt:
                room -= count
            wants = count == missing
            chunks.append(Chunk(text.slot, text.computed, text.tokens[text.computed : text.computed + count], wants))
            text.computed += count
            if wants:
                texts.append(text)
        return Plan(tuple(moves), tuple(chunks), tuple(texts))

    def _admit(self) -> Iterator[Keep | Share]:
        while self._free and len(self._waiting):
            text = self._waiting.take()
            # The last token is always computed: its logits are wanted.
            wanted = text.tokens[:-1]
            alike = {slot: _alike(self._left[slot], wanted) for slot in self._free}
            own = max(alike, key=lambda slot: (alike[slot] if alike[slot] >= _WORTH_STAYING else 0, -slot))
            reused = alike[own]
            source, other = self._longest_elsewhere(wanted, own)
            self._free.remove(own)
            text.slot = own
            if other - reused >= self._worth_copying:
                yield Keep(own, 0)
                yield Share(source, own, other)
                reused = other
            elif self._left[own]:
                yield Keep(own, reused)
            text.computed = text.reused = reused
            self._left[own] = []
            self._writing[own] = text

    def _close_gap(self) -> Iterator[Keep | Share]:
        if not self._writing or not self._free or len(self._waiting):
            return
        gap, last = min(self._free), max(self._writing)
        text = self._writing[last]
        if gap > last or text.limit - text.written < _WORTH_MOVING or text.computed == 0:
            return
        yield Keep(gap, 0)
        yield Share(last, gap, text.computed)
        yield Keep(last, 0)
        del self._writing[last]
        self._free.remove(gap)
        self._free.add(last)
        self._left[gap], self._left[last] = [], []
        text.slot, self._writing[gap] = gap, text

    def _longest_elsewhere(self, wanted: Sequence[int], own: int) -> tuple[int, int]:
        """The slot whose text begins most alike, and how many tokens of it."""
        held = {slot: text.tokens[: text.computed] for slot, text in self._writing.items()}
        held |= {slot: self._left[slot] for slot in self._free if slot != own}
        best = max(held, key=lambda slot: _alike(held[slot], wanted), default=own)
        return best, _alike(held.get(best, ()), wanted)


def _alike(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens both begin with."""
    count = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        count += 1
    return count
