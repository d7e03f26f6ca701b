"""For each way in which a cluster fails: which condition says so, and that its words name the object and the root."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.kube.status_failures import CASES, PULL, REFUSED, Case
from tests.unit.kube.status_scenes import (
    NAME,
    container,
    crashed,
    down,
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

from octavo_operator.resource import Backlog, BacklogUnknown, Claim


@pytest.mark.parametrize("case", CASES, ids=[case.what for case in CASES])
def test_the_root_cause_is_named(case: Case) -> None:
    spec = {key: value for key, value in case.of.items() if value is not None}
    resource = generator(**spec) if "engine" not in case.of else _without_engine(spec)
    status = look(case.seen, of=resource, at=case.at, refusals=case.refusals)
    assert said(status, "Degraded") == ("True", case.reason)
    assert said(status, "Ready") == ("True", said(status, "Ready")[1]) if case.ready else ("False", case.reason)
    message = words(status, "Degraded" if case.ready else "Ready")
    for part in case.says:
        assert part in message
    for part in ("\n", *case.never):
        assert part not in message


def _without_engine(spec: dict[str, Any]) -> Any:
    document = generator().model_dump(by_alias=True, exclude_none=True)
    del document["spec"]["engine"]
    document["spec"] |= spec
    return type(generator()).model_validate(document)


QUIET = {
    "a first crash in the turmoil of a start": observed(
        pod("api", container(restarts=1, exit_reason="Error", exit_code=1, exit_message="boom")), states=down("api")
    ),
    "containers are being made": observed(pod("api", waiting("ContainerCreating")), states=down("api", "worker", "db")),
    "database is on its way, the API misses it": observed(
        pod("api", crashed(REFUSED)), pod("db", waiting("ContainerCreating", name="postgresql")), states=down("db", "api", "worker")
    ),
    "pods that go away fail as they like": observed(pod("api", crashed("bye"), deleting=True)),
    "a claim waits for its first consumer": observed(pod("db"), states=down("db"), claims=[Claim("data", "db", "Pending")]),
    "the API does not answer yet": observed(states=down("api"), backlog=BacklogUnknown("no answer within 2 s")),
    "a container that ran out of memory and is back": observed(
        pod("worker", container("worker", ready=True, restarts=1, exit_reason="OOMKilled"), ready=True)
    ),
    "the API tells that its database, which is on its way, is away": observed(
        states=down("db"), backlog=BacklogUnknown("the database of jobs does not answer (gaierror)", said=True)
    ),
    "work waits": observed(backlog=Backlog(500, 16, 3, 120.0)),
}


@pytest.mark.parametrize("what", list(QUIET))
def test_what_needs_only_time_is_no_failure(what: str) -> None:
    assert said(look(QUIET[what]), "Degraded") == ("False", "NothingFails")


def test_components_at_rest_cannot_fail() -> None:
    seen = observed(pod("worker", waiting("ErrImagePull", PULL, name="worker")), states={"worker": state(0, 0)})
    status = look(seen, at=situation(1, 0))
    assert said(status, "Degraded") == ("False", "NothingFails")


def test_other_failures_are_counted() -> None:
    seen = observed(pod("worker", waiting("ErrImagePull", PULL, name="worker")), states=down("worker"), missing=("xai",))
    assert words(look(seen), "Degraded").endswith("(1 more thing fails)")


def test_the_name_of_the_generator_stands_in_its_url() -> None:
    assert look(observed()).url == f"http://{NAME}-api.prod.svc"
