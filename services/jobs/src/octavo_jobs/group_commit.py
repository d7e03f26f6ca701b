"""Group commit: calls that come while a commit is under way wait and go together in the next one.

Alone, a call goes through at once. Under load the batch grows by itself to what arrives during one commit, and once calls come
in company a commit also lingers a few milliseconds for more of them: a transaction costs nearly the same for one job as for ten.

Any number of tasks of one event loop may call `submit`; one commit runs at a time. A call that finds nobody else, nor anyone shortly
before it, commits in its own task: each hand-over to another task is a turn of the event loop that a lone job would wait for.
Cancelled in the middle, it takes its own item along and nobody else's. When a commit raises, every caller of that batch gets the
exception, and nothing of it may have been written (the committer is one transaction).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

LINGER_PER_CALL_S = 0.0001
LINGER_MAX_S = 0.002
COMPANY = 2
"""How many calls in the last batch mean load …"""
RECENT_S = 0.05
"""… while it is no longer ago than this: the first call after a pause waits for nobody."""


class GroupCommit(Generic[Item, Outcome]):
    def __init__(
        self, commit: Callable[[Sequence[Item]], Awaitable[Sequence[Outcome]]], *, max_batch: int = 256, linger_max_s: float = LINGER_MAX_S
    ) -> None:
        """`commit` gets 1..max_batch items and returns as many outcomes in the same order."""
        self._commit = commit
        self._max_batch = max_batch
        self._linger_max_s = linger_max_s
        self._company = 0
        self._flushed_at = 0.0
        self._submitted_at = 0.0
        self._waiting: deque[tuple[Item, asyncio.Future[Outcome]]] = deque()
        self._flushing: asyncio.Task[None] | None = None
        self._alone = False

    async def submit(self, item: Item) -> Outcome:
        loop = asyncio.get_running_loop()
        rest_s, self._submitted_at = loop.time() - self._submitted_at, loop.time()
        if rest_s > RECENT_S / 2 and self._flushing is None and not self._alone:
            return await self._commit_alone(item)
        future: asyncio.Future[Outcome] = loop.create_future()
        self._waiting.append((item, future))
        if self._flushing is None and not self._alone:
            self._flushing = asyncio.create_task(self._flush())
        return await future

    async def _commit_alone(self, item: Item) -> Outcome:
        self._alone = True
        try:
            outcomes = await self._commit([item])
            if len(outcomes) != 1:
                raise ValueError(f"1 items were committed with {len(outcomes)} outcomes")
            return outcomes[0]
        finally:
            self._alone = False
            self._company = 1
            if self._waiting:
                self._flushing = asyncio.create_task(self._flush())

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                busy = self._company >= COMPANY and loop.time() - self._flushed_at < RECENT_S
                if busy and len(self._waiting) < self._max_batch:
                    await asyncio.sleep(min(self._company * LINGER_PER_CALL_S, self._linger_max_s))
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._max_batch))]
                self._company = len(batch)
                try:
                    outcomes = await self._commit([item for item, _ in batch])
                    if len(outcomes) != len(batch):
                        raise ValueError(f"{len(batch)} items were committed with {len(outcomes)} outcomes")
                    self._flushed_at = loop.time()
                except BaseException as error:
                    for _, future in batch:
                        if not future.done():
                            future.set_exception(error)
                    if not isinstance(error, Exception):
                        raise
                    continue
                for (_, future), outcome in zip(batch, outcomes, strict=True):
                    if not future.done():
                        future.set_result(outcome)
        finally:
            self._flushing = None
