"""How many workers stand, and when everything sleeps: the rules one by one, and a burst from beginning to end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.unit.kube.autoscale_scenes import Watched
from tests.unit.kube.status_scenes import generator

from octavo_operator.autoscale import STEADY_S, Policy, decide, policy_of
from octavo_operator.resource import Backlog, BacklogUnknown, Scale

T = 1_767_225_600.0
POLICY = Policy(min=0, max=8, jobs_per_worker=16, max_age_s=10, idle_s=300, sleep_s=3600, api=2)
EMPTY = Backlog(0, 0, 0, 0)
SLEEPING = Scale(0, 0, stores=False)


def at(seconds: float) -> str:
    return datetime.fromtimestamp(T + seconds, UTC).isoformat()


# ---- what the resource says


def test_the_policy_is_what_the_resource_says() -> None:
    resource = generator(
        workers={"min": 1, "max": 3, "scaling": {"jobsPerWorker": 4, "maxAgeSeconds": 7, "idleSeconds": 60}}, api={"replicas": 2}
    )
    assert policy_of(resource, can_sleep=True) == Policy(1, 3, 4, 7.0, 60.0, None, 2)


@pytest.mark.parametrize(
    ("spec", "can_sleep", "sleep_s"),
    [
        ({}, True, 3600.0),
        ({}, False, None),
        ({"api": {"sleepSeconds": 60}}, True, 60.0),
        ({"api": {"sleepSeconds": 0}}, True, None),
        ({"workers": {"min": 1}}, True, None),
    ],
)
def test_it_sleeps_only_where_a_request_can_wake_it(spec: dict[str, object], can_sleep: bool, sleep_s: float | None) -> None:
    assert policy_of(generator(**spec), can_sleep=can_sleep).sleep_s == sleep_s


# ---- a new one


def test_a_new_generator_starts_its_api_and_its_least_workers() -> None:
    assert decide(POLICY, None, None, None, T).scale == Scale(2, 0)
    assert decide(replace(POLICY, min=3), None, None, None, T).scale == Scale(2, 3)


def test_a_new_generator_for_which_something_waits_starts_a_worker_at_once() -> None:
    assert decide(POLICY, None, None, None, T, wanted=True).scale == Scale(2, 1)


# ---- up


@pytest.mark.parametrize(
    ("backlog", "workers"),
    [
        (Backlog(1, 0, 0, 0), 1),
        (Backlog(0, 1, 0, 0), 1),
        (Backlog(0, 0, 1, 0), 1),
        (Backlog(16, 0, 0, 0), 1),
        (Backlog(16, 1, 0, 0), 2),
        (Backlog(100, 28, 0, 0), 8),
        (Backlog(10_000, 0, 0, 0), 8),
        (Backlog(0, 0, 10_000, 0), 1),
    ],
)
def test_work_brings_workers_at_once(backlog: Backlog, workers: int) -> None:
    seen = Watched(POLICY, T).awake()
    assert seen.look(backlog).workers == workers


def test_old_jobs_bring_one_more_and_then_another_until_there_is_one_for_each() -> None:
    seen = Watched(POLICY, T).awake()
    counts = []
    for _ in range(8):
        counts.append(seen.look(Backlog(3, 1, 0, 30)).workers)
        seen.pass_time(POLICY.max_age_s)
    assert counts == [1, 2, 3, 4, 4, 4, 4, 4]


def test_old_jobs_bring_nobody_while_workers_still_start() -> None:
    seen = Watched(POLICY, T).awake()
    seen.look(Backlog(3, 0, 0, 30))
    seen.pass_time(30)
    assert seen.look(Backlog(3, 0, 0, 60), workers_ready=0).workers == 1
    assert seen.look(Backlog(3, 0, 0, 60), workers_ready=1).workers == 2


def test_one_that_was_just_added_gets_time_to_show_what_it_is_worth() -> None:
    seen = Watched(POLICY, T).awake()
    seen.look(Backlog(3, 0, 0, 0))
    seen.pass_time(30)
    assert seen.look(Backlog(3, 0, 0, 30)).workers == 2
    seen.pass_time(POLICY.max_age_s - 0.1)
    assert seen.look(Backlog(3, 0, 0, 40)).workers == 2


# ---- down


def test_fewer_only_after_fewer_were_enough_for_a_while() -> None:
    seen = Watched(POLICY, T).awake()
    assert seen.look(Backlog(100, 0, 0, 0)).workers == 7
    seen.pass_time(1)
    assert seen.look(Backlog(10, 0, 0, 0)).workers == 7
    seen.pass_time(STEADY_S - 0.1)
    assert seen.look(Backlog(10, 0, 0, 0)).workers == 7
    seen.pass_time(0.2)
    assert seen.look(Backlog(10, 0, 0, 0)).workers == 1


def test_what_was_needed_until_this_look_counts_until_now() -> None:
    """Nothing is heard while the backlog stays the same; the need stays too."""
    seen = Watched(POLICY, T).awake()
    seen.look(Backlog(100, 0, 0, 0))
    seen.pass_time(600)
    assert seen.look(Backlog(10, 0, 0, 0)).workers == 7


def test_the_last_worker_stays_warm_until_the_idle_time_has_passed() -> None:
    seen = Watched(POLICY, T).awake()
    seen.look(Backlog(100, 0, 0, 0))
    seen.pass_time(1)
    seen.look(EMPTY)
    seen.pass_time(STEADY_S + 1)
    assert seen.look(EMPTY).workers == 1
    seen.pass_time(POLICY.idle_s - STEADY_S - 2)
    assert seen.look(EMPTY).workers == 1
    seen.pass_time(2)
    assert seen.look(EMPTY).workers == 0


def test_a_job_that_waits_for_its_next_try_keeps_one_worker() -> None:
    seen = Watched(POLICY, T).awake()
    seen.look(Backlog(0, 0, 1, 0))
    seen.pass_time(10 * POLICY.idle_s)
    assert seen.look(Backlog(0, 0, 1, 0)).workers == 1


def test_never_below_the_least() -> None:
    seen = Watched(replace(POLICY, min=2), T).awake()
    seen.look(EMPTY)
    seen.pass_time(10_000)
    assert seen.look(EMPTY).workers == 2


def test_without_idle_time_they_go_at_once() -> None:
    seen = Watched(replace(POLICY, idle_s=0), T).awake()
    assert seen.look(Backlog(100, 0, 0, 0)).workers == 7
    seen.pass_time(1)
    assert seen.look(EMPTY).workers == 0


# ---- not knowing


@pytest.mark.parametrize("backlog", [None, BacklogUnknown("no answer within 2 s")])
def test_without_an_answer_workers_stay_as_they_are(backlog: BacklogUnknown | None) -> None:
    seen = Watched(POLICY, T).awake(workers=5)
    for _ in range(10):
        seen.pass_time(1_000)
        assert seen.look(backlog).workers == 5


def test_without_an_answer_the_bounds_still_hold() -> None:
    assert decide(replace(POLICY, max=3), None, None, Scale(2, 5), T).workers == 3
    assert decide(replace(POLICY, min=6), None, None, Scale(2, 5), T).workers == 6


def test_time_without_an_answer_is_no_idle_time() -> None:
    seen = Watched(POLICY, T).awake(workers=1)
    seen.look(EMPTY)
    seen.pass_time(POLICY.idle_s - 1)
    seen.look(BacklogUnknown("away"))
    seen.pass_time(2)
    assert seen.look(EMPTY).workers == 1


def test_a_restart_takes_no_worker_away() -> None:
    assert decide(POLICY, None, EMPTY, Scale(2, 5), T).workers == 5
    assert decide(replace(POLICY, idle_s=0), None, EMPTY, Scale(2, 5), T).workers == 5
    assert decide(replace(POLICY, sleep_s=1), None, EMPTY, Scale(2, 0), T).api == 2


def test_a_clock_that_was_set_back_does_not_stop_time() -> None:
    seen = Watched(POLICY, T + 1e9).awake()
    seen.look(Backlog(100, 0, 0, 0))
    seen.now = T
    seen.look(EMPTY)
    seen.pass_time(POLICY.idle_s + 1)
    assert seen.look(EMPTY).workers == 0


# ---- sleep and waking


def resting() -> Watched:
    """Awake, without workers and without work, just now."""
    seen = Watched(POLICY, T).awake(workers=0)
    seen.look(EMPTY)
    return seen


def test_everything_sleeps_after_long_quiet_the_api_first() -> None:
    seen = resting()
    seen.pass_time(3_599)
    assert seen.look(EMPTY).scale == Scale(2, 0)
    seen.pass_time(1)
    assert seen.look(EMPTY).scale == Scale(0, 0, stores=True)
    assert seen.look(None, draining=True).scale == Scale(0, 0, stores=True)
    assert seen.look(None).scale == SLEEPING
    seen.pass_time(1e6)
    assert seen.look(None).scale == SLEEPING


@pytest.mark.parametrize(
    "backlog",
    [Backlog(0, 0, 1, 0), Backlog(0, 0, 0, 0, active_requests=1), Backlog(0, 0, 0, 0, last_accepted_at=at(3_000)), BacklogUnknown("away")],
    ids=["delayed job", "open request", "accepted lately", "no answer"],
)
def test_it_does_not_sleep_while_it_is_used(backlog: Backlog | BacklogUnknown) -> None:
    seen = resting()
    seen.pass_time(3_700)
    assert seen.look(backlog).api == 2


def test_a_request_that_stayed_open_counts_until_it_was_seen_to_end() -> None:
    seen = resting()
    seen.look(Backlog(0, 0, 0, 0, active_requests=1))
    seen.pass_time(3_500)
    seen.look(EMPTY)
    seen.pass_time(3_500)
    assert seen.look(EMPTY).api == 2
    seen.pass_time(100)
    assert seen.look(EMPTY).api == 0


def test_it_does_not_sleep_where_nobody_could_wake_it() -> None:
    seen = Watched(replace(POLICY, sleep_s=None), T).awake(workers=0)
    seen.look(EMPTY)
    seen.pass_time(1e6)
    assert seen.look(EMPTY).api == 2


def test_it_does_not_fall_asleep_with_workers() -> None:
    seen = Watched(replace(POLICY, sleep_s=10), T).awake(workers=1)
    seen.look(EMPTY)
    seen.pass_time(299)
    assert seen.look(EMPTY).scale == Scale(2, 1)
    seen.pass_time(1)
    assert seen.look(EMPTY).scale == Scale(2, 0)
    assert seen.look(EMPTY).api == 0


def test_a_request_wakes_everything_in_one_step() -> None:
    decision = decide(POLICY, None, None, SLEEPING, T, wanted=True)
    assert (decision.scale, decision.woken) == (Scale(2, 1), True)


def test_awake_again_it_stays_so_while_it_starts() -> None:
    seen = Watched(POLICY, T).awake()
    seen.standing = SLEEPING
    seen.look(None, wanted=True)
    for _ in range(20):
        seen.pass_time(60)
        assert seen.look(None).scale == Scale(2, 1)
    assert seen.look(EMPTY).scale == Scale(2, 1)


def test_a_new_least_number_wakes_it() -> None:
    assert decide(replace(POLICY, min=2, sleep_s=None), None, None, SLEEPING, T).scale == Scale(2, 2)


def test_it_wakes_when_it_may_no_longer_sleep() -> None:
    assert decide(replace(POLICY, sleep_s=None), None, None, SLEEPING, T).scale == Scale(2, 0)


def test_a_wake_that_is_new_wakes_and_the_same_one_does_not_again() -> None:
    seen = Watched(POLICY, T).awake()
    seen.standing = SLEEPING
    assert seen.look(None).scale == SLEEPING
    assert seen.look(None, wake="please").scale == Scale(2, 1)
    seen.standing = SLEEPING
    assert seen.look(None, wake="please").scale == SLEEPING
    assert seen.look(None, wake="again").scale == Scale(2, 1)


@pytest.mark.parametrize(("wake", "wakes"), [(at(-30), True), (at(30), True), (at(-3_600), False), ("please", False), ("9" * 400, False)])
def test_an_operator_that_has_just_started_acts_on_a_wake_of_late(wake: str, wakes: bool) -> None:
    assert decide(POLICY, None, None, SLEEPING, T, wake=wake).scale == (Scale(2, 1) if wakes else SLEEPING)


def test_a_wake_keeps_a_worker_for_the_idle_time() -> None:
    seen = resting()
    assert seen.look(EMPTY, wake="please").workers == 1
    seen.pass_time(POLICY.idle_s - 1)
    assert seen.look(EMPTY, wake="please").workers == 1
    seen.pass_time(2)
    assert seen.look(EMPTY, wake="please").workers == 0


# ---- when to look again


def test_at_rest_the_next_look_is_when_it_may_sleep() -> None:
    seen = resting()
    seen.pass_time(100)
    assert seen.look(EMPTY).next_check_s == pytest.approx(3_500)


def test_asleep_or_unknown_only_news_counts() -> None:
    assert decide(POLICY, None, None, SLEEPING, T).next_check_s is None
    assert decide(POLICY, None, BacklogUnknown("x"), Scale(2, 3), T).next_check_s is None


def test_every_change_that_time_alone_brings_is_looked_for() -> None:
    """Looking only when a decision asks for it, and at nothing new, leads down to sleep all the same."""
    seen = Watched(POLICY, T).awake()
    seen.look(Backlog(100, 0, 0, 0))
    decision, counts = seen.look(EMPTY), []
    while decision.next_check_s is not None:
        seen.pass_time(decision.next_check_s)
        decision = seen.look(EMPTY)
        counts.append(decision.workers)
        assert len(counts) < 20
    assert decision.scale == Scale(0, 0, stores=True)
    assert seen.now - T <= POLICY.idle_s + 3_600 + 10
    assert counts == sorted(counts, reverse=True)


# ---- a burst


def test_a_burst_of_two_hundred_jobs_goes_from_none_to_many_and_back() -> None:
    seen = Watched(replace(POLICY, sleep_s=900), T)
    seen.standing = SLEEPING
    trace = seen.serve(arrivals={5.0: 1, 30.0: 199}, job_s=4.0, start_s=6.0, concurrency=4, until_s=2_000)
    counts = [count for _, count in trace.workers]
    assert trace.ended == 200
    assert counts[0] == 0
    assert counts[1] == 1
    assert max(counts) == 8
    assert counts[-1] == 0
    peak = counts.index(8)
    assert counts[:peak] == sorted(counts[:peak])
    assert counts[peak:] == sorted(counts[peak:], reverse=True)
    assert seen.standing == SLEEPING


def test_a_trickle_does_not_make_it_flap() -> None:
    seen = Watched(POLICY, T).awake()
    trace = seen.serve(arrivals={float(second): 1 for second in range(0, 1_800, 45)}, job_s=3.0, start_s=6.0, concurrency=4, until_s=1_800)
    assert [count for _, count in trace.workers] == [0, 1]


def test_jobs_that_are_slower_than_the_policy_thinks_still_get_enough_workers() -> None:
    """Sixteen jobs for each worker, but a worker does one at a time: age tells."""
    seen = Watched(POLICY, T).awake()
    trace = seen.serve(arrivals={0.0: 40}, job_s=20.0, start_s=2.0, concurrency=1, until_s=600)
    assert trace.ended == 40
    assert max(count for _, count in trace.workers) == 8
