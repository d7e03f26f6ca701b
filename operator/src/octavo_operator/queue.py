"""Which generator is looked at next: each key at most once in the queue, never twice at work, later and later while it fails.

Adding is cheap and may happen at any time. A key that is added while it is at work is worked on once more afterwards; one that is added
with a delay while an earlier time is set keeps the earlier one. A handler that returns seconds is called again after them; one that
raises is called again after a pause that doubles, with jitter, up to a bound.
"""

from __future__ import annotations

import asyncio
import heapq
import random
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Item = TypeVar("Item", bound=Hashable)

_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 60.0
_MAX_FAILURES = 16


class Queue(Generic[Item]):
    """For one event loop."""

    def __init__(self, *, on_wait: Callable[[float], None] = lambda _: None) -> None:
        """`on_wait` hears how long each item was due before it was taken."""
        self._ready: deque[tuple[Item, float]] = deque()
        self._is_ready: set[Item] = set()
        self._due: dict[Item, float] = {}
        self._later: list[tuple[float, int, Item]] = []
        self._order = 0
        self._at_work: set[Item] = set()
        self._again: set[Item] = set()
        self._failures: dict[Item, int] = {}
        self._free = asyncio.Semaphore(0)
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = 0.0
        self._on_wait = on_wait

    def __len__(self) -> int:
        """Items that are due now and wait for a worker."""
        return len(self._ready)

    @property
    def at_work(self) -> int:
        return len(self._at_work)

    @property
    def delayed(self) -> int:
        return len(self._due)

    def add(self, item: Item, delay_s: float = 0.0) -> None:
        """To be worked on after `delay_s`, or earlier when an earlier time stands already."""
        if item in self._is_ready:
            return
        if delay_s <= 0:
            self._due.pop(item, None)
            self._make_ready(item)
            return
        at = self._now() + delay_s
        if at < self._due.get(item, float("inf")):
            self._due[item] = at
            self._order += 1
            heapq.heappush(self._later, (at, self._order, item))
            if len(self._later) > 2 * len(self._due) + 64:
                self._compact()
            self._set_timer()

    def forget(self, item: Item) -> None:
        """Nothing more is done for it, unless it is added again; what is at work ends."""
        self._due.pop(item, None)
        self._failures.pop(item, None)
        self._again.discard(item)

    def hurry(self) -> None:
        """What waits because it failed is tried now: what it failed for may be over."""
        for item in [item for item in self._due if item in self._failures]:
            self.add(item)

    async def work(self, handle: Callable[[Item], Awaitable[float | None]], workers: int) -> None:
        """Runs until cancelled. What is at work then is cancelled with it."""
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(self._worker(handle))

    async def _worker(self, handle: Callable[[Item], Awaitable[float | None]]) -> None:
        while True:
            await self._free.acquire()
            item, since = self._ready.popleft()
            self._is_ready.discard(item)
            self._at_work.add(item)
            self._on_wait(self._now() - since)
            pause: float | None = None
            try:
                pause = await handle(item)
                self._failures.pop(item, None)
            except Exception:  # the handler has said what it was; here it only counts
                failures = min(self._failures.get(item, 0) + 1, _MAX_FAILURES)
                self._failures[item] = failures
                pause = min(_FIRST_PAUSE_S * 2 ** (failures - 1), _LONGEST_PAUSE_S) * random.uniform(0.75, 1.25)
            finally:
                self._at_work.discard(item)
            if item in self._again:
                self._again.discard(item)
                self.add(item)
            elif pause is not None:
                self.add(item, pause)

    def failures(self, item: Item) -> int:
        """How often in a row it failed."""
        return self._failures.get(item, 0)

    def _make_ready(self, item: Item) -> None:
        if item in self._at_work:
            self._again.add(item)
            return
        self._is_ready.add(item)
        self._ready.append((item, self._now()))
        self._free.release()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _set_timer(self) -> None:
        while self._later and self._due.get(self._later[0][2]) != self._later[0][0]:
            heapq.heappop(self._later)
        if self._timer is not None:
            if self._later and self._rings_at <= self._later[0][0]:
                return
            self._timer.cancel()
            self._timer = None
        if self._later:
            self._rings_at = self._later[0][0]
            self._timer = asyncio.get_running_loop().call_at(self._rings_at, self._ring)

    def _ring(self) -> None:
        self._timer = None
        now = self._now()
        while self._later and self._later[0][0] <= now:
            at, _, item = heapq.heappop(self._later)
            if self._due.get(item) == at:
                del self._due[item]
                if item not in self._is_ready:
                    self._make_ready(item)
        self._set_timer()

    def _compact(self) -> None:
        self._later = [entry for entry in self._later if self._due.get(entry[2]) == entry[0]]
        heapq.heapify(self._later)
