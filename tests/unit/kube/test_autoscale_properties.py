"""What holds of every decision, whatever the policy, the past and the backlog are."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.unit.kube.autoscale_scenes import Watched

from octavo_operator.autoscale import STEADY_S, History, Policy, decide
from octavo_operator.resource import Backlog, BacklogUnknown, Scale

T = 1_767_225_600.0
COUNT = st.integers(0, 300)
BACKLOG = st.builds(Backlog, COUNT, COUNT, st.integers(0, 20), st.floats(0, 1_000), st.integers(0, 2))
ANSWER = st.none() | BACKLOG | st.just(BacklogUnknown("away"))


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    least = draw(st.integers(0, 3))
    return Policy(
        min=least,
        max=draw(st.integers(max(least, 1), 40)),
        jobs_per_worker=draw(st.integers(1, 40)),
        max_age_s=float(draw(st.integers(1, 60))),
        idle_s=float(draw(st.integers(0, 600))),
        sleep_s=None if least else draw(st.none() | st.integers(1, 4_000).map(float)),
        api=draw(st.integers(1, 3)),
    )


STEPS = st.lists(
    st.tuples(st.floats(0, 700), ANSWER, st.booleans(), st.none() | st.sampled_from(["a", "b"]), st.none() | st.integers(0, 40)),
    min_size=1,
    max_size=12,
)


def lived(policy: Policy, steps: list) -> Watched:  # type: ignore[type-arg]
    """A generator with a past."""
    seen = Watched(policy, T)
    for seconds, answer, wanted, wake, ready in steps:
        seen.pass_time(seconds)
        seen.look(answer, wanted=wanted, wake=wake, workers_ready=ready)
    return seen


def needed(policy: Policy, backlog: Backlog) -> int:
    """How many workers carry this work, within the bounds."""
    least = math.ceil((backlog.queued + backlog.running) / policy.jobs_per_worker)
    return max(policy.min, min(policy.max, max(least, 1 if backlog.open else 0)))


@settings(deadline=None)
@given(policies(), STEPS)
def test_bounded_and_in_a_shape_that_can_stand(policy: Policy, steps: list) -> None:  # type: ignore[type-arg]
    seen = Watched(policy, T)
    for seconds, answer, wanted, wake, ready in steps:
        seen.pass_time(seconds)
        decision = seen.look(answer, wanted=wanted, wake=wake, workers_ready=ready)
        if decision.api == 0:
            assert (decision.workers, policy.min) == (0, 0)
            assert policy.sleep_s is not None
        else:
            assert decision.api == policy.api
            assert decision.stores
            assert policy.min <= decision.workers <= policy.max
        assert decision.next_check_s is None or 1.0 <= decision.next_check_s <= 5_000
        assert len(decision.history.peaks) <= 16


@settings(deadline=None)
@given(policies(), STEPS, BACKLOG, BACKLOG, st.floats(0, 700))
def test_more_work_never_means_fewer_workers(policy: Policy, steps: list, one: Backlog, more: Backlog, seconds: float) -> None:  # type: ignore[type-arg]
    seen = lived(policy, steps)
    more = Backlog(
        one.queued + more.queued,
        one.running + more.running,
        one.delayed + more.delayed,
        one.oldest_seconds + more.oldest_seconds,
        one.active_requests + more.active_requests,
    )
    seen.pass_time(seconds)
    few, many = (decide(policy, seen.history, backlog, seen.standing, seen.now) for backlog in (one, more))
    assert few.workers <= many.workers
    assert few.api <= many.api


@settings(deadline=None)
@given(policies(), STEPS, BACKLOG, st.floats(0, 700))
def test_never_fewer_than_the_work_needs(policy: Policy, steps: list, backlog: Backlog, seconds: float) -> None:  # type: ignore[type-arg]
    seen = lived(policy, steps)
    assume(seen.standing is not None and not seen.standing.asleep)
    seen.pass_time(seconds)
    assert seen.look(backlog).workers >= needed(policy, backlog)


@settings(max_examples=60, deadline=None)
@given(policies(), STEPS, BACKLOG, st.floats(0.5, 30))
def test_under_a_constant_backlog_it_settles_and_stays(policy: Policy, steps: list, backlog: Backlog, every: float) -> None:  # type: ignore[type-arg]
    seen = lived(policy, steps)
    assume(seen.standing is not None and not seen.standing.asleep)
    counts, scales = [], []
    horizon = STEADY_S + policy.idle_s + (policy.max + 2) * (policy.max_age_s + every) + (policy.sleep_s or 0) + 4 * every
    for _ in range(math.ceil(horizon / every)):
        counts.append(seen.look(backlog).workers)
        seen.pass_time(every)
    for _ in range(20):
        scales.append(seen.look(backlog if seen.standing and not seen.standing.asleep else None).scale)
        seen.pass_time(every)
    assert len(set(scales[2:])) == 1
    # At most once down (a peak from before passes) after going up: no to and fro.
    turns = [b - a for a, b in itertools.pairwise(counts) if a != b]
    directions = [1 if turn > 0 else -1 for turn in turns]
    assert sum(1 for a, b in itertools.pairwise(directions) if a != b) <= 2


@settings(deadline=None)
@given(policies(), BACKLOG | st.just(Backlog(0, 0, 0, 0)), st.integers(0, 40), st.floats(0, 0.9))
def test_a_restart_never_takes_anything_away(policy: Policy, backlog: Backlog, workers: int, seconds: float) -> None:
    standing = Scale(policy.api, max(policy.min, min(workers, policy.max)))
    first = decide(policy, None, backlog, standing, T)
    assert first.workers >= standing.workers
    assert first.api == policy.api
    assume(policy.idle_s >= 1)
    second = decide(policy, first.history, backlog, first.scale, T + seconds)
    assert second.workers >= standing.workers


@settings(deadline=None)
@given(policies(), STEPS, st.floats(0, 1e5))
def test_workers_go_only_after_the_idle_time(policy: Policy, steps: list, seconds: float) -> None:  # type: ignore[type-arg]
    seen = lived(policy, steps)
    assume(seen.standing is not None and not seen.standing.asleep)
    busy = seen.look(Backlog(1, 0, 0, 0))
    seen.pass_time(seconds)
    seen.look(Backlog(1, 0, 0, 0))
    seen.pass_time(min(seconds, max(policy.idle_s - 0.001, 0)))
    later = seen.look(Backlog(0, 0, 0, 0))
    if min(seconds, policy.idle_s) < policy.idle_s:
        assert later.workers >= min(busy.workers, 1)


@settings(deadline=None)
@given(policies(), st.floats(0, 1e5), st.integers(0, 3))
def test_it_sleeps_only_after_the_whole_time_and_only_when_it_may(policy: Policy, seconds: float, requests: int) -> None:
    seen = Watched(policy, T).awake(workers=0)
    seen.look(Backlog(0, 0, 0, 0))
    seen.standing = Scale(policy.api, policy.min)
    seen.pass_time(seconds)
    decision = seen.look(Backlog(0, 0, 0, 0, active_requests=requests))
    due = policy.sleep_s is not None and policy.min == 0 and seconds >= policy.sleep_s and requests == 0
    assert (decision.api == 0) == due


@settings(deadline=None)
@given(policies(), STEPS)
def test_a_request_brings_a_worker_at_once(policy: Policy, steps: list) -> None:  # type: ignore[type-arg]
    seen = lived(policy, steps)
    decision = seen.look(None, wanted=True)
    assert decision.workers >= 1
    assert decision.api == policy.api
    assert decision.stores


@settings(deadline=None)
@given(policies(), STEPS, ANSWER)
def test_the_same_again_gives_the_same_again(policy: Policy, steps: list, answer: Backlog | BacklogUnknown | None) -> None:  # type: ignore[type-arg]
    """Whoever asks twice at one moment, because two events came, gets no other answer and no other memory of it."""
    seen = lived(policy, steps)
    history, standing = seen.history, seen.standing
    first = decide(policy, history, answer, standing, seen.now)
    assert decide(policy, history, answer, standing, seen.now) == first
    again = decide(policy, first.history, answer, first.scale, seen.now)
    assert again.workers >= first.workers or again.scale.asleep
    assert isinstance(again.history, History)


@settings(deadline=None)
@given(policies(), STEPS, st.floats(0, 600))
def test_a_higher_bound_never_means_fewer(policy: Policy, steps: list, seconds: float) -> None:  # type: ignore[type-arg]
    seen = lived(policy, steps)
    seen.pass_time(seconds)
    backlog = Backlog(100, 5, 0, 5)
    assume(seen.standing is not None and not seen.standing.asleep)
    few = decide(policy, seen.history, backlog, seen.standing, seen.now)
    many = decide(replace(policy, max=policy.max + 5), seen.history, backlog, seen.standing, seen.now)
    assert few.workers <= many.workers
