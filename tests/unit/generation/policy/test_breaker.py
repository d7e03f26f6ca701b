"""The circuit breaker as a state machine: what it lets through, and that no order of reports confuses it."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule

from octavo_core.clock import ManualClock
from octavo_generation.policy.breaker import CircuitBreaker, Ticket

FAILURES, OPEN_S = 3, 30


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def breaker(clock: ManualClock) -> CircuitBreaker:
    return CircuitBreaker(failures=FAILURES, open_seconds=OPEN_S, clock=clock)


def enter(breaker: CircuitBreaker) -> Ticket:
    ticket = breaker.enter()
    assert ticket is not None
    return ticket


def break_it(breaker: CircuitBreaker) -> None:
    for _ in range(FAILURES):
        breaker.failed(enter(breaker))


def test_it_opens_after_so_many_failures_in_a_row(breaker: CircuitBreaker) -> None:
    for _ in range(FAILURES - 1):
        breaker.failed(enter(breaker))
    assert breaker.state == "closed"
    breaker.failed(enter(breaker))
    assert breaker.state == "open"
    assert breaker.enter() is None
    assert breaker.seconds_left == OPEN_S
    assert breaker.failures_in_a_row == FAILURES


def test_an_answer_between_failures_begins_the_row_anew(breaker: CircuitBreaker) -> None:
    for _ in range(10):
        for _ in range(FAILURES - 1):
            breaker.failed(enter(breaker))
        breaker.answered(enter(breaker))
    assert breaker.state == "closed"


def test_half_open_lets_exactly_one_call_through(breaker: CircuitBreaker, clock: ManualClock) -> None:
    break_it(breaker)
    clock.advance(OPEN_S - 0.001)
    assert breaker.enter() is None
    clock.advance(0.001)
    probe = enter(breaker)
    assert [breaker.enter() for _ in range(5)] == [None] * 5
    breaker.answered(probe)
    assert breaker.state == "closed"
    assert breaker.failures_in_a_row == 0


def test_a_probe_that_fails_opens_it_for_as_long_again(breaker: CircuitBreaker, clock: ManualClock) -> None:
    break_it(breaker)
    clock.advance(OPEN_S)
    probe = enter(breaker)
    clock.advance(7)
    breaker.failed(probe)
    assert breaker.state == "open"
    assert breaker.seconds_left == OPEN_S


def test_a_probe_that_was_cancelled_makes_room_for_another(breaker: CircuitBreaker, clock: ManualClock) -> None:
    break_it(breaker)
    clock.advance(OPEN_S)
    breaker.abandoned(enter(breaker))
    assert breaker.state == "half-open"
    breaker.answered(enter(breaker))
    assert breaker.state == "closed"


def test_calls_from_before_it_opened_say_nothing_about_now(breaker: CircuitBreaker, clock: ManualClock) -> None:
    early = [enter(breaker) for _ in range(FAILURES + 4)]
    for ticket in early[:FAILURES]:
        breaker.failed(ticket)
    clock.advance(OPEN_S - 1)
    breaker.failed(early[FAILURES])
    assert breaker.seconds_left == 1, "a late failure does not keep it open for longer"
    breaker.answered(early[FAILURES + 1])
    assert breaker.state == "open", "nor does a late answer close it"
    clock.advance(1)
    probe = enter(breaker)
    breaker.abandoned(early[FAILURES + 2])
    assert breaker.enter() is None, "nor does it take the probe's place away"
    breaker.answered(probe)
    for _ in range(2):
        breaker.failed(early[FAILURES + 3])
    assert breaker.failures_in_a_row == 0


class Breaking(RuleBasedStateMachine):
    """Against a model in the plainest words, with calls that overlap and report in any order."""

    calls = Bundle("calls")

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.breaker = CircuitBreaker(failures=FAILURES, open_seconds=OPEN_S, clock=self.clock)
        self.in_a_row = 0
        self.open_until: int | None = None
        self.probe: Ticket | None = None
        self.fresh: list[Ticket] = []
        """Calls let through since the state last changed."""

    @property
    def is_open(self) -> bool:
        return self.open_until is not None and self.clock.now_ms() < self.open_until

    @rule(target=calls)
    def call(self) -> Ticket | None:
        ticket = self.breaker.enter()
        expected = not self.is_open and (self.open_until is None or self.probe is None)
        assert (ticket is not None) == expected
        if ticket is not None:
            self.fresh.append(ticket)
            if self.open_until is not None:
                self.probe = ticket
        return ticket

    @rule(ticket=consumes(calls))
    def answer(self, ticket: Ticket | None) -> None:
        if ticket is None:
            return
        self.breaker.answered(ticket)
        if self.is_fresh(ticket):
            if self.open_until is not None:
                self.fresh = []
            self.in_a_row, self.open_until, self.probe = 0, None, None

    @rule(ticket=consumes(calls))
    def fail(self, ticket: Ticket | None) -> None:
        if ticket is None:
            return
        self.breaker.failed(ticket)
        if self.is_fresh(ticket):
            self.in_a_row += 1
            if self.open_until is not None or self.in_a_row >= FAILURES:
                self.open_until, self.probe, self.fresh = self.clock.now_ms() + OPEN_S * 1000, None, []

    @rule(ticket=consumes(calls))
    def cancel(self, ticket: Ticket | None) -> None:
        if ticket is None:
            return
        self.breaker.abandoned(ticket)
        if self.is_fresh(ticket):
            self.probe = None

    @precondition(lambda self: self.open_until is not None)
    @rule(seconds=st.sampled_from([0.5, 10, OPEN_S]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @invariant()
    def the_states_agree(self) -> None:
        expected = "closed" if self.open_until is None else "open" if self.is_open else "half-open"
        assert self.breaker.state == expected
        assert self.breaker.failures_in_a_row == self.in_a_row
        assert self.breaker.lets_through == (expected == "closed" or (expected == "half-open" and self.probe is None))
        assert (self.breaker.seconds_left > 0) == (expected == "open")

    def is_fresh(self, ticket: Ticket) -> bool:
        return any(ticket is one for one in self.fresh)


TestBreaking = Breaking.TestCase
