"""How many may wait at once, and until when: each holds a connection and memory, and who does not fit is told so at once."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

from octavo_activator import metrics
from octavo_core.errors import Unavailable


class Room:
    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0
        self.answer_by = math.inf
        """Until when (`time.monotonic`) anyone may wait; a process that is about to end moves it up."""

    def left(self, deadline: float, *, most: float = 1.0) -> float:
        """Seconds until then, or until nobody may wait any more; not many at once, so that whoever waits asks again."""
        return min(deadline - time.monotonic(), self.answer_by - time.monotonic(), most)

    @property
    def is_full(self) -> bool:
        return self._taken >= self._most

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Raises `Unavailable` when it is full."""
        if self.is_full:
            metrics.REFUSED.labels("too_many_waiting").inc()
            raise Unavailable("too many requests wait for generators that start; try again later", retry_after=5)
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1
