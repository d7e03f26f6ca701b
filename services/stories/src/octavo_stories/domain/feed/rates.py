"""How often one person may publish, comment and report, counted in each process apart; the door of the process counts all requests."""

from __future__ import annotations

import time
from collections.abc import Callable

from octavo_core.errors import Throttled
from octavo_core.http.rates import TokenBuckets


class Rates:
    """`per_minute` of each kind of deed in the long run, `burst` at once."""

    def __init__(self, per_minute: int, burst: int, *, now: Callable[[], float] = time.monotonic) -> None:
        self._buckets = TokenBuckets(per_minute, burst)
        self._now = now

    def take(self, deed: str, user: str) -> None:
        """Raises `Throttled`, and says when to come back."""
        wait_s = self._buckets.take(f"{deed}\n{user}", self._now())
        if wait_s:
            raise Throttled("that was too much at once; try it again later", retry_after=wait_s)
