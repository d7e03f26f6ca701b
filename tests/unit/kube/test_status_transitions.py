"""Which crossings make a Kubernetes Event, and that everything else makes none."""

from __future__ import annotations

import itertools

from tests.unit.kube.status_scenes import ASLEEP, crashed, down, look, observed, pod, situation, state, waiting

from octavo_core.spec import Status
from octavo_operator.transitions import EventNote, transitions

AT_REST = dict.fromkeys(("db", "redis", "api", "worker"), state(0, 0))
NOTHING = dict.fromkeys(("db", "redis", "api", "worker"))
PULLING = observed(pod("api", waiting("ErrImagePull", "not found", image="r/x:1")), states=down("api"))
CRASHING = observed(pod("api", crashed("ValueError: bad")), states=down("api"))
STUCK = observed(pod("api", waiting("ErrImagePull", "not found", image="r/x:1")), states={"api": state(1, 1, updated=1)})


def notes(*statuses: Status | None) -> list[tuple[str, str]]:
    """(type, reason) of all Events on the way through these statuses."""
    found: list[EventNote] = []
    for before, after in itertools.pairwise(statuses):
        assert after is not None
        found += transitions(before, after)
    return [(note.type, note.reason) for note in found]


def ready(before: Status | None = None) -> Status:
    return look(observed(), before=before)


def workers_asleep(before: Status | None = None) -> Status:
    return look(observed(states={"worker": state(0, 0)}), at=situation(1, 0), before=before)


def asleep(before: Status | None = None) -> Status:
    return look(observed(states=AT_REST), at=ASLEEP, before=before)  # type: ignore[arg-type]


def test_a_first_start_that_goes_well_makes_none() -> None:
    making = look(observed(states=NOTHING))  # type: ignore[arg-type]
    starting = look(observed(states=down("api", "worker")), before=making)
    assert notes(None, making, starting, ready(starting)) == []
    assert notes(None, workers_asleep()) == []
    assert notes(None, starting, workers_asleep(starting)) == []


def test_a_first_start_that_fails_makes_one_that_says_why() -> None:
    failing = look(PULLING)
    (note,) = transitions(None, failing)
    assert (note.type, note.reason) == ("Warning", "ImagePullBackOff")
    assert 'cannot pull image "r/x:1"' in note.message


def test_the_same_failure_again_makes_none_and_another_does() -> None:
    first = look(PULLING)
    assert notes(first, look(PULLING, before=first, seconds=60)) == []
    assert notes(first, look(CRASHING, before=first, seconds=60)) == [("Warning", "CrashLoopBackOff")]


def test_failing_and_coming_back() -> None:
    good = ready()
    bad = look(CRASHING, before=good)
    assert notes(good, bad, ready(bad)) == [("Warning", "CrashLoopBackOff"), ("Normal", "Recovered")]


def test_degraded_while_ready_and_back() -> None:
    good = ready()
    stuck = look(STUCK, before=good)
    assert notes(good, stuck, ready(stuck)) == [("Warning", "ImagePullBackOff"), ("Normal", "Recovered")]


def test_from_degraded_to_not_ready_says_so_again() -> None:
    stuck = look(STUCK, before=ready())
    assert notes(stuck, look(PULLING, before=stuck)) == [("Warning", "ImagePullBackOff")]


def test_lost_without_a_cause_and_back() -> None:
    good = ready()
    lost = look(observed(states=down("api")), before=good)
    assert notes(good, lost, ready(lost)) == [("Warning", "NotReady"), ("Normal", "Recovered")]


def test_falling_asleep_and_waking() -> None:
    good = ready()
    resting = workers_asleep(good)
    sleeping = asleep(resting)
    waking = look(observed(states=down("db", "redis", "api", "worker")), at=situation(stand_in=True), before=sleeping)
    assert notes(good, resting, sleeping, waking, ready(waking)) == [
        ("Normal", "WorkersAsleep"),
        ("Normal", "Asleep"),
        ("Normal", "Awake"),
    ]


def test_rollouts_and_scaling_make_none() -> None:
    good = ready()
    rolling = look(observed(states={"api": state(1, 1, updated=0)}), before=good)
    more = look(observed(states={"worker": state(4, 2)}), at=situation(1, 4), before=rolling)
    assert notes(good, rolling, more, ready(more)) == []


def test_an_event_fits_the_bound_of_the_api_server() -> None:
    bad = look(observed(pod("api", crashed("ValueError: " + "ñ€" * 3_000)), states=down("api")))
    (note,) = transitions(None, bad)
    assert len(note.message.encode()) <= 1_024
