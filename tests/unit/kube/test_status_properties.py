"""Whatever a cluster shows, a status comes of it: whole, bounded, the same at every look, and without the generator's passwords."""

from __future__ import annotations

import itertools
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.kube.status_scenes import KINDS, NAME, PASSWORDS, START, external, generator

from octavo_core.spec import Status
from octavo_operator.plan import Refused
from octavo_operator.resource import (
    COMPONENTS,
    Backlog,
    BacklogUnknown,
    Child,
    Claim,
    ContainerState,
    Observed,
    Pod,
    Reference,
    Refusal,
    Scale,
    Situation,
    StandIn,
    WorkloadState,
)
from octavo_operator.status import equal, report, stage, worth_writing
from octavo_operator.transitions import transitions

WORDS = st.one_of(
    st.just(""),
    st.text(max_size=60),
    st.sampled_from(
        [
            "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims",
            "exceeded quota: small",
            "the database of jobs does not answer",
            'cannot reach postgresql at h:5432: password authentication failed for user "octavo"',
            f"postgresql://octavo:{PASSWORDS.database}@db {PASSWORDS.redis}",
            PASSWORDS.forwarding * 50,
            "x" * 10_000,
            "\x00\ud800\u2028",
        ]
    ),
)
REASONS = st.one_of(
    st.sampled_from(
        [
            "",
            "ErrImagePull",
            "ImagePullBackOff",
            "CrashLoopBackOff",
            "CreateContainerConfigError",
            "ContainerCreating",
            "OOMKilled",
            "9!",
            "é",
        ]
    ),
    st.text(max_size=10),
)
COMPONENT = st.sampled_from(COMPONENTS)
COUNT = st.integers(0, 5)
CONTAINERS = st.builds(
    ContainerState,
    name=st.sampled_from(["api", "worker", "x"]),
    ready=st.booleans(),
    restarts=COUNT,
    waiting_reason=REASONS,
    waiting_message=WORDS,
    exit_reason=REASONS,
    exit_code=st.none() | st.integers(-1, 255),
    exit_message=WORDS,
    image=WORDS,
)
PODS = st.builds(
    Pod,
    name=st.sampled_from(["tales-api-1", "tales-worker-1", "tales-db-0"]),
    component=COMPONENT,
    phase=st.sampled_from(["Pending", "Running", "Failed", "Unknown"]),
    ready=st.booleans(),
    deleting=st.booleans(),
    created_at=st.just("2026-01-01T11:00:00Z"),
    hash=st.none() | st.just("h"),
    unschedulable=WORDS,
    containers=st.lists(CONTAINERS, max_size=2).map(tuple),
)
STATES = st.builds(
    WorkloadState,
    desired=COUNT,
    ready=COUNT,
    updated=COUNT,
    current=st.booleans(),
    trouble_reason=st.sampled_from(["", "ReplicaFailure", "ProgressDeadlineExceeded", "FailedCreate", "!"]),
    trouble_message=WORDS,
)
REFERENCES = st.builds(
    Reference, st.just("v1"), st.sampled_from(["Deployment", "Ingress", "Service"]), st.sampled_from(["tales-api", "tales"])
)
REFUSALS = st.builds(Refusal, REFERENCES, st.sampled_from([0, 403, 404, 409, 422, 500]), WORDS) | st.builds(
    Refused, REFERENCES, WORDS, st.booleans()
)
BACKLOGS = (
    st.none() | st.builds(Backlog, COUNT, COUNT, COUNT, st.floats(0, 1e9)) | st.builds(BacklogUnknown, message=WORDS, said=st.booleans())
)
RESOURCES = st.sampled_from([generator(), generator(2, **external()), generator(3, workers={"min": 2, "max": 4}, api={"replicas": 3})])
SITUATIONS = st.builds(
    Situation,
    uid=st.just("u"),
    scale=st.builds(Scale, COUNT, COUNT, st.booleans()),
    passwords=st.just(PASSWORDS),
    stand_in=st.none() | st.just(StandIn(("10.0.0.9",), 20_001)),
)


@st.composite
def observations(draw: st.DrawFn) -> Observed:
    children = {}
    for component in COMPONENTS:
        if draw(st.booleans()):
            reference = Reference("apps/v1", KINDS[component], f"{NAME}-{component}")
            children[reference] = Child(
                reference,
                "u",
                "1",
                "h",
                deleting=draw(st.booleans()),
                owned=draw(st.booleans()),
                component=component,
                workload=draw(STATES),
            )
    return Observed(
        children,
        tuple(draw(st.lists(PODS, max_size=3))),
        tuple(draw(st.lists(st.builds(Claim, WORDS, COMPONENT, st.sampled_from(["Pending", "Bound", "Lost"]), WORDS), max_size=2))),
        tuple(draw(st.lists(st.sampled_from(["xai", "shared-db: key url", ""]), max_size=2))),
        draw(BACKLOGS),
    )


@settings(max_examples=120, deadline=None)
@given(RESOURCES, SITUATIONS, st.lists(observations(), min_size=1, max_size=3), st.lists(REFUSALS, max_size=2))
def test_any_observation_gives_a_whole_status(resource, situation, seen, refusals) -> None:  # type: ignore[no-untyped-def]
    status: Status | None = None
    for index, observed in enumerate(seen):
        before, now = status, START + timedelta(seconds=index)
        status = report(resource, situation, observed, previous=before, now=now, refusals=refusals)
        assert [condition.type for condition in status.conditions] == ["Ready", "Progressing", "Sleeping", "Degraded"]
        assert all(len(condition.message) <= 1_300 and "\n" not in condition.message for condition in status.conditions)
        # What is written is what a later operator reads.
        text = status.model_dump_json(by_alias=True, exclude_none=True)
        assert Status.model_validate_json(text) == status
        assert not any(secret in text for secret in (PASSWORDS.redis, PASSWORDS.database, PASSWORDS.forwarding))
        again = report(resource, situation, observed, previous=status, now=now + timedelta(hours=1), refusals=refusals)
        assert again == status
        assert not worth_writing(status, again, 1e9)
        assert transitions(status, again) == ()
        ready, degraded = status.condition("Ready"), status.condition("Degraded")
        assert ready is not None
        assert degraded is not None
        if ready.status == "False" and ready.reason not in ("Starting", "NotReady"):
            assert degraded.status == "True"
        assert all(len(note.message.encode()) <= 1_024 for note in transitions(before, status))
    for first, second in itertools.pairwise(seen):
        one = report(resource, situation, first, previous=None, now=START)
        other = report(resource, situation, second, previous=None, now=START)
        assert equal(one, other) == (one == other)


@settings(max_examples=60, deadline=None)
@given(RESOURCES, SITUATIONS, observations())
def test_the_order_in_which_pods_are_listed_does_not_matter(resource, situation, seen) -> None:  # type: ignore[no-untyped-def]
    turned = Observed(
        dict(reversed(list(seen.children.items()))), seen.pods[::-1], seen.claims[::-1], seen.missing_secrets[::-1], seen.backlog
    )
    one, other = (report(resource, situation, observed, previous=None, now=START) for observed in (seen, turned))
    assert {c.type: (c.status, c.reason, c.message) for c in one.conditions if c.type != "Progressing"} == {
        c.type: (c.status, c.reason, c.message) for c in other.conditions if c.type != "Progressing"
    }


@settings(max_examples=60, deadline=None)
@given(RESOURCES, SITUATIONS, observations())
def test_callers_who_wait_are_told_little(resource, situation, seen) -> None:  # type: ignore[no-untyped-def]
    assert len(stage(resource, situation, seen)) <= 160
