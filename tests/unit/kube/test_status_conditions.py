"""When nothing fails: what each condition says of a generator that starts, works, sleeps, wakes and rolls."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.unit.kube.status_scenes import (
    ASLEEP,
    START,
    crashed,
    down,
    external,
    generator,
    look,
    observed,
    pod,
    said,
    situation,
    state,
    waiting,
    words,
)

from octavo_core.spec import Status
from octavo_core.spec.status import CostStatus
from octavo_operator.resource import Backlog, BacklogUnknown, Component
from octavo_operator.status import equal, report_unreadable, stage, url_of, worth_writing

NOTHING = dict.fromkeys(("db", "redis", "api", "worker"))
AT_REST = dict.fromkeys(("db", "redis", "api", "worker"), state(0, 0))


def conditions(status: Status) -> dict[str, tuple[str, str]]:
    return {condition.type: (condition.status, condition.reason) for condition in status.conditions}


# ---- a life


def test_at_first_nothing_is_there() -> None:
    assert conditions(look(observed(states=NOTHING))) == {  # type: ignore[arg-type]
        "Ready": ("False", "Starting"),
        "Progressing": ("True", "Creating"),
        "Sleeping": ("False", "Awake"),
        "Degraded": ("False", "NothingFails"),
    }


def test_while_it_starts_it_says_what_is_missing() -> None:
    status = look(observed(states=down("api", "worker")))
    assert said(status, "Ready") == ("False", "Starting")
    assert words(status, "Ready") == "not ready yet: API, workers"
    assert "Deployment tales-api: 0 of 1 pod ready" in words(status, "Progressing")


def test_when_all_stands_it_is_ready_and_settled() -> None:
    assert conditions(look(observed())) == {
        "Ready": ("True", "Answers"),
        "Progressing": ("False", "Settled"),
        "Sleeping": ("False", "Awake"),
        "Degraded": ("False", "NothingFails"),
    }


def test_without_workers_by_design_it_is_ready_and_sleeps() -> None:
    status = look(observed(states={"worker": state(0, 0)}), at=situation(1, 0))
    assert (said(status, "Ready"), said(status, "Sleeping")) == (("True", "Answers"), ("True", "WorkersAsleep"))


def test_asleep_altogether_it_is_ready_because_a_request_wakes_it() -> None:
    status = look(observed(states=AT_REST), at=ASLEEP)  # type: ignore[arg-type]
    assert conditions(status) == {
        "Ready": ("True", "Asleep"),
        "Progressing": ("False", "Settled"),
        "Sleeping": ("True", "Asleep"),
        "Degraded": ("False", "NothingFails"),
    }


def test_it_stays_ready_while_it_wakes_and_nothing_fails() -> None:
    asleep = look(observed(states=AT_REST), at=ASLEEP)  # type: ignore[arg-type]
    waking = look(observed(states=down("db", "redis", "api", "worker")), at=situation(stand_in=True), before=asleep)
    assert (said(waking, "Ready"), said(waking, "Progressing")) == (("True", "Waking"), ("True", "Waking"))


def test_a_stand_in_does_not_make_a_first_start_ready() -> None:
    first = look(observed(states=down("db", "redis", "api", "worker")), at=situation(stand_in=True))
    assert said(first, "Ready") == ("False", "Starting")


def test_it_is_not_ready_when_it_cannot_wake() -> None:
    asleep = look(observed(states=AT_REST), at=ASLEEP)  # type: ignore[arg-type]
    seen = observed(pod("db", waiting("ErrImagePull", "not found", name="db", image="p:1")), states=down("db", "redis", "api", "worker"))
    assert said(look(seen, at=situation(stand_in=True), before=asleep), "Ready") == ("False", "ImagePullBackOff")


def test_it_stays_ready_while_its_first_worker_starts() -> None:
    resting = look(observed(states={"worker": state(0, 0)}), at=situation(1, 0))
    status = look(observed(states=down("worker")), at=situation(1, 1), before=resting)
    assert (said(status, "Ready"), said(status, "Progressing")) == (("True", "Answers"), ("True", "Scaling"))


def test_a_rollout_progresses_while_the_old_pods_answer() -> None:
    status = look(observed(states={"api": state(2, 2, updated=1)}), at=situation(2, 1))
    assert (said(status, "Ready"), said(status, "Progressing")) == (("True", "Answers"), ("True", "RollingOut"))


def test_a_change_that_its_controller_has_not_seen_progresses() -> None:
    assert said(look(observed(states={"api": state(current=False)})), "Progressing") == ("True", "RollingOut")


@pytest.mark.parametrize("lost", ["db", "redis", "api"])
def test_what_requests_need_and_is_gone_makes_it_not_ready(lost: Component) -> None:
    status = look(observed(states=down(lost)), before=look(observed()))
    assert said(status, "Ready") == ("False", "NotReady")


def test_what_was_lost_stays_lost_at_another_look_until_it_is_back() -> None:
    lost = look(observed(states=down("api")), before=look(observed()))
    again = look(observed(states=down("api")), before=lost, seconds=60)
    assert again == lost
    assert said(look(observed(), before=again), "Ready") == ("True", "Answers")


def test_after_a_failure_was_mended_it_is_not_ready_until_it_is() -> None:
    failing = look(observed(pod("api", waiting("ErrImagePull", "not found")), states=down("api")))
    mended = look(observed(states=down("api")), before=failing)
    assert said(mended, "Ready") == ("False", "NotReady")
    assert look(observed(states=down("api")), before=mended) == mended


def test_a_stuck_rollout_no_longer_progresses() -> None:
    status = look(observed(states={"worker": state(1, 1, updated=0, trouble=("ProgressDeadlineExceeded", "timed out"))}))
    assert said(status, "Progressing") == ("False", "ProgressDeadlineExceeded")
    assert (said(status, "Ready")[0], said(status, "Degraded")[0]) == ("True", "True")


# ---- what does not move


def test_times_move_only_where_the_status_moves() -> None:
    starting = look(observed(states=down("api")))
    ready = look(observed(), before=starting, seconds=60)
    times = {condition.type: condition.last_transition_time for condition in ready.conditions}
    assert times["Ready"] == times["Progressing"] == "2026-01-01T12:01:00Z"
    assert times["Degraded"] == times["Sleeping"] == "2026-01-01T12:00:00Z"


def test_another_look_at_the_same_changes_nothing() -> None:
    first = look(observed())
    assert look(observed(), before=first, seconds=600) == first


def test_another_try_at_the_same_failure_is_no_news() -> None:
    def failing(message: str, reason: str) -> Status:
        seen = observed(pod("api", waiting(reason, message, image="r/x:1")), states=down("api"))
        return look(seen, before=before)

    before: Status | None = None
    before = failing("dial tcp 10.0.0.1:443: connect: connection refused", "ErrImagePull")
    assert "10.0.0.1:443" in words(before, "Ready")
    assert equal(before, failing("dial tcp 10.0.0.2:443: connect: connection refused", "ErrImagePull"))
    assert equal(before, failing('Back-off pulling image "r/x:1"', "ImagePullBackOff"))
    assert not equal(before, failing("unauthorized", "ErrImagePull"))


def test_another_image_is_news_though_only_a_number_differs() -> None:
    def failing(image: str, before: Status | None) -> Status:
        return look(observed(pod("api", waiting("ErrImagePull", "not found", image=image)), states=down("api")), before=before)

    assert '"r/x:2"' in words(failing("r/x:2", failing("r/x:1", None)), "Ready")


def test_a_crash_that_only_counts_on_is_no_news() -> None:
    def failing(log: str, before: Status | None) -> Status:
        return look(observed(pod("api", crashed(log)), states=down("api")), before=before)

    first = failing("RuntimeError: attempt 1 of pid 77", None)
    assert equal(first, failing("RuntimeError: attempt 2 of pid 91", first))
    assert not equal(first, look(observed(pod("api", crashed("x", code=2)), states=down("api")), before=first))


def test_each_condition_speaks_of_the_generation_that_was_read() -> None:
    status = look(observed(), of=generator(7))
    assert {status.observed_generation, *(condition.observed_generation for condition in status.conditions)} == {7}


# ---- the rest of a status


def test_the_fields_that_kubectl_shows() -> None:
    seen = observed(states={"worker": state(3, 2)}, backlog=Backlog(40, 16, 2, 12.34))
    status = look(seen, at=situation(1, 3))
    assert status.model_dump(by_alias=True, exclude_none=True, exclude={"conditions"}) == {
        "observedGeneration": 1,
        "url": "http://tales-api.prod.svc",
        "model": "builtin://tiny-stories",
        "api": {"ready": 1, "desired": 1},
        "workers": {
            "ready": 2,
            "desired": 3,
            "selector": "app.kubernetes.io/name=octavo-generator,app.kubernetes.io/instance=tales,app.kubernetes.io/component=worker",
        },
        "queue": {"queued": 40, "running": 16, "delayed": 2, "oldestSeconds": 12.0},
    }


@pytest.mark.parametrize(
    ("api", "url"),
    [
        ({"ingress": {"host": "tales.example"}}, "http://tales.example/generators/tales"),
        ({"ingress": {"host": "tales.example", "tlsSecretName": "cert"}}, "https://tales.example/generators/tales"),
        ({"httpRoute": {"parentRefs": [{"name": "g"}], "hostnames": ["*.a", "b.example"]}}, "http://b.example/generators/tales"),
        ({"httpRoute": {"parentRefs": [{"name": "g"}]}}, "http://tales-api.prod.svc"),
        ({}, "http://tales-api.prod.svc"),
    ],
)
def test_the_url_is_the_one_that_callers_reach(api: dict[str, object], url: str) -> None:
    assert url_of(generator(api=api)) == url


def test_a_queue_that_nobody_could_count_keeps_its_last_count() -> None:
    counted = look(observed(backlog=Backlog(5, 1, 0, 3)))
    unknown = look(observed(backlog=BacklogUnknown("no answer")), before=counted)
    assert unknown.queue == counted.queue
    assert look(observed(states=AT_REST), at=ASLEEP, before=counted).queue.queued == 0  # type: ignore[arg-type, union-attr]


def test_what_others_write_into_the_status_stays() -> None:
    before = look(observed()).model_copy(update={"cost": CostStatus(usd_today=1.5)})
    assert look(observed(), before=before).cost == CostStatus(usd_today=1.5)


def test_a_resource_that_cannot_be_read_says_so_and_keeps_the_rest() -> None:
    status = report_unreadable(4, "spec.engine: `vllm` is not known", previous=look(observed()), now=START + timedelta(seconds=9))
    assert said(status, "Ready") == ("False", "InvalidResource")
    assert "`vllm` is not known" in words(status, "Degraded")
    assert (status.observed_generation, status.url) == (4, "http://tales-api.prod.svc")
    assert {condition.type for condition in status.conditions} == {"Ready", "Progressing", "Sleeping", "Degraded"}


# ---- when it is written


def test_the_first_status_is_written_and_an_equal_one_is_not() -> None:
    status = look(observed())
    assert worth_writing(None, status, 0)
    assert not worth_writing(status, look(observed(), before=status, seconds=5), 1_000)


def test_the_queue_alone_is_written_every_ten_seconds_and_all_else_at_once() -> None:
    before = look(observed(backlog=Backlog(5, 1, 0, 3)))
    moved = look(observed(backlog=Backlog(6, 1, 0, 4)), before=before)
    assert not worth_writing(before, moved, 9.9)
    assert worth_writing(before, moved, 10.0)
    assert worth_writing(before, look(observed(backlog=Backlog(6, 1, 0, 4), states={"worker": state(1, 0)}), before=before), 0)


# ---- what those who wait are told


def test_the_stage_of_a_start_names_what_it_waits_for() -> None:
    def of(*missing: Component) -> str:
        return stage(generator(), situation(), observed(states=down(*missing)))

    assert [of("db", "redis", "api", "worker"), of("redis", "api", "worker"), of("api", "worker"), of("worker"), of()] == [
        "starting the database",
        "starting Redis",
        "starting the API",
        "starting a worker",
        "",
    ]


def test_the_stage_of_a_start_that_fails_shows_nothing_of_the_inside() -> None:
    seen = observed(pod("api", waiting("ErrImagePull", "secret-registry.internal: not found")), states=down("api"))
    assert stage(generator(), situation(), seen) == "cannot start (ImagePullBackOff)"


def test_stores_of_others_are_not_waited_for() -> None:
    seen = observed(states={"db": None, "redis": None})
    assert said(look(seen, of=generator(**external())), "Ready") == ("True", "Answers")
