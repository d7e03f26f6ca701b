"""Knows how much work every generator has: asks often while there is work, seldom at rest.

One loop for all: who is due is asked, no more than so many at once, and each answer is kept until the next one. Whoever decides reads
the last answer and never waits; `news` tells which generator is worth another decision.
"""

from __future__ import annotations

import asyncio
import heapq
import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from octavo_core.telemetry.logs import get_service_logger
from octavo_operator.metrics import BACKLOG_FAILURES, BACKLOG_SECONDS
from octavo_operator.reach import Answer, Ask, Target
from octavo_operator.resource import Backlog, BacklogUnknown, Key
from octavo_operator.words import same_but_numbers

_log = get_service_logger(__name__)

_BEAT_S = 0.25
PATIENCE_S = 10.0
"""A trouble that the API itself tells of counts after so long: while stores and APIs start, it is over sooner."""

# ---- the schedule


def next_poll_s(quiet_s: float, *, busy_s: float = 2.0, idle_s: float = 10.0) -> float:
    """Seconds until the next question, without jitter: `busy_s` while there is work or just was, growing to `idle_s` at rest.

    `quiet_s`: how long the answers have been the same and spoken of no work.
    """
    return max(busy_s, min(idle_s, 0.2 * quiet_s))


def is_quiet(answer: Answer) -> bool:
    """Whether nothing is expected to move soon."""
    return isinstance(answer, BacklogUnknown) or (answer.open == 0 and answer.active_requests == 0)


def is_news(before: Answer | None, after: Answer) -> bool:
    """Whether a decision that was made on `before` may be another on `after`."""
    if isinstance(before, BacklogUnknown) and isinstance(after, BacklogUnknown):
        return before.said != after.said or not same_but_numbers(before.message, after.message)
    if not isinstance(before, Backlog) or not isinstance(after, Backlog):
        return True
    # The age of waiting jobs moves by itself; of requests only whether there are any counts.
    return after.queued > 0 or _substance(before) != _substance(after)


def _substance(backlog: Backlog) -> tuple[int, int, int, bool, str | None, str | None]:
    busy = backlog.active_requests > 0
    return (backlog.queued, backlog.running, backlog.delayed, busy, backlog.last_accepted_at, backlog.model_trouble)


# ---- the loop


@dataclass(slots=True)
class _Followed:
    target: Target
    ticket: int
    """Of its only valid entry in the heap; 0 while it is being asked."""
    quiet_since: float
    due: float = 0.0
    answer: Answer | None = None
    asked_at: float = float("-inf")
    said_since: float | None = None
    """Since when the API tells of trouble."""
    again: bool = False
    """Ask once more when the question under way is answered."""


class Backlogs:
    """`run` until cancelled; everything else returns at once and is called from the same event loop."""

    def __init__(
        self,
        ask: Ask,
        news: Callable[[Key], None],
        *,
        busy_s: float = 2.0,
        idle_s: float = 10.0,
        at_once: int = 64,
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = lambda: random.uniform(0.85, 1.15),
        keep: Callable[[Key], bool] = lambda _: True,
    ) -> None:
        """`keep`: whether a generator that is due is still ours to ask for; one that is not is forgotten."""
        self._ask = ask
        self._news = news
        self._busy_s = busy_s
        self._idle_s = idle_s
        self._patience_s = patience_s
        self._clock = clock
        self._jitter = jitter
        self._keep = keep
        self._followed: dict[Key, _Followed] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._tickets = 0
        self._earlier = asyncio.Event()
        self._at_once = asyncio.Semaphore(at_once)
        self._asking: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._followed)

    def follow(self, target: Target) -> None:
        """Asks for this generator from now on; a new one at once, one whose pods or readiness changed soon. Idempotent."""
        known = self._followed.get(target.key)
        if known is None:
            self._followed[target.key] = known = _Followed(target, 0, self._clock())
            self._schedule(known, 0.0)
        elif known.target != target:
            known.target = target
            self.hurry(target.key)

    def forget(self, key: Key) -> None:
        """It is gone, or sleeps. Its last answer goes too."""
        self._followed.pop(key, None)
        if len(self._heap) > 2 * len(self._followed) + 64:
            self._heap = [entry for entry in self._heap if self._is_valid(entry)]
            heapq.heapify(self._heap)

    def hurry(self, key: Key) -> None:
        """Something happened that its next answer will show."""
        known = self._followed.get(key)
        if known is None:
            return
        known.quiet_since = self._clock()
        if not known.ticket:
            known.again = True
        elif known.due > self._clock():
            self._schedule(known, 0.0)

    def latest(self, key: Key) -> Answer | None:
        """The last answer; None while there has been none."""
        known = self._followed.get(key)
        return None if known is None else known.answer

    def answered_at(self, key: Key) -> float:
        """When the question was asked that the last answer is to, by `clock`; minus infinity where there is none."""
        known = self._followed.get(key)
        return float("-inf") if known is None else known.asked_at

    async def run(self) -> None:
        """Never returns. What is being asked when it is cancelled is cancelled too."""
        try:
            while True:
                await self._wait_for_due()
                await self._at_once.acquire()
                known = self._take_due()
                if known is None:
                    self._at_once.release()
                    continue
                task = asyncio.create_task(self._question(known))
                self._asking.add(task)
                task.add_done_callback(self._asking.discard)
        finally:
            for task in self._asking:
                task.cancel()
            await asyncio.gather(*self._asking, return_exceptions=True)

    async def _question(self, known: _Followed) -> None:
        started, asked_at = time.perf_counter(), self._clock()
        try:
            answer = await self._ask(known.target)
        except Exception as error:
            _log.exception("backlog_question_broke", generator=str(known.target.key))
            answer = BacklogUnknown(f"the API could not be asked ({type(error).__name__})")
        finally:
            self._at_once.release()
        BACKLOG_SECONDS.observe(time.perf_counter() - started)
        if isinstance(answer, BacklogUnknown):
            BACKLOG_FAILURES.inc()
        key = known.target.key
        if self._followed.get(key) is not known:
            return
        answer = self._patiently(known, answer)
        before, known.answer, known.asked_at = known.answer, answer, asked_at
        changed, now = is_news(before, answer), self._clock()
        if changed or not is_quiet(answer):
            known.quiet_since = now
        wait = 0.0 if known.again else next_poll_s(now - known.quiet_since, busy_s=self._busy_s, idle_s=self._idle_s) * self._jitter()
        known.again = False
        self._schedule(known, wait)
        if changed:
            self._news(key)

    def _patiently(self, known: _Followed, answer: Answer) -> Answer:
        if not isinstance(answer, BacklogUnknown) or not answer.said:
            known.said_since = None
            return answer
        now = self._clock()
        known.said_since = now if known.said_since is None else known.said_since
        return answer if now - known.said_since >= self._patience_s else replace(answer, said=False)

    # ---- who is due

    def _schedule(self, known: _Followed, wait_s: float) -> None:
        self._tickets += 1
        known.ticket = self._tickets
        known.due = self._clock() + wait_s
        if wait_s > 1.0:
            # Together with others: a process that wakes up four times a second costs less than one that does a hundred times.
            known.due = math.ceil(known.due / _BEAT_S) * _BEAT_S
        entry = (known.due, known.ticket, known.target.key)
        heapq.heappush(self._heap, entry)
        if self._heap[0] is entry:
            self._earlier.set()

    def _is_valid(self, entry: tuple[float, int, Key]) -> bool:
        known = self._followed.get(entry[2])
        return known is not None and known.ticket == entry[1]

    def _take_due(self) -> _Followed | None:
        while self._heap and self._heap[0][0] <= self._clock():
            entry = heapq.heappop(self._heap)
            if self._is_valid(entry):
                if not self._keep(entry[2]):
                    self.forget(entry[2])
                    continue
                known = self._followed[entry[2]]
                known.ticket = 0
                return known
        return None

    async def _wait_for_due(self) -> None:
        while True:
            while self._heap and not self._is_valid(self._heap[0]):
                heapq.heappop(self._heap)
            wait = self._heap[0][0] - self._clock() if self._heap else math.inf
            if wait <= 0:
                return
            self._earlier.clear()
            try:
                async with asyncio.timeout(None if wait == math.inf else wait):
                    await self._earlier.wait()
            except TimeoutError:
                pass
