"""Group commit: calls that come while a commit is under way wait and go together in the next one.

Alone, a call goes through at once. Under load the batch grows by itself to what arrives during one commit, and once calls come
in company a commit also lingers a few milliseconds for more of them: a transaction costs nearly the same for one job as for ten.

Any number of tasks of one event loop may call `submit`; one flush runs at a time. When the commit raises, every caller of that
batch gets the exception, and nothing of it may have been written (the committer is one transaction).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

LINGER_PER_CALL_S = 0.0002
LINGER_MAX_S = 0.005
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
        self._waiting: deque[tuple[Item, asyncio.Future[Outcome]]] = deque()
        self._flushing: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> Outcome:
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush())
        return await future

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
