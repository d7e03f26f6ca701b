"""How often each caller may ask: a token bucket a caller, in this process's memory, without a lock and without an await.

A bucket is one number, the moment at which it will be full again (GCRA, ITU-T I.371), so that nothing has to be refilled. The `limits`
library, which auth counts with, keeps a lock and a timer beside the same number and costs each request ten times as much.
"""

from __future__ import annotations

from collections import OrderedDict

KEPT = 65_536


class TokenBuckets:
    """`per_minute` in the long run, `burst` at once. Remembers the `kept` callers that asked last; one that is forgotten has a full bucket
    again. For one event loop."""

    def __init__(self, per_minute: int, burst: int, *, kept: int = KEPT) -> None:
        self._gap = 60.0 / per_minute
        # A little more, for what additions round off.
        self._depth = (burst + 0.1) * self._gap
        self._kept = kept
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, who: str, now: float) -> float:
        """0.0, and there is one token less; or in how many seconds there will be one, and nothing is taken. `now` in seconds of a clock
        that never goes back."""
        full_at = self._full_at.get(who, 0.0)
        full_at = (full_at if full_at > now else now) + self._gap
        if full_at - now > self._depth:
            return full_at - now - self._depth
        self._full_at[who] = full_at
        self._full_at.move_to_end(who)
        if len(self._full_at) > self._kept:
            self._full_at.popitem(last=False)
        return 0.0
