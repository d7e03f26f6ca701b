"""What an admin sees. Times are RFC 3339 in UTC; money is US dollars."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Health = Literal["healthy", "unhealthy", "unreachable"]
JobState = Literal["queued", "running", "succeeded", "failed", "cancelled"]
GeneratorState = Literal["idle", "waiting", "working", "sleeping", "progressing", "degraded", "unavailable"]


@dataclass(frozen=True, slots=True)
class Dependency:
    name: str
    status: Literal["healthy", "unhealthy"]
    message: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceView:
    """A service as its own readiness tells it. `reason` says why it is not healthy."""

    name: str
    state: Health
    version: str | None = None
    uptime_seconds: float | None = None
    dependencies: tuple[Dependency, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ProcessView:
    """What runs the services and generators: a process of a laptop, a pod of a cluster. `reason`: why it does not run, or how it last
    ended."""

    name: str
    state: Literal["running", "starting", "sleeping", "failed"]
    restarts: int = 0
    since: str | None = None
    reason: str | None = None
    image: str | None = None
    generators: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Queue:
    """`queued` may run now, `delayed` waits for its next attempt; `oldest_seconds` is how long the oldest of `queued` has waited."""

    queued: int = 0
    running: int = 0
    delayed: int = 0
    oldest_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Spent:
    usd: float = 0.0
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class ProviderSpent:
    provider: str
    today: Spent
    month: Spent


@dataclass(frozen=True, slots=True)
class Cost:
    """Today and this month in UTC. `held` is reserved by calls under way; None where only the sum of today is known."""

    today: Spent
    month: Spent | None = None
    held: Spent | None = None
    by_provider: tuple[ProviderSpent, ...] = ()


@dataclass(frozen=True, slots=True)
class Recent:
    """Of the jobs that were accepted in the last `minutes`: how many have ended, and how."""

    minutes: int
    accepted: int
    succeeded: int
    failed: int
    cancelled: int


@dataclass(frozen=True, slots=True)
class Count:
    ready: int
    desired: int


@dataclass(frozen=True, slots=True)
class Versions:
    """`api`: of the resource's schema. `generation`: how often the resource was edited. `images`: what runs, where that are images."""

    api: str
    generation: int | None = None
    images: tuple[str, ...] = ()
    software: str | None = None


@dataclass(frozen=True, slots=True)
class GeneratorView:
    """`reason` is the root cause of what is wrong. `queue`, `cost` and `recent` are None where nobody could be asked, and `cost` also for
    a generator without a budget, for which nobody counts."""

    name: str
    task: str
    model: str
    state: GeneratorState
    versions: Versions
    namespace: str | None = None
    reason: str | None = None
    spec: dict[str, Any] = field(default_factory=dict)
    workers: Count | None = None
    api: Count | None = None
    queue: Queue | None = None
    recent: Recent | None = None
    cost: Cost | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class JobView:
    """A job without what was asked and answered: those are a person's words, and of some lanes secrets. `error` is what its owner is
    told. `failures` counts attempts that failed, `attempt` all that began."""

    id: str
    generator: str
    user: str | None
    status: JobState
    attempt: int
    failures: int
    cancel_requested: bool
    accepted_at: str
    started_at: str | None
    ended_at: str | None
    correlation_id: str
    error: dict[str, Any] | None = None
    progress: dict[str, Any] | None = None
    usage: dict[str, Any] | None = None
    provider: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class JobEvent:
    id: str
    type: str
    at: str
    attempt: int | None = None
    stage: str | None = None
    error: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class JobFilter:
    """`before` is the id that ended the page before; `accepted_from` and `accepted_to` are milliseconds since the epoch."""

    limit: int
    before: str | None = None
    states: tuple[JobState, ...] = ()
    generator: str | None = None
    user: str | None = None
    accepted_from: int | None = None
    accepted_to: int | None = None


@dataclass(frozen=True, slots=True)
class JobPage:
    """Newest first. `missing`: whose jobs could not be asked for, with the reason."""

    items: tuple[JobView, ...]
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Admin:
    """Who acts, and from where."""

    user: str
    address: str


@dataclass(frozen=True, slots=True)
class Act:
    """For the audit log. `subject` is whom it concerns; `detail` is never what somebody typed."""

    admin: Admin
    action: str
    detail: str
    subject: str | None = None
    outcome: Literal["ok", "refused"] = "ok"


@dataclass(frozen=True, slots=True)
class Reply:
    """Another service's answer, to be passed on."""

    status: int
    body: bytes
    media_type: str
