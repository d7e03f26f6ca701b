"""How much is held, in memory: what every acceptance is measured against, and what the operator is told. One process writes, so
the sums are exact; they are read from the store once, at the start."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from octavo_activator import metrics
from octavo_activator.held import HeldJob
from octavo_activator.routes import Key
from octavo_activator.statements import Count


@dataclass(slots=True)
class Held:
    """Of one generator."""

    waiting: int = 0
    """Jobs that wait for its start; cancelled ones do not."""
    rows: int = 0
    since_ms: int | None = None
    """Since when some job has been waiting without a break."""
    due_at_ms: int | None = 0
    """When there is something to hand over next; None when nothing is, until something comes or changes."""


class Tally:
    def __init__(self) -> None:
        self._by_key: dict[Key, Held] = {}
        self.rows = 0
        self.bytes = 0

    def load(self, counts: Iterable[Count]) -> None:
        for count in counts:
            self._by_key[count.key] = Held(count.held, count.all, count.oldest_at if count.held else None)
            self.rows += count.all
            self.bytes += count.bytes
        self._measure()

    def of(self, key: Key) -> Held:
        """What is there now; for a key of which nothing is, an empty one that is nobody's."""
        return self._by_key.get(key) or Held(due_at_ms=None)

    def waiting(self) -> Iterator[tuple[Key, Held]]:
        return ((key, held) for key, held in self._by_key.items() if held.waiting)

    def add(self, jobs: Iterable[HeldJob]) -> None:
        """Before they are written: what is under way counts too."""
        for job in jobs:
            held = self._by_key.setdefault(job.key, Held())
            held.rows += 1
            held.waiting += 1
            held.since_ms = job.accepted_at if held.since_ms is None else held.since_ms
            self.rows += 1
            self.bytes += len(job.body)
        self._measure()

    def is_due(self, key: Key, now_ms: int) -> bool:
        due_at_ms = self.of(key).due_at_ms
        return due_at_ms is not None and due_at_ms <= now_ms

    def due_now(self, key: Key) -> None:
        """After something was written: whoever looked before may have missed it."""
        if (held := self._by_key.get(key)) is not None:
            held.due_at_ms = 0

    def end(self, job: HeldJob) -> None:
        """It does not wait any more and is kept."""
        held = self._by_key[job.key]
        held.waiting -= 1
        held.due_at_ms = 0
        self._settle(job.key, held)

    def remove(self, job: HeldJob) -> None:
        """It is not kept any more; `job` as it was last."""
        held = self._by_key[job.key]
        held.rows -= 1
        self.rows -= 1
        self.bytes -= len(job.body)
        if job.is_held:
            held.waiting -= 1
        self._settle(job.key, held)

    def _settle(self, key: Key, held: Held) -> None:
        if held.waiting == 0:
            held.since_ms = None
        if held.rows == 0:
            del self._by_key[key]
        self._measure()

    def _measure(self) -> None:
        metrics.HELD_JOBS.set(self.rows)
        metrics.HELD_BYTES.set(self.bytes)
