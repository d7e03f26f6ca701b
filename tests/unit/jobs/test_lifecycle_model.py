"""A job's life under causes in any order, against a model of a few lines."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.unit.jobs.making import NOW, queued

from octavo_jobs import lifecycle
from octavo_jobs.lifecycle import Failure, Job, Policy, Refusal, State

attempts = st.integers(-2, 1)
"""Who speaks, counted from the attempt that holds the job."""


class JobLife(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.chance = random.Random(0)
        self.job = queued()
        self.ended: Job | None = None
        self.ends = 0
        self.results = 0

    @initialize(max_attempts=st.integers(1, 4), lease_ms=st.integers(1, 20_000))
    def accept(self, max_attempts: int, lease_ms: int) -> None:
        self.job = queued(policy=Policy(max_attempts=max_attempts, lease_ms=lease_ms))

    @rule(ms=st.integers(0, 90_000))
    def time_passes(self, ms: int) -> None:
        self.now += ms

    @rule()
    def claim(self) -> None:
        moved = self.take(lifecycle.claim(self.job, worker="w", now=self.now))
        assert moved is None or moved.lease_until == self.now + moved.policy.lease_ms

    @rule(by=attempts, n=st.integers())
    def succeed(self, by: int, n: int) -> None:
        marked = self.job.cancel_requested
        moved = self.take_of(by, lifecycle.succeed(self.job, attempt=self.job.attempt + by, result=str(n), now=self.now))
        if moved is not None:
            assert moved.state is (State.CANCELLED if marked else State.SUCCEEDED)
            assert moved.result == (None if marked else str(n))
            self.results += not marked

    @rule(by=attempts, retryable=st.booleans(), after=st.none() | st.integers(0, 5_000))
    def fail(self, by: int, retryable: bool, after: int | None) -> None:
        failure = Failure('{"error":"boom"}', retryable, after)
        self.take_of(by, lifecycle.fail(self.job, attempt=self.job.attempt + by, failure=failure, now=self.now, chance=self.chance))

    @rule(by=attempts)
    def hand_back(self, by: int) -> None:
        failures = self.job.failures
        moved = self.take_of(by, lifecycle.hand_back(self.job, attempt=self.job.attempt + by, now=self.now))
        assert moved is None or moved.failures == failures

    @rule(by=attempts)
    def confirm_cancel(self, by: int) -> None:
        self.take_of(by, lifecycle.confirm_cancel(self.job, attempt=self.job.attempt + by, now=self.now))

    @rule()
    def lose(self) -> None:
        held = self.job.lease_until is not None and self.job.lease_until > self.now
        moved = self.take(lifecycle.lose(self.job, now=self.now, chance=self.chance))
        assert not (held and moved), "a lease that holds is taken from nobody"

    @rule()
    def cancel(self) -> None:
        was_running = self.job.state is State.RUNNING
        moved = lifecycle.cancel(self.job, now=self.now)
        if was_running:
            assert isinstance(moved, Job)
            assert moved == replace(self.job, cancel_requested=True, updated_at=self.now)
            self.job = moved
        else:
            self.take(moved)

    @rule(by=attempts)
    def renew(self, by: int) -> None:
        renewed = lifecycle.renew(self.job, attempt=self.job.attempt + by, now=self.now)
        if isinstance(renewed, Job):
            assert by == 0
            assert renewed.version == self.job.version
            self.job = renewed

    @rule()
    def replay(self) -> None:
        moved = lifecycle.replay(self.job, now=self.now)
        if isinstance(moved, Job):
            assert self.job.state in (State.FAILED, State.CANCELLED)
            self.ended = None
            self.take(moved)

    def take_of(self, by: int, moved: Job | Refusal) -> Job | None:
        """A move that only the owning attempt may make."""
        if isinstance(moved, Job):
            assert by == 0
            assert self.job.state is State.RUNNING
        return self.take(moved)

    def take(self, moved: Job | Refusal) -> Job | None:
        if isinstance(moved, Refusal):
            return None
        assert self.ended is None, "an ended job moved"
        assert moved.version == self.job.version + 1
        assert moved.attempt >= self.job.attempt
        assert moved.publish_due is not None, "a transition that nobody would publish"
        if moved.state.ended:
            self.ended, self.ends = moved, self.ends + 1
        self.job = moved
        return moved

    @invariant()
    def an_ended_job_stays_as_it_ended(self) -> None:
        assert self.ended is None or self.job == self.ended
        assert self.results <= 1
        assert (self.job.result is not None) == (self.job.state is State.SUCCEEDED)
        assert (self.job.ended_at is not None) == (self.job.expires_at is not None) == self.job.state.ended

    @invariant()
    def failures_stay_within_the_policy(self) -> None:
        assert self.job.failures <= self.job.policy.max_attempts
        assert self.job.failures <= self.job.attempt

    @invariant()
    def somebody_remembers_a_job_that_has_not_ended(self) -> None:
        appointments = {
            State.QUEUED: (self.job.ring_due is not None, self.job.lease_until is None),
            State.RUNNING: (self.job.lease_until is not None, self.job.ring_due is None),
        }
        assert all(appointments.get(self.job.state, (self.job.lease_until is None, self.job.ring_due is None)))

    @invariant()
    def only_a_running_job_has_a_worker_waiting_for_its_cancel(self) -> None:
        if self.job.state is State.QUEUED:
            assert not self.job.cancel_requested


JobLife.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestJobLife = JobLife.TestCase
