"""From the API server's JSON to what is remembered of it: as little as the decisions need. Pure.

The operator holds some 20 objects for each generator; at 5,000 generators every field counts. Strings that many objects share are
shared, versions are numbers, and of a pod only its state is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from sys import intern
from typing import Any, cast

from octavo_operator import names
from octavo_operator.kinds import CLAIM, DEPLOYMENT, GENERATOR_SERVICE, STATEFUL_SET, Kind
from octavo_operator.ownership import Fields, owned_fields
from octavo_operator.resource import (
    CLAIM_OWNERS,
    COMPONENTS,
    Child,
    Claim,
    Component,
    ContainerState,
    Pod,
    Reference,
    WorkloadState,
)

Object = Mapping[str, Any]

_MAX_MESSAGE = 2_048
"""Characters of a message that are remembered; of a process's last words the end, of everything else the beginning."""


@dataclass(slots=True)
class Seen:
    """One child as last seen. `whole` is the entry of managedFields with which it was last known to be as applied."""

    kind: Kind
    name: str
    uid: str
    version: int
    hash: str | None
    fixed: str | None
    owner: str
    """uid of the controller that owns it; empty when none does."""
    owner_is_generator: bool
    deleting: bool
    component: Component | None
    workload: WorkloadState | None
    fields: Fields | None
    whole: Fields | None = None

    def differs_from(self, other: Seen) -> bool:
        """Whether anything that a decision could depend on is another; versions and what is known beside do not count."""
        return (
            self.hash != other.hash
            or self.fields is not other.fields
            or self.workload != other.workload
            or self.deleting != other.deleting
            or self.uid != other.uid
            or self.owner != other.owner
            or self.fixed != other.fixed
            or self.component != other.component
        )

    @property
    def reference(self) -> Reference:
        return Reference(self.kind.api_version, self.kind.name, self.name)

    @property
    def is_kept(self) -> bool:
        """A claim that nobody owns is one that was to be retained: it outlives its generator, and is never deleted."""
        return self.kind is CLAIM and self.owner == ""

    def owned_by(self, uid: str) -> bool:
        """Whether it is that generator's: by its owner, or, where somebody took the owner away, by the operator's own fields."""
        return self.owner == uid or (self.owner == "" and self.fields is not None)

    def child(self, uid: str, *, drifted: bool) -> Child:
        """For the generator with that uid. What a former generator of the same name left is going: the collector has it."""
        former = self.owner_is_generator and self.owner != uid
        return Child(
            reference=self.reference,
            uid=self.uid,
            resource_version=str(self.version),
            hash=self.hash,
            fixed=self.fixed,
            drifted=drifted,
            deleting=self.deleting or former,
            kept=self.is_kept,
            owned=former or self.owned_by(uid),
            component=self.component,
            workload=self.workload,
        )


def see(kind: Kind, obj: Object) -> Seen:
    """Any child, from the whole object or from its metadata alone."""
    metadata = obj["metadata"]
    labels = metadata.get("labels") or {}
    annotations = metadata.get("annotations") or {}
    owner = next((reference for reference in metadata.get("ownerReferences") or () if reference.get("controller")), None)
    return Seen(
        kind=kind,
        name=intern(metadata["name"]),
        uid=metadata["uid"],
        version=int(metadata["resourceVersion"]),
        hash=annotations.get(names.HASH_ANNOTATION),
        fixed=annotations.get(names.FIXED_ANNOTATION),
        owner=intern(owner["uid"]) if owner else "",
        owner_is_generator=owner is not None and owner["kind"] == GENERATOR_SERVICE.name,
        deleting="deletionTimestamp" in metadata,
        component=_component(labels),
        workload=_workload(obj) if kind in (DEPLOYMENT, STATEFUL_SET) else None,
        fields=owned_fields(metadata.get("managedFields") or ()),
    )


def family_of(obj: Object) -> str | None:
    """The name of the generator that an object belongs to: by its owner, else by its label; None where neither says one."""
    metadata = obj["metadata"]
    for reference in metadata.get("ownerReferences") or ():
        if reference.get("controller") and reference["kind"] == GENERATOR_SERVICE.name:
            return cast(str, reference["name"])
    return cast("str | None", (metadata.get("labels") or {}).get(names.INSTANCE_LABEL))


def see_pod(obj: Object) -> Pod | None:
    """None for a pod that is no component of a generator."""
    metadata, status = obj["metadata"], obj.get("status") or {}
    component = _component(metadata.get("labels") or {})
    if component is None:
        return None
    conditions = {condition["type"]: condition for condition in status.get("conditions") or ()}
    scheduled = conditions.get("PodScheduled", {})
    images = {container["name"]: container.get("image", "") for container in _containers(obj.get("spec") or {})}
    states = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    return Pod(
        name=metadata["name"],
        component=component,
        phase=intern(status.get("phase", "")),
        ready=conditions.get("Ready", {}).get("status") == "True",
        deleting="deletionTimestamp" in metadata,
        created_at=intern(metadata.get("creationTimestamp") or ""),
        hash=_shared((metadata.get("annotations") or {}).get(names.HASH_ANNOTATION)),
        unschedulable=_bounded(scheduled.get("message", "")) if scheduled.get("status") == "False" else "",
        ip=status.get("podIP", ""),
        containers=tuple(_container(state, images.get(state["name"], "")) for state in states),
    )


def see_claim(obj: Object) -> Claim | None:
    """None for a claim that is no managed store's and not that of the pictures."""
    metadata, status = obj["metadata"], obj.get("status") or {}
    labelled = (metadata.get("labels") or {}).get(names.COMPONENT_LABEL)
    component = next((owner for owner in CLAIM_OWNERS if owner == labelled), None)
    if component is None:
        return None
    messages = [condition.get("message", "") for condition in status.get("conditions") or ()]
    return Claim(
        name=metadata["name"],
        component=component,
        phase=intern(status.get("phase", "Pending")),
        message=_bounded(next(filter(None, messages), "")),
    )


def _component(labels: Mapping[str, str]) -> Component | None:
    value = labels.get(names.COMPONENT_LABEL)
    return next((component for component in COMPONENTS if component == value), None)


def _workload(obj: Object) -> WorkloadState:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    reason = message = ""
    for condition in status.get("conditions") or ():
        failing = (condition["type"] == "ReplicaFailure" and condition["status"] == "True") or (
            condition["type"] == "Progressing" and condition["status"] == "False"
        )
        # that pods cannot be made says more than that nothing progresses
        if failing and (not reason or condition["type"] == "ReplicaFailure"):
            reason, message = intern(condition.get("reason") or condition["type"]), _bounded(condition.get("message", ""))
    return WorkloadState(
        desired=spec.get("replicas", 1),
        ready=status.get("readyReplicas", 0),
        updated=status.get("updatedReplicas", 0),
        current=status.get("observedGeneration", 0) >= obj["metadata"].get("generation", 0),
        trouble_reason=reason,
        trouble_message=message,
    )


def _containers(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]


def _container(status: Mapping[str, Any], image: str) -> ContainerState:
    state, last = status.get("state") or {}, status.get("lastState") or {}
    waiting = state.get("waiting") or {}
    ended = state.get("terminated") or last.get("terminated") or {}
    return ContainerState(
        name=intern(status["name"]),
        ready=bool(status.get("ready")),
        restarts=status.get("restartCount", 0),
        waiting_reason=intern(waiting.get("reason", "")),
        waiting_message=_bounded(waiting.get("message", "")),
        exit_reason=intern(ended.get("reason", "")),
        exit_code=ended.get("exitCode"),
        exit_message=ended.get("message", "")[-_MAX_MESSAGE:],
        image=intern(image),
    )


def _bounded(text: str) -> str:
    return text[:_MAX_MESSAGE]


def _shared(text: str | None) -> str | None:
    return None if text is None else intern(text)
