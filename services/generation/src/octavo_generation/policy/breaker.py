"""The circuit breaker of one provider (Nygard, "Release It!"): a state machine that is told what happened, and acts on nothing.

    closed ──N failures in a row──▶ open ──open_seconds──▶ half-open: one call is let through
       ▲                             ▲                          │
       └────── it is answered ───────┼──────────────────────────┤
                                     └───────── it fails ───────┘

Failures are what another call would meet too: unavailable, no answer in time, an answer that is none. A refusal of one request, or of
its content, is an answer: who gives it is there.

Each worker process has its own, and none is shared through Redis: asking there would cost every call a round trip, and a worker
whose own network is broken would close the provider for all the others. What that costs is N failures per worker.

Not for several threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from octavo_core.clock import Clock

State = Literal["closed", "open", "half-open"]


@dataclass(frozen=True, slots=True)
class Ticket:
    """Of a call that was let through; one of the three reports must be made with it, once. What calls from before the circuit last
    changed say is not heard: they met another state of the upstream."""

    era: int


class CircuitBreaker:
    def __init__(self, *, failures: int, open_seconds: float, clock: Clock) -> None:
        self._failures = failures
        self._open_ms = round(open_seconds * 1000)
        self._clock = clock
        self._in_a_row = 0
        self._opened_at: int | None = None
        self._probing = False
        self._era = 0

    @property
    def state(self) -> State:
        if self._opened_at is None:
            return "closed"
        return "open" if self._clock.now_ms() < self._opened_at + self._open_ms else "half-open"

    @property
    def failures_in_a_row(self) -> int:
        return self._in_a_row

    @property
    def lets_through(self) -> bool:
        """Whether `enter` would give a ticket now."""
        return self.state == "closed" or (self.state == "half-open" and not self._probing)

    @property
    def seconds_left(self) -> float:
        """Until a call may be let through; 0 where one may be now, or a probe is under way."""
        if self._opened_at is None:
            return 0.0
        return max(0, self._opened_at + self._open_ms - self._clock.now_ms()) / 1000

    def enter(self) -> Ticket | None:
        """None: the provider is to be left alone."""
        if not self.lets_through:
            return None
        if self.state == "half-open":
            self._probing = True
        return Ticket(self._era)

    def answered(self, ticket: Ticket) -> None:
        if ticket.era != self._era:
            return
        if self._opened_at is not None:
            self._era += 1
        self._opened_at, self._probing, self._in_a_row = None, False, 0

    def failed(self, ticket: Ticket) -> None:
        if ticket.era != self._era:
            return
        self._in_a_row += 1
        if self._opened_at is not None or self._in_a_row >= self._failures:
            self._era += 1
            self._opened_at, self._probing = self._clock.now_ms(), False

    def abandoned(self, ticket: Ticket) -> None:
        """The call ended without telling anything: cancelled, or never made."""
        if ticket.era == self._era:
            self._probing = False
