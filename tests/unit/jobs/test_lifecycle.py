"""Every state with every cause, as a table."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.unit.jobs.making import NOW, queued

from octavo_jobs import lifecycle
from octavo_jobs.lifecycle import (
    ENDED,
    PUBLISH_GRACE_MS,
    RING_AGAIN_MAX_MS,
    RING_GRACE_MS,
    WORKER_LOST,
    Failure,
    Job,
    Policy,
    Refusal,
    State,
)

CHANCE = random.Random(7)
LATER = NOW + 60_000
BOOM = Failure('{"error":"boom"}', retryable=True)
FATAL = Failure('{"error":"fatal"}', retryable=False)


def done(move: Job | Refusal) -> Job:
    assert isinstance(move, Job), move
    return move


WAITING = queued()
DELAYED = queued(available_at=LATER + 1, ring_due=LATER + 1, attempt=1, failures=1, version=3, started_at=NOW)
RUNNING = done(lifecycle.claim(WAITING, worker="w1", now=NOW))
OVERDUE = replace(RUNNING, lease_until=LATER)
MARKED = done(lifecycle.cancel(RUNNING, now=NOW))
MARKED_OVERDUE = replace(MARKED, lease_until=LATER)
LAST_TRY = replace(OVERDUE, failures=2)
SUCCEEDED = done(lifecycle.succeed(RUNNING, attempt=1, result='{"n":1}', now=NOW))
FAILED = done(lifecycle.fail(RUNNING, attempt=1, failure=FATAL, now=NOW, chance=CHANCE))
CANCELLED = done(lifecycle.cancel(WAITING, now=NOW))

Cause = Callable[[Job], Job | Refusal]

CAUSES: dict[str, Cause] = {
    "claim": lambda job: lifecycle.claim(job, worker="w2", now=LATER),
    "succeed": lambda job: lifecycle.succeed(job, attempt=1, result='{"n":2}', now=LATER),
    "fail, may pass": lambda job: lifecycle.fail(job, attempt=1, failure=BOOM, now=LATER, chance=CHANCE),
    "fail for good": lambda job: lifecycle.fail(job, attempt=1, failure=FATAL, now=LATER, chance=CHANCE),
    "lose": lambda job: lifecycle.lose(job, now=LATER, chance=CHANCE),
    "hand back": lambda job: lifecycle.hand_back(job, attempt=1, now=LATER),
    "cancel": lambda job: lifecycle.cancel(job, now=LATER),
    "confirm cancel": lambda job: lifecycle.confirm_cancel(job, attempt=1, now=LATER),
    "replay": lambda job: lifecycle.replay(job, now=LATER),
    "renew": lambda job: lifecycle.renew(job, attempt=1, now=LATER),
}

Q, R, S, F, C = State.QUEUED, State.RUNNING, State.SUCCEEDED, State.FAILED, State.CANCELLED
NOT, FENCED, OVER, ALIVE, HELD = Refusal.NOT_CLAIMABLE, Refusal.FENCED, Refusal.ENDED, Refusal.NOT_DEAD, Refusal.LEASE_HOLDS
HOLDING = replace(RUNNING, lease_until=LATER + 1)

TABLE: dict[str, tuple[Job, dict[str, State | Refusal]]] = {
    #                                       claim  succeed  may pass  for good  lose  hand back  cancel  confirm  replay  renew
    "queued": (WAITING, dict(zip(CAUSES, (R, FENCED, FENCED, FENCED, FENCED, FENCED, C, FENCED, ALIVE, FENCED), strict=True))),
    "delayed": (DELAYED, dict(zip(CAUSES, (NOT, FENCED, FENCED, FENCED, FENCED, FENCED, C, FENCED, ALIVE, FENCED), strict=True))),
    "running": (HOLDING, dict(zip(CAUSES, (NOT, S, Q, F, HELD, Q, R, C, ALIVE, R), strict=True))),
    "overdue": (OVERDUE, dict(zip(CAUSES, (NOT, S, Q, F, Q, Q, R, C, ALIVE, R), strict=True))),
    "on its last try": (LAST_TRY, dict(zip(CAUSES, (NOT, S, F, F, F, Q, R, C, ALIVE, R), strict=True))),
    "marked": (MARKED_OVERDUE, dict(zip(CAUSES, (NOT, C, C, C, C, C, R, C, ALIVE, R), strict=True))),
    "succeeded": (SUCCEEDED, dict(zip(CAUSES, (NOT, FENCED, FENCED, FENCED, FENCED, FENCED, OVER, FENCED, ALIVE, FENCED), strict=True))),
    "failed": (FAILED, dict(zip(CAUSES, (NOT, FENCED, FENCED, FENCED, FENCED, FENCED, OVER, FENCED, Q, FENCED), strict=True))),
    "cancelled": (CANCELLED, dict(zip(CAUSES, (NOT, FENCED, FENCED, FENCED, FENCED, FENCED, OVER, FENCED, Q, FENCED), strict=True))),
}
NO_TRANSITION = {("running", "cancel"), ("overdue", "cancel"), ("on its last try", "cancel"), ("marked", "cancel")}


@pytest.mark.parametrize("cause", CAUSES)
@pytest.mark.parametrize("state", TABLE)
def test_every_state_answers_every_cause(state: str, cause: str) -> None:
    before, expected = TABLE[state]
    after = CAUSES[cause](before)
    assert (after.state if isinstance(after, Job) else after) == expected[cause]
    if not isinstance(after, Job):
        return
    assert after.updated_at == LATER
    if cause == "renew" or (state, cause) in NO_TRANSITION:
        assert after.version == before.version
        return
    # Then it is a transition: it is numbered, and somebody has to publish it.
    assert after.version == before.version + 1
    assert after.publish_due == LATER + PUBLISH_GRACE_MS
    if after.state in ENDED:
        assert (after.lease_until, after.ring_due) == (None, None)
        assert after.ended_at == LATER
        assert after.expires_at == LATER + after.policy.retention_ms
    elif after.state is Q:
        assert (after.worker, after.lease_until, after.ended_at, after.expires_at) == (None, None, None, None)
        assert after.ring_due == after.available_at >= LATER


def test_every_state_is_in_the_table() -> None:
    assert {job.state for job, _ in TABLE.values()} == set(State)
    assert {state for state in State if state.ended} == ENDED


OWNERS = ["succeed", "fail, may pass", "fail for good", "hand back", "confirm cancel", "renew"]


@pytest.mark.parametrize("cause", OWNERS)
@pytest.mark.parametrize("attempt", [1, 3], ids=["an older attempt", "an attempt that never was"])
def test_only_the_attempt_that_owns_the_job_may_speak_for_it(cause: str, attempt: int) -> None:
    # `CAUSES` speak for attempt 1; the job is at another one.
    owned_by_another = replace(RUNNING, attempt=2 if attempt == 1 else 0)
    assert CAUSES[cause](owned_by_another) is Refusal.FENCED


def test_a_claim_takes_a_lease_and_a_new_fencing_token() -> None:
    claimed = done(lifecycle.claim(replace(DELAYED, available_at=NOW, progress="{}"), worker="w9", now=LATER))
    assert claimed.attempt == DELAYED.attempt + 1
    assert claimed.worker == "w9"
    assert claimed.lease_until == LATER + claimed.policy.lease_ms
    assert claimed.ring_due is None
    assert claimed.started_at == NOW, "the first start counts"
    assert claimed.progress is None


def test_a_renewal_keeps_the_progress_that_it_does_not_change() -> None:
    first = done(lifecycle.renew(RUNNING, attempt=1, now=LATER, progress='{"fraction":0.5}'))
    second = done(lifecycle.renew(first, attempt=1, now=LATER + 1))
    assert second.progress == '{"fraction":0.5}'
    assert second.lease_until == LATER + 1 + RUNNING.policy.lease_ms


def test_a_result_clears_the_error_of_the_attempt_before() -> None:
    retried = replace(RUNNING, error=BOOM.error, failures=1)
    ended = done(lifecycle.succeed(retried, attempt=1, result="{}", now=LATER))
    assert (ended.result, ended.error) == ("{}", None)


def test_a_lost_lease_costs_an_attempt_and_says_why() -> None:
    back = done(lifecycle.lose(OVERDUE, now=LATER, chance=CHANCE))
    assert (back.failures, back.error, back.available_at) == (1, WORKER_LOST, LATER)


def test_a_hand_back_costs_no_attempt() -> None:
    back = done(lifecycle.hand_back(LAST_TRY, attempt=1, now=LATER))
    assert (back.failures, back.available_at) == (LAST_TRY.failures, LATER)


def test_what_the_upstream_asked_for_goes_before_our_own_back_off() -> None:
    asked = Failure(BOOM.error, retryable=True, retry_after_ms=4_321)
    assert done(lifecycle.fail(RUNNING, attempt=1, failure=asked, now=LATER, chance=CHANCE)).available_at == LATER + 4_321


def test_a_replay_starts_afresh_and_keeps_the_old_worker_out() -> None:
    again = done(lifecycle.replay(replace(FAILED, cancel_requested=True), now=LATER))
    assert (again.failures, again.error, again.started_at, again.cancel_requested) == (0, None, None, False)
    second = done(lifecycle.claim(again, worker="w2", now=LATER))
    assert second.attempt == 2
    assert lifecycle.succeed(second, attempt=1, result="old", now=LATER) is Refusal.FENCED


@pytest.mark.parametrize(("failures", "ceiling"), [(1, 1_000), (2, 2_000), (3, 4_000), (6, 32_000), (7, 60_000), (10_000, 60_000)])
def test_a_retry_waits_between_a_tenth_and_the_whole_of_its_ceiling(failures: int, ceiling: int) -> None:
    policy = Policy(retry_base_ms=1_000, retry_max_ms=60_000)
    delays = [lifecycle.retry_delay_ms(policy, failures, random.Random(seed)) for seed in range(300)]
    assert ceiling * 0.1 <= min(delays) < ceiling * 0.2
    assert ceiling * 0.9 < max(delays) <= ceiling
    assert len(set(delays)) > 150, "jitter, so that failures of one moment do not come back in one moment"


@pytest.mark.parametrize(
    ("age_ms", "wait_ms"), [(0, RING_GRACE_MS), (20_000, 20_000), (86_400_000, RING_AGAIN_MAX_MS), (-5_000, RING_GRACE_MS)]
)
def test_the_bell_is_rung_again_the_later_the_older_a_job_is(age_ms: int, wait_ms: int) -> None:
    assert lifecycle.ring_again_at(WAITING, NOW + age_ms) == NOW + age_ms + wait_ms
