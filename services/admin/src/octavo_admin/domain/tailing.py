"""Live lines for one reader: a follower that fills a bounded queue, and a reader that empties it at its own pace."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

import structlog

from octavo_admin.domain.log_lines import LogLine, LogQuery
from octavo_admin.domain.ports import LogSource
from octavo_core.errors import OctavoError, Throttled
from octavo_jobs.ending import end_task

log = structlog.get_logger(__name__)

WAITING_MAX = 1_000
"""Lines that wait for a slow reader; at the next one the tail ends with a notice, and nobody else is kept waiting."""


@dataclass(frozen=True, slots=True)
class TailEnd:
    reason: Literal["lagged", "source_ended"]
    message: str


class Tails:
    """Of one process. At most `at_once` are open."""

    def __init__(self, source: LogSource, *, at_once: int) -> None:
        self._source = source
        self._at_once = at_once
        self._open = 0

    @asynccontextmanager
    async def open(self, query: LogQuery) -> AsyncIterator[Tail]:
        """Every line that is written from here on is in it. Raises `Throttled` when as many as may be are open, and what the source
        raises."""
        if self._open >= self._at_once:
            raise Throttled(f"{self._at_once} tails are open already; close one", retry_after=10)
        self._open += 1
        try:
            async with self._source.follow(query) as lines:
                tail = Tail(lines)
                try:
                    yield tail
                finally:
                    await tail.close()
        finally:
            self._open -= 1


class Tail:
    def __init__(self, lines: AsyncIterator[LogLine]) -> None:
        self._waiting: asyncio.Queue[LogLine | TailEnd] = asyncio.Queue()
        self._filling = asyncio.create_task(self._fill(lines), name="follow logs")

    async def get(self, timeout_s: float) -> LogLine | TailEnd | None:
        """The next line; None when none came in time. The end comes once, after all lines of before."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                return await self._waiting.get()
        return None

    @property
    def ended(self) -> bool:
        """Whether no more will come than what waits."""
        return self._filling.done()

    async def close(self) -> None:
        await end_task(self._filling)

    async def _fill(self, lines: AsyncIterator[LogLine]) -> None:
        end = TailEnd("source_ended", "the source of the logs has ended; open it again")
        try:
            async for line in lines:
                if self._waiting.qsize() >= WAITING_MAX:
                    end = TailEnd("lagged", f"{WAITING_MAX} lines wait to be read; read faster, or ask for fewer")
                    break
                self._waiting.put_nowait(line)
        except OctavoError as error:
            end = TailEnd("source_ended", error.message)
        except Exception:
            log.exception("a tail failed")
        self._waiting.put_nowait(end)
