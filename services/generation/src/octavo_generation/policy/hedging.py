"""Hedging, where the resource asks for it: who has not answered after so many seconds gets company from the next, at most two at a time,
and the first answer counts (of streams the first to say anything). The other is cancelled, and counts in full."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic

from octavo_generation.policy.calls import Call, Done, PassedOver, announce, most_helpful, tried_of
from octavo_generation.policy.purse import Purse
from octavo_generation.policy.upstream import Given, Hearing, Question, Upstream
from octavo_generation.providers.port import OnText


class Race(Generic[Given]):
    """One call with hedging. The tasks that lose go into `losers`, whose owner waits for them when it closes."""

    def __init__(
        self,
        question: Question[Given],
        call: Call,
        candidates: Sequence[Upstream],
        on_text: OnText | None,
        purse: Purse,
        hedge_after_s: float,
        losers: set[asyncio.Task[Any]],
    ) -> None:
        self._question: Question[Given] = question
        self._call = call
        self._waiting: Iterator[Upstream] = iter(candidates)
        self._left = len(candidates)
        self._on_text = on_text
        self._purse = purse
        self._hedge_after_s = hedge_after_s
        self._losers = losers
        self._passed: list[PassedOver] = []
        self._running: dict[asyncio.Task[Done[Given]], Upstream] = {}
        self._speaker: asyncio.Task[Done[Given]] | None = None
        """Whose text is heard. Nobody else is asked meanwhile."""
        self._hedge_at = 0.0

    async def run(self) -> Done[Given]:
        try:
            while True:
                if not self._running:
                    if self._left == 0:
                        raise most_helpful(self._passed)
                    self._start()
                    self._hedge_at = time.monotonic() + self._hedge_after_s
                done, _ = await asyncio.wait(self._running, timeout=self._seconds_until_hedge(), return_when=asyncio.FIRST_COMPLETED)
                if not done and self._speaker is None:
                    self._start()
                for task in done:
                    answer = self._end(task)
                    if answer is not None:
                        return answer
        finally:
            self._dismiss(self._running)

    def _start(self) -> None:
        upstream = next(self._waiting)
        self._left -= 1
        announce(upstream.name, self._call, self._passed)
        task: asyncio.Task[Done[Given]]

        def hear(text: str) -> None:
            self._hear(task, text)

        hearing = Hearing(None if self._on_text is None else hear)
        task = asyncio.create_task(upstream.ask(self._question, self._call, self._purse, hearing, tried_of(self._passed)))
        self._running[task] = upstream

    def _seconds_until_hedge(self) -> float | None:
        if self._speaker is not None or self._left == 0 or len(self._running) > 1:
            return None
        return max(0.0, self._hedge_at - time.monotonic())

    def _hear(self, task: asyncio.Task[Done[Given]], text: str) -> None:
        if self._speaker is None:
            self._speaker = task
            self._dismiss([other for other in self._running if other is not task])
        if self._speaker is task and self._on_text is not None:
            self._on_text(text)

    def _end(self, task: asyncio.Task[Done[Given]]) -> Done[Given] | None:
        """The answer, None where the next may answer; raises what ends the matter."""
        upstream = self._running.pop(task, None)
        if upstream is None:
            # It was dismissed in the moment in which it ended.
            return None
        try:
            return task.result()
        except PassedOver as reason:
            self._passed.append(reason)
            if self._speaker is task:
                self._speaker = None
                self._call.restarted(upstream.name)
            return None

    def _dismiss(self, tasks: Iterable[asyncio.Task[Done[Given]]]) -> None:
        for task in list(tasks):
            self._running.pop(task, None)
            task.cancel()
            self._losers.add(task)
            task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[Done[Given]]) -> None:
        self._losers.discard(task)
        if not task.cancelled():
            # Asked for, because nobody else does, and asyncio would complain.
            task.exception()
