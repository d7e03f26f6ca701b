"""What the operator thinks in: one generator, what stands for it in the cluster, and what it is given to decide with.

Plain frozen data, taken from the watches' caches and handed to the functions that only compute (`desired`, `plan`, `status`,
`autoscale`). Nothing here knows an API server, a clock or a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Manifest = Mapping[str, Any]
"""A Kubernetes object as it is applied: JSON in Python's own types."""

Component = Literal["api", "worker", "redis", "db"]
COMPONENTS: tuple[Component, ...] = ("api", "worker", "redis", "db")
ClaimOwner = Literal["redis", "db", "images"]
"""Whose volume it is: a managed store's, or that of the pictures, which API and workers share."""
CLAIM_OWNERS: tuple[ClaimOwner, ...] = ("redis", "db", "images")


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """Which generator: what the queue holds and what one reconcile is about."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Reference:
    """One object in the namespace of a generator."""

    api_version: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of a generator is to stand now. `stores` is about managed ones: False puts Redis and the database at no replica."""

    api: int
    workers: int
    stores: bool = True

    @property
    def asleep(self) -> bool:
        """Nothing stands: the activator answers."""
        return self.api == 0


@dataclass(frozen=True, slots=True)
class Passwords:
    """Generated once per generator and kept in its Secret only."""

    redis: str = field(repr=False)
    database: str = field(repr=False)
    forwarding: str = field(repr=False)
    """Signs what the activator hands over for this generator."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """Where the activator listens for one sleeping generator."""

    addresses: tuple[str, ...]
    port: int


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the desired objects depend on besides the resource itself and the operator's settings."""

    uid: str
    scale: Scale
    passwords: Passwords
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    """Secret name → fingerprint of its data, for the Secrets that the resource names; one that is missing is not in it."""
    samples: tuple[str, ...] = ()
    """Providers whose key is not there and in whose stead the fake ones answer."""
    features: frozenset[str] = frozenset()
    """API groups that this cluster has and that something is made for: monitoring.coreos.com, gateway.networking.k8s.io."""
    stand_in: StandIn | None = None
    """Given while requests should reach the activator: asleep, or waking and not answering yet."""


@dataclass(frozen=True, slots=True)
class WorkloadState:
    """A Deployment or StatefulSet, as its controller reports it."""

    desired: int
    ready: int
    updated: int
    current: bool
    """Whether its controller has seen the newest spec."""
    trouble_reason: str = ""
    trouble_message: str = ""
    """What its controller says that fails (ReplicaFailure, ProgressDeadlineExceeded); empty when nothing."""

    @property
    def settled(self) -> bool:
        return self.current and self.ready == self.updated == self.desired


@dataclass(frozen=True, slots=True)
class Child:
    """One object that the operator applied, as last seen."""

    reference: Reference
    uid: str
    resource_version: str
    hash: str | None
    """Annotation octavo.dev/hash: of the manifest that was applied last."""
    fixed: str | None = None
    """Annotation octavo.dev/fixed of a StatefulSet: of the fields that cannot be changed in place; None elsewhere."""
    drifted: bool = False
    """Whether a field that the operator owns was changed by somebody else."""
    deleting: bool = False
    kept: bool = False
    """Whether it outlives its generator: a volume that is to be retained. It is never deleted."""
    owned: bool = True
    """Whether it belongs to this very generator (owner uid); False: somebody else's object stands under this name."""
    component: Component | None = None
    workload: WorkloadState | None = None


@dataclass(frozen=True, slots=True)
class ContainerState:
    name: str
    ready: bool
    restarts: int
    waiting_reason: str = ""
    waiting_message: str = ""
    exit_reason: str = ""
    """Of the last exit: Error, OOMKilled, …; empty when it never ended."""
    exit_code: int | None = None
    exit_message: str = ""
    """Its termination message: the last lines of its log, bounded."""
    image: str = ""
    """As the pod asks for it."""


@dataclass(frozen=True, slots=True)
class Pod:
    name: str
    component: Component
    phase: str
    ready: bool
    deleting: bool
    created_at: str
    hash: str | None
    """Annotation octavo.dev/hash of the pod template that made it: tells a pod of the newest rollout from an older one."""
    unschedulable: str = ""
    """The scheduler's message when it finds no node; empty when placed."""
    ip: str = ""
    """Empty until the pod has one."""
    containers: tuple[ContainerState, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """A PersistentVolumeClaim of a managed store, or of the pictures."""

    name: str
    component: ClaimOwner
    phase: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Backlog:
    """The work of one generator, as its API counts it in the database."""

    queued: int
    running: int
    delayed: int
    oldest_seconds: float
    active_requests: int = 0
    """Requests that the API holds open just now: callers who wait, event streams."""
    last_accepted_at: str | None = None
    """When a job was last accepted, RFC 3339; None when never or not known."""
    model_trouble: str | None = None
    """Why a worker cannot load the model, in its own words."""

    @property
    def open(self) -> int:
        return self.queued + self.running + self.delayed


@dataclass(frozen=True, slots=True)
class BacklogUnknown:
    """The API did not answer the backlog query; `message` says why, in the API's own words where it had some."""

    message: str
    said: bool = False
    """Whether the API itself answered, with these words; False: nothing answered, and these are the caller's."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The API server refused to write one child; `message` is the server's own."""

    reference: Reference
    status: int
    """HTTP: 409 the name is taken, 422 the change is not allowed, 403 a quota or a policy."""
    message: str


@dataclass(frozen=True, slots=True)
class Observed:
    """Everything seen of one generator's children."""

    children: Mapping[Reference, Child]
    pods: tuple[Pod, ...] = ()
    claims: tuple[Claim, ...] = ()
    missing_secrets: tuple[str, ...] = ()
    """'NAME' or 'NAME: key KEY' that the resource refers to, that are not there, and that nothing stands in for."""
    backlog: Backlog | BacklogUnknown | None = None
    """None while nobody has asked yet."""
