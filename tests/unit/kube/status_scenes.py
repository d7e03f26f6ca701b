"""Generators in every state that a cluster has been seen to bring about: what the tests of status, causes and events share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from octavo_core.spec import GeneratorService, Status
from octavo_operator.plan import Refused
from octavo_operator.resource import (
    Backlog,
    BacklogUnknown,
    Child,
    Claim,
    Component,
    ContainerState,
    Observed,
    Passwords,
    Pod,
    Reference,
    Refusal,
    Scale,
    Situation,
    StandIn,
    WorkloadState,
)
from octavo_operator.status import report

NAME = "tales"
START = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
PASSWORDS = Passwords(redis="redispassword-0123456789", database="Database-Password-42", forwarding="f" * 40)
KINDS: Mapping[Component, str] = {"api": "Deployment", "worker": "Deployment", "redis": "StatefulSet", "db": "StatefulSet"}


def generator(generation: int = 1, **spec: Any) -> GeneratorService:
    spec = {"task": "story", "engine": {"name": "ctranslate2", "model": "builtin://tiny-stories"}, **spec}
    metadata = {"name": NAME, "namespace": "prod", "generation": generation}
    return GeneratorService.model_validate({"metadata": metadata, "spec": spec})


def external(**more: Any) -> dict[str, Any]:
    """A spec whose database and Redis are there already."""
    return {
        "database": {"external": {"secretRef": {"name": "shared-db", "key": "url"}}},
        "redis": {"external": {"secretRef": {"name": "shared-redis", "key": "url"}}},
        **more,
    }


def situation(api: int = 1, workers: int = 1, *, stores: bool = True, stand_in: bool = False, samples: tuple[str, ...] = ()) -> Situation:
    where = StandIn(("10.0.0.9",), 20_001) if stand_in else None
    return Situation(uid="u-1", scale=Scale(api, workers, stores), passwords=PASSWORDS, samples=samples, stand_in=where)


ASLEEP = Situation(uid="u-1", scale=Scale(0, 0, stores=False), passwords=PASSWORDS, stand_in=StandIn(("10.0.0.9",), 20_001))


def state(
    desired: int = 1, ready: int = 1, *, updated: int | None = None, current: bool = True, trouble: tuple[str, str] = ("", "")
) -> WorkloadState:
    return WorkloadState(desired, ready, desired if updated is None else updated, current, *trouble)


def child(component: Component, workload: WorkloadState) -> Child:
    reference = Reference("apps/v1", KINDS[component], f"{NAME}-{component}")
    return Child(reference, f"uid-{component}", "1", "hash", component=component, workload=workload)


def foreign(kind: str, name: str) -> Child:
    return Child(Reference("v1", kind, name), "uid-x", "1", None, owned=False)


def container(name: str = "api", *, ready: bool = False, restarts: int = 0, **more: Any) -> ContainerState:
    return ContainerState(name, ready, restarts, **more)


def waiting(reason: str, message: str = "", *, name: str = "api", restarts: int = 0, **more: Any) -> ContainerState:
    return container(name, restarts=restarts, waiting_reason=reason, waiting_message=message, **more)


def crashed(log: str, *, name: str = "api", code: int = 1, restarts: int = 3, backoff: bool = True) -> ContainerState:
    reason, words = ("CrashLoopBackOff", "back-off 40s restarting failed container=api pod=x") if backoff else ("", "")
    return ContainerState(name, False, restarts, reason, words, exit_reason="Error", exit_code=code, exit_message=log)


def pod(component: Component = "api", *containers: ContainerState, name: str = "", ready: bool = False, **more: Any) -> Pod:
    name = name or (f"{NAME}-{component}-0" if component in ("redis", "db") else f"{NAME}-{component}-5d9c-x2x4z")
    more = {"phase": "Pending", "deleting": False, "created_at": "2026-01-01T11:59:00Z", "hash": "h", **more}
    return Pod(name, component, ready=ready, containers=containers, **more)


def observed(
    *pods: Pod,
    states: Mapping[Component, WorkloadState | None] | None = None,
    children: Iterable[Child] = (),
    claims: Sequence[Claim] = (),
    missing: Sequence[str] = (),
    backlog: Backlog | BacklogUnknown | None = None,
) -> Observed:
    """All four workloads stand with one ready pod each, but for what `states` says (None: it is not there)."""
    standing: dict[Component, WorkloadState | None] = {"db": state(), "redis": state(), "api": state(), "worker": state(), **(states or {})}
    found = [child(component, workload) for component, workload in standing.items() if workload is not None]
    return Observed({c.reference: c for c in (*found, *children)}, pods, tuple(claims), tuple(missing), backlog)


def down(*components: Component, **more: WorkloadState | None) -> dict[Component, WorkloadState | None]:
    """States in which no pod of these components is ready."""
    return {**{component: state(1, 0) for component in components}, **more}  # type: ignore[dict-item]


def look(
    seen: Observed,
    *,
    of: GeneratorService | None = None,
    at: Situation | None = None,
    before: Status | None = None,
    seconds: float = 0,
    refusals: Sequence[Refusal | Refused] = (),
) -> Status:
    """The status of one look, `seconds` after the start of the scene."""
    return report(of or generator(), at or situation(), seen, previous=before, now=START + timedelta(seconds=seconds), refusals=refusals)


def said(status: Status, kind: str) -> tuple[str, str]:
    """(status, reason) of one condition."""
    found = status.condition(kind)  # type: ignore[arg-type]
    assert found is not None
    return found.status, found.reason


def words(status: Status, kind: str) -> str:
    found = status.condition(kind)  # type: ignore[arg-type]
    assert found is not None
    return found.message
