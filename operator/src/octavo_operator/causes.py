"""Why a generator does not stand as it should: everything that fails, the deepest first.

A broken password of the database shows as a worker that crashes, an API that is not ready and a rollout that does not end. People need
the first link of that chain. So each thing that fails is a `Cause` with a depth: what is wrong with the resource or its Secrets comes
before a store's own failure, that before the pods that need the store, and these before what is only a consequence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from octavo_core.spec import GeneratorService
from octavo_operator import names
from octavo_operator.plan import Refused
from octavo_operator.resource import (
    COMPONENTS,
    Backlog,
    BacklogUnknown,
    Child,
    Claim,
    Component,
    ContainerState,
    Observed,
    Pod,
    Reference,
    Refusal,
    Scale,
)
from octavo_operator.symptoms import PULL_REASONS, camel, crashes, immutable, missed_store, needed, pull_words, waits_for_claim
from octavo_operator.words import last_words, listed, one_line, without_passing

_WORDS = 500
"""Of what a failing thing said, at most so many characters."""


class Depth(IntEnum):
    """How far from the symptom: the smaller, the nearer to the root."""

    INPUT = 0
    """The resource, a Secret that it names, a name that another object has."""
    STORE = 1
    """A managed store's own failure: volume, placing, image, crash."""
    POD = 2
    """An API or worker pod cannot start, whatever it needs."""
    DEPENDENCY = 3
    """A pod says that a store does not let it in or does not answer."""
    CRASH = 4
    ANSWER = 5
    """The API answers, with an error."""
    ROLLOUT = 6
    """A controller's own summary of what lies deeper."""
    EXTRA = 7
    """Something that no request needs."""


@dataclass(frozen=True, slots=True, order=True)
class Cause:
    """One failure. In order: the deepest first, then by component, then by text, so that the first one is the same at every look."""

    depth: Depth
    place: int
    message: str
    reason: str
    component: Component | None = None
    blocks: bool = False
    """Whether no request can be accepted and worked on while this holds, although pods may be ready."""
    varies: bool = False
    """Whether the words may differ in numbers at every try."""


_PLACE: Mapping[Component | None, int] = {None: 0, "db": 1, "redis": 2, "api": 3, "worker": 4}
_RESOURCES: Mapping[Component, str] = {
    "api": "raise spec.api.resources.limits.memory",
    "worker": "raise spec.workers.resources.limits.memory, or lower spec.workers.concurrency",
    "redis": "raise the memory that the operator's settings give to Redis",
    "db": "raise the memory that the operator's settings give to databases",
}


def wanted(resource: GeneratorService, scale: Scale) -> dict[Component, int]:
    """How many pods of each component are to stand; components that this resource does not have are left out."""
    counts: dict[Component, int] = {}
    if resource.spec.database.managed is not None:
        counts["db"] = int(scale.stores)
    if resource.spec.redis.managed is not None:
        counts["redis"] = int(scale.stores)
    return {**counts, "api": scale.api, "worker": scale.workers}


def find_causes(
    resource: GeneratorService, scale: Scale, observed: Observed, refusals: Sequence[Refusal | Refused] = (), secrets: Sequence[str] = ()
) -> list[Cause]:
    """All that fails, the root cause first; empty where nothing does. `secrets` are taken out of every message.

    What has not had its time yet (a pod that starts, a container that ended once, a store that is on its way) is no failure.
    """
    look = _Look(resource, wanted(resource, scale), observed, tuple(secrets))
    return sorted({*look.inputs(refusals), *look.stores_and_pods(), *look.answers()})


class _Look:
    def __init__(self, resource: GeneratorService, counts: Mapping[Component, int], observed: Observed, secrets: tuple[str, ...]) -> None:
        self._resource = resource
        self._counts = counts
        self._observed = observed
        self._secrets = secrets
        self._workloads: dict[Component, Child] = {
            child.component: child
            for child in observed.children.values()
            if child.component is not None and child.workload is not None and child.owned
        }

    # ---- what is given

    def inputs(self, refusals: Sequence[Refusal | Refused]) -> Iterator[Cause]:
        for missing in sorted(self._observed.missing_secrets):
            name, _, key = missing.partition(": key ")
            what = f"key {key} is missing in Secret {name}" if key else f"Secret {name} is missing"
            text = f"{what}, which {self._referrers(name)} refers to; create it in the namespace of this GeneratorService"
            yield self._cause(Depth.INPUT, "SecretMissing", text)
        taken = {child.reference for child in self._observed.children.values() if not child.owned}
        for refusal in refusals:
            if isinstance(refusal, Refused):
                if refusal.foreign:
                    taken.add(refusal.reference)
                else:
                    yield self._cause(_depth(refusal.reference), "ChangeRefused", refusal.message)
            elif refusal.status == 409:
                taken.add(refusal.reference)
            else:
                yield self._refused(refusal)
        for reference in sorted(taken, key=lambda r: (r.kind, r.name)):
            text = (
                f"{reference.kind} {reference.name} is there already and belongs to something else, so it is left alone;"
                " delete or rename it, or give this GeneratorService another name"
            )
            yield self._cause(_depth(reference), "NameTaken", text, blocks=needed(reference.kind))

    def _referrers(self, secret: str) -> str:
        return listed(secret_references(self._resource).get(secret, ()) or ("this GeneratorService",))

    def _refused(self, refusal: Refusal) -> Cause:
        kind, name = refusal.reference.kind, refusal.reference.name
        words = self._words(refusal.message)
        depth = _depth(refusal.reference)
        if refusal.status == 403 and "exceeded quota" in refusal.message:
            return self._cause(depth, "QuotaExceeded", f"{kind} {name} is over a quota of the namespace: {words}")
        if refusal.status == 403:
            return self._cause(depth, "Forbidden", f"{kind} {name} may not be written: {words}")
        if refusal.status == 422:
            hint = "; change it back, or delete this GeneratorService and create it anew" if immutable(refusal.message) else ""
            return self._cause(depth, "ChangeRefused", f"the API server refuses {kind} {name}: {words}{hint}")
        return self._cause(depth, "WriteRefused", f"{kind} {name} cannot be written ({refusal.status}): {words}", varies=True)

    # ---- what stands

    def stores_and_pods(self) -> Iterator[Cause]:
        for component in COMPONENTS:
            if self._counts.get(component, 0) > 0:
                own = [cause for pod in self._pods(component) if (cause := self._of_pod(pod)) is not None]
                yield from (cause for claim in self._claims(component) if (cause := self._of_claim(claim, component)) is not None)
                yield from own
                yield from self._of_workload(component, bool(own))

    def _pods(self, component: Component) -> list[Pod]:
        pods = [pod for pod in self._observed.pods if pod.component == component and not pod.deleting]
        return sorted(pods, key=lambda pod: pod.name)

    def _claims(self, component: Component) -> list[Claim]:
        """Those that its pods wait for."""
        waited_for = ("images",) if component in ("api", "worker") else (component,)
        return sorted((claim for claim in self._observed.claims if claim.component in waited_for), key=lambda claim: claim.name)

    def _of_claim(self, claim: Claim, component: Component) -> Cause | None:
        words = self._words(claim.message)
        if claim.phase == "Lost":
            text = f"PersistentVolumeClaim {claim.name} has lost its volume" + (f": {words}" if words else "")
            return self._cause(Depth.STORE, "ClaimLost", text, component)
        if claim.phase == "Pending" and (words or any(waits_for_claim(pod) for pod in self._pods(component))):
            said = words or "; ".join(self._words(pod.unschedulable) for pod in self._pods(component) if pod.unschedulable)
            text = f"PersistentVolumeClaim {claim.name} gets no volume: {said}; is there a StorageClass for it?"
            return self._cause(Depth.STORE, "ClaimPending", text, component, varies=True)
        return None

    def _of_pod(self, pod: Pod) -> Cause | None:
        depth = Depth.STORE if pod.component in ("db", "redis") else Depth.POD
        if pod.unschedulable and not any(c.phase != "Bound" for c in self._claims(pod.component) if waits_for_claim(pod)):
            return self._cause(
                depth, "Unschedulable", f"pod {pod.name} fits on no node: {self._words(pod.unschedulable)}", pod.component, varies=True
            )
        found = [cause for container in pod.containers if (cause := self._of_container(pod, container, depth)) is not None]
        return min(found, default=None)

    def _of_container(self, pod: Pod, container: ContainerState, depth: Depth) -> Cause | None:
        where = f"pod {pod.name}"
        waiting, words = container.waiting_reason, container.waiting_message
        if waiting in PULL_REASONS:
            return self._of_pull(pod, container, depth)
        if waiting == "CreateContainerConfigError":
            return self._cause(depth, waiting, f"{where} cannot start container {container.name}: {self._words(words)}", pod.component)
        if waiting in ("CreateContainerError", "RunContainerError"):
            said = self._words(words or container.exit_message)
            return self._cause(depth, waiting, f"{where} cannot start container {container.name}: {said}", pod.component, varies=True)
        if crashes(container):
            return self._of_crash(pod, container, depth)
        return None

    def _of_pull(self, pod: Pod, container: ContainerState, depth: Depth) -> Cause:
        named = re.search(r'image "([^"]+)"', container.waiting_message)
        image = container.image or (named[1] if named else "")
        words = self._words(without_passing(pull_words(container.waiting_message)))
        reason = container.waiting_reason if container.waiting_reason in ("ErrImageNeverPull", "InvalidImageName") else "ImagePullBackOff"
        what = f'image "{one_line(image, 300, self._secrets)}"' if image else "the image"
        text = f"pod {pod.name} cannot pull {what} of container {container.name}" + (f": {words}" if words else "")
        return self._cause(depth, reason, text, pod.component, varies=True)

    def _of_crash(self, pod: Pod, container: ContainerState, depth: Depth) -> Cause | None:
        where = f"pod {pod.name}: container {container.name}"
        if container.exit_reason == "OOMKilled":
            text = f"{where} was killed because it needs more memory than its limit; {_RESOURCES[pod.component]}"
            return self._cause(depth, "OOMKilled", text, pod.component)
        last = last_words(container.exit_message)
        line = self._words(without_passing(last))
        code = "" if container.exit_code is None else f" (exit code {container.exit_code})"
        said = f'; its last words: "{line}"' if line else f"; it left no words, `kubectl logs {pod.name} --previous` may"
        if depth is Depth.POD and line:
            dependency = missed_store(last)
            if dependency is not None:
                return None if self._on_its_way(dependency) else self._of_dependency(dependency, f'{where} says "{line}"', pod.component)
        return self._cause(
            Depth.CRASH if depth is Depth.POD else depth,
            "CrashLoopBackOff",
            f"{where} keeps ending{code}{said}",
            pod.component,
            varies=True,
        )

    def _of_dependency(self, reason: str, text: str, component: Component, *, blocks: bool = False) -> Cause:
        return self._cause(Depth.DEPENDENCY, reason, text + self._hint(reason), component, blocks=blocks, varies=True)

    def _hint(self, reason: str) -> str:
        store, external = (
            ("redis", self._resource.spec.redis.external)
            if reason.startswith("Redis")
            else ("database", self._resource.spec.database.external)
        )
        if external is not None:
            reference = external.secret_ref
            return f"; the URL comes from Secret {reference.name}, key {reference.key} (spec.{store}.external)"
        if reason == "DatabaseLoginRefused":
            name = self._resource.name
            return f"; the volume of {names.database(name)} was made with another password than Secret {names.credentials(name)} holds now"
        return ""

    def _of_workload(self, component: Component, explained: bool) -> Iterator[Cause]:
        child = self._workloads.get(component)
        if child is None or child.workload is None or not child.workload.trouble_reason:
            return
        state, name = child.workload, f"{child.reference.kind} {child.reference.name}"
        words = self._words(state.trouble_message)
        if state.trouble_reason == "ProgressDeadlineExceeded":
            if explained:
                return
            still = f"; {state.ready} of its pods answer" if state.ready else ""
            yield self._cause(Depth.ROLLOUT, state.trouble_reason, f"{name}: the rollout does not get ahead{still}: {words}", component)
        elif "exceeded quota" in state.trouble_message:
            yield self._cause(Depth.POD, "QuotaExceeded", f"{name} may make no pods: {words}", component, varies=True)
        else:
            yield self._cause(Depth.POD, camel(state.trouble_reason), f"{name} cannot make its pods: {words}", component, varies=True)

    # ---- what the API answers

    def answers(self) -> Iterator[Cause]:
        backlog = self._observed.backlog
        if isinstance(backlog, Backlog) and backlog.model_trouble and self._counts["worker"]:
            words = self._words(backlog.model_trouble)
            text = f'a worker of {self._resource.name} cannot load its model: "{words}"'
            yield self._cause(Depth.CRASH, "ModelNotLoaded", text, "worker", blocks=True, varies=True)
        if not isinstance(backlog, BacklogUnknown) or not backlog.said or self._counts["api"] == 0:
            return
        line = self._words(without_passing(backlog.message))
        dependency = missed_store(backlog.message)
        if dependency is None:
            yield self._cause(Depth.ANSWER, "ApiFails", f'the API of {self._resource.name} answers "{line}"', "api", varies=True)
        elif not self._on_its_way(dependency):
            yield self._of_dependency(dependency, f'the API of {self._resource.name} says "{line}"', "api", blocks=True)

    def _on_its_way(self, dependency: str) -> bool:
        """Whether the store that is missed is a managed one that has not come up yet: then nothing fails, it only takes time."""
        if dependency not in ("DatabaseUnreachable", "RedisUnreachable"):
            return False
        component: Component = "redis" if dependency.startswith("Redis") else "db"
        if component not in self._counts:
            return False
        child = self._workloads.get(component)
        return child is None or child.workload is None or child.workload.ready == 0

    # ---- making one

    def _words(self, text: str) -> str:
        return one_line(text, _WORDS, self._secrets).rstrip(".; ")

    def _cause(
        self, depth: Depth, reason: str, text: str, component: Component | None = None, *, blocks: bool = False, varies: bool = False
    ) -> Cause:
        return Cause(depth, _PLACE[component], one_line(text, 1_200, self._secrets), reason, component, blocks, varies)


def _depth(reference: Reference) -> Depth:
    return Depth.INPUT if needed(reference.kind) else Depth.EXTRA


def secret_references(resource: GeneratorService) -> dict[str, tuple[str, ...]]:
    """Secret name → the fields of the spec that refer to it (`spec.providers[0].credentials`)."""
    found: dict[str, list[str]] = {}
    _walk(resource.spec.model_dump(mode="json", by_alias=True, exclude_none=True), "spec", found)
    return {name: tuple(paths) for name, paths in found.items()}


def _walk(value: object, path: str, found: dict[str, list[str]]) -> None:
    match value:
        case {"secretRef": {"name": str(name)}}:
            found.setdefault(name, []).append(path)
        case dict():
            for key, inner in value.items():
                _walk(inner, f"{path}.{key}", found)
        case list():
            for index, inner in enumerate(value):
                _walk(inner, f"{path}[{index}]", found)
        case _:
            pass
