"""Waiting for upstreams that take their time: until a task is done, for several calls at once, never beyond a deadline.

A look that finds the upstream down is no failure of the task: it is looked again, and only `PATIENCE` such looks in a row end the
wait. Everything else that a look raises ends it at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from typing import Any, TypeVar

from octavo_core.errors import ProviderTimeout, ProviderUnavailable
from octavo_generation.providers.port import OnStage

FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 3.0
PATIENCE = 3

Found = TypeVar("Found")


def pause_after(waited_s: float) -> float:
    """Seconds until the next look: an eighth of what has been waited already, so that what is done is found at most that much late,
    and a task of minutes is not asked about hundreds of times."""
    return min(max(FIRST_PAUSE_S, waited_s / 8), LONGEST_PAUSE_S)


async def until_done(look: Callable[[], Awaitable[Found | None]]) -> Found:
    """Looks until there is something. An upstream that says when to come back is not asked before."""
    began, down, rest = time.monotonic(), 0, 0.0
    while True:
        await asyncio.sleep(max(pause_after(time.monotonic() - began), rest))
        try:
            found = await look()
        except ProviderUnavailable as error:
            down, rest = down + 1, error.retry_after or 0.0
            if down == PATIENCE:
                raise
        else:
            if found is not None:
                return found
            down, rest = 0, 0.0


@contextlib.asynccontextmanager
async def within(seconds: float, provider: str) -> AsyncIterator[None]:
    """Raises `ProviderTimeout` when what is inside is not done in time; it is cancelled then."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise ProviderTimeout(f"{provider} did not finish in {seconds:g} s", provider=provider) from None


async def side_by_side(calls: Iterable[Coroutine[Any, Any, Found]]) -> tuple[Found, ...]:
    """All results, in order. The first failure ends the other calls, and comes out as itself."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(call) for call in calls]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return tuple(task.result() for task in tasks)


class Stages:
    """What several calls at once tell of themselves, as one: the stage of the one that is least far, and the mean of how far they are
    in it. `words` are the stages in their order."""

    def __init__(self, on_stage: OnStage | None, words: tuple[str, ...], count: int) -> None:
        self._on_stage = on_stage
        self._words = words
        self._at = [0] * count
        self._far: list[float | None] = [None] * count
        self._told: tuple[int, float | None] | None = None

    def tell(self, call: int, stage: str, far: float | None = None) -> None:
        self._at[call], self._far[call] = self._words.index(stage), far
        least = min(self._at)
        told = [1.0 if at > least else far or 0.0 for at, far in zip(self._at, self._far, strict=True)]
        known = any(at == least and far is not None for at, far in zip(self._at, self._far, strict=True))
        now = (least, sum(told) / len(told) if known else None)
        if self._on_stage is not None and now != self._told:
            self._told = now
            self._on_stage(self._words[least], now[1])
