"""What stands for one generator, as a tree: from kubectl's JSON to nodes. Pure, and by the same functions with which the operator sees.

The operator's own status says what fails; where it has not looked at the newest spec yet (it is down, or this very moment is too early),
the cause is computed here, and the view says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from octavo_core.errors import InvalidResource
from octavo_core.spec import Status, parse_resource
from octavo_operator import names
from octavo_operator.kinds import DEPLOYMENT, STATEFUL_SET, kind_of
from octavo_operator.observe import see, see_claim, see_pod
from octavo_operator.resource import Child, Claim, Component, ContainerState, Observed, Passwords, Pod, Reference, Scale, Situation, StandIn
from octavo_operator.status import report
from octavo_operator.symptoms import PULL_REASONS, crashes

State = Literal["good", "bad", "waits", "idle", "plain"]

WORKLOADS: tuple[tuple[Component, str], ...] = (("api", "API"), ("worker", "workers"), ("redis", "Redis"), ("db", "database"))
_FAILS = PULL_REASONS | {"CrashLoopBackOff", "CreateContainerConfigError", "CreateContainerError", "RunContainerError"}


@dataclass(frozen=True, slots=True)
class Node:
    """One line: what it is, how it is, and what hangs on it."""

    label: str
    state: State = "plain"
    detail: str = ""
    children: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    name: str
    about: str
    """Task and model, in a line."""
    state: State
    verdict: str
    """Whether it works, in a few words."""
    cause: str
    """Why not; empty where nothing fails."""
    notes: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    """(name, value) of what one wants to know besides."""
    nodes: tuple[Node, ...]


def view_of(resource: Mapping[str, Any], objects: Sequence[Mapping[str, Any]] | None, now: datetime) -> View:
    """`objects`: all that carries the generator's instance label, as far as the caller may see it; None where nobody looked."""
    status, notes = _status_of(resource, objects, now)
    name = resource["metadata"]["name"]
    state, verdict = _verdict(status)
    return View(
        name=name,
        about=f"{resource['spec'].get('task', '?')} with {status.model or '?'}",
        state=state,
        verdict=verdict,
        cause=_cause(status),
        notes=notes,
        facts=tuple(_facts(resource, status, now)),
        nodes=tuple(_nodes(name, objects or (), now)),
    )


# ---- what it says of itself


def _status_of(resource: Mapping[str, Any], objects: Sequence[Mapping[str, Any]] | None, now: datetime) -> tuple[Status, tuple[str, ...]]:
    written = _written(resource)
    generation = resource["metadata"].get("generation")
    if "deletionTimestamp" in resource["metadata"]:
        return written or Status(), ("it is being deleted",)
    if written is not None and written.observed_generation == generation:
        return written, ()
    late = "the operator has not looked at this resource yet" if written is None else "the operator has not seen the newest change yet"
    if objects is None:
        return written or Status(), (late,)
    try:
        seen = _look(resource, objects, written, now)
    except InvalidResource as error:
        return written or Status(), (f"{late}; it cannot be read here either: {error.message}",)
    return seen, (f"{late}; what follows is what this command sees. Is the operator running?",)


def _written(resource: Mapping[str, Any]) -> Status | None:
    status = resource.get("status")
    if not status:
        return None
    try:
        return Status.model_validate(status)
    except ValueError:
        return None


def _look(resource: Mapping[str, Any], objects: Sequence[Mapping[str, Any]], written: Status | None, now: datetime) -> Status:
    parsed = parse_resource({key: value for key, value in resource.items() if key != "status"})
    uid = resource["metadata"].get("uid", "")
    children: dict[Reference, Child] = {}
    for obj in objects:
        try:
            kind = kind_of(obj["apiVersion"], obj["kind"])
        except KeyError:
            continue
        if kind.name not in ("Pod", "PersistentVolumeClaim"):
            child = see(kind, obj).child(uid, drifted=False)
            children[child.reference] = child
    asked = {child.component: child.workload.desired for child in children.values() if child.component and child.workload}
    stores = [asked[component] > 0 for component in ("db", "redis") if component in asked]
    scale = Scale(asked.get("api", parsed.spec.api.replicas), asked.get("worker", parsed.spec.workers.min), any(stores) if stores else True)
    led_away = any(reference.name == names.activator(parsed.name) for reference in children)
    samples = (written.samples if written is not None else None) or ()
    situation = Situation(uid, scale, Passwords("", "", ""), samples=samples, stand_in=StandIn((), 0) if led_away else None)
    observed = Observed(children, tuple(_pods(objects)), tuple(_claims(objects)))
    return report(parsed, situation, observed, previous=written, now=now)


def _pods(objects: Sequence[Mapping[str, Any]]) -> Iterator[Pod]:
    return (pod for obj in objects if obj["kind"] == "Pod" and (pod := see_pod(obj)) is not None)


def _claims(objects: Sequence[Mapping[str, Any]]) -> Iterator[Claim]:
    return (claim for obj in objects if obj["kind"] == "PersistentVolumeClaim" and (claim := see_claim(obj)) is not None)


def _verdict(status: Status) -> tuple[State, str]:
    ready, sleeping = status.condition("Ready"), status.condition("Sleeping")
    degraded, progressing = status.condition("Degraded"), status.condition("Progressing")
    if ready is None:
        return "waits", "not looked at yet"
    if ready.status != "True":
        failing = degraded is not None and degraded.status == "True"
        return ("bad" if failing else "waits"), f"not ready ({ready.reason})"
    if degraded is not None and degraded.status == "True":
        return "bad", "ready, but degraded"
    if sleeping is not None and sleeping.status == "True":
        return "idle", "ready, asleep" if sleeping.reason == "Asleep" else "ready, workers asleep"
    if progressing is not None and progressing.status == "True":
        return "good", f"ready, changing ({progressing.reason})"
    return "good", "ready"


def _cause(status: Status) -> str:
    degraded, ready = status.condition("Degraded"), status.condition("Ready")
    if degraded is not None and degraded.status == "True":
        return f"{degraded.reason}: {degraded.message}"
    if ready is not None and ready.status == "False":
        return ready.message
    return ""


def _facts(resource: Mapping[str, Any], status: Status, now: datetime) -> Iterator[tuple[str, str]]:
    if status.url:
        yield "url", status.url
    if status.queue is not None:
        queue = status.queue
        oldest = f", the oldest waits for {_span(queue.oldest_seconds)}" if queue.queued else ""
        yield "queue", f"{queue.queued} queued, {queue.running} running, {queue.delayed} to be tried again{oldest}"
    if status.samples:
        yield "samples", f"given in place of {', '.join(status.samples)}, whose key cannot be found"
    progressing = status.condition("Progressing")
    if progressing is not None and progressing.status == "True":
        yield "under way", progressing.message
    created = resource["metadata"].get("creationTimestamp")
    if created:
        yield "age", age(created, now)


# ---- what stands


def _nodes(name: str, objects: Sequence[Mapping[str, Any]], now: datetime) -> Iterator[Node]:
    shown: set[int] = set()
    for component, title in WORKLOADS:
        mine = [obj for obj in objects if _label(obj, names.COMPONENT_LABEL) == component]
        workload = next((obj for obj in mine if obj["kind"] in (DEPLOYMENT.name, STATEFUL_SET.name)), None)
        pods = sorted((obj for obj in mine if obj["kind"] == "Pod"), key=lambda obj: str(obj["metadata"]["name"]))
        claims = [obj for obj in mine if obj["kind"] == "PersistentVolumeClaim"]
        shown.update(id(obj) for obj in (workload, *pods, *claims))
        if workload is None and not pods:
            continue
        inside = (*(_pod_node(pod, now) for pod in pods), *(_claim_node(claim) for claim in claims))
        yield replace(_workload_node(title, workload), children=inside) if workload is not None else Node(title, "bad", "gone", inside)
    for obj in objects:
        if obj["kind"] == "PersistentVolumeClaim" and obj["metadata"]["name"] == names.images(name):
            shown.add(id(obj))
            yield replace(_claim_node(obj), label=f"pictures  volume {names.images(name)}")
    rest: dict[str, list[str]] = {}
    for obj in objects:
        if id(obj) not in shown:
            rest.setdefault(obj["kind"], []).append(obj["metadata"]["name"])
    if names.activator(name) in rest.get("EndpointSlice", ()):
        yield Node("activator", "idle", "takes its requests")
    rest.pop("EndpointSlice", None)
    if rest:
        yield Node("beside", children=tuple(Node(kind, detail=", ".join(sorted(found))) for kind, found in sorted(rest.items())))


def _workload_node(title: str, obj: Mapping[str, Any]) -> Node:
    kind = DEPLOYMENT if obj["kind"] == DEPLOYMENT.name else STATEFUL_SET
    state = see(kind, {**obj, "metadata": {"uid": "", "resourceVersion": "0", **obj["metadata"]}}).workload
    label = f"{title}  {obj['kind']} {obj['metadata']['name']}"
    if state is None or (state.desired == 0 and state.ready == 0):
        return Node(label, "idle", "asleep")
    counted = f"{state.ready}/{state.desired} ready"
    if state.trouble_reason:
        return Node(label, "bad", f"{counted}, {state.trouble_reason}")
    if not state.settled:
        return Node(label, "waits", counted + ("" if state.updated >= state.desired else f", {state.updated} of the newest"))
    return Node(label, "good", counted)


def _pod_node(obj: Mapping[str, Any], now: datetime) -> Node:
    pod = see_pod(obj)
    name = f"pod {obj['metadata']['name']}"
    if pod is None:
        return Node(name)
    restarts = sum(container.restarts for container in pod.containers)
    parts = [_pod_words(pod)]
    if restarts:
        parts.append(f"{restarts} restart{'' if restarts == 1 else 's'}")
    if node := (obj.get("spec") or {}).get("nodeName"):
        parts.append(f"on {node}")
    if pod.created_at:
        parts.append(age(pod.created_at, now))
    return Node(name, _pod_state(pod), ", ".join(parts))


def _pod_words(pod: Pod) -> str:
    if pod.deleting:
        return "ending"
    if pod.unschedulable:
        return "fits on no node"
    worst = next((container for container in pod.containers if _fails(container)), None)
    if worst is not None:
        return worst.waiting_reason or worst.exit_reason or "fails"
    waiting = next((container.waiting_reason for container in pod.containers if container.waiting_reason), "")
    return "ready" if pod.ready else waiting or (f"{pod.phase.lower()}, not ready" if pod.phase == "Running" else pod.phase.lower())


def _pod_state(pod: Pod) -> State:
    if pod.deleting:
        return "idle"
    if pod.unschedulable or any(_fails(container) for container in pod.containers) or pod.phase == "Failed":
        return "bad"
    return "good" if pod.ready else "waits"


def _fails(container: ContainerState) -> bool:
    return container.waiting_reason in _FAILS or crashes(container)


def _claim_node(obj: Mapping[str, Any]) -> Node:
    claim = see_claim(obj)
    size = ((obj.get("status") or {}).get("capacity") or {}).get("storage", "")
    phase = claim.phase if claim is not None else ""
    state: State = "good" if phase == "Bound" else "bad" if phase == "Lost" else "waits"
    return Node(f"volume {obj['metadata']['name']}", state, " ".join(part for part in (phase.lower(), size) if part))


def _label(obj: Mapping[str, Any], label: str) -> str:
    return str((obj["metadata"].get("labels") or {}).get(label, ""))


# ---- times


def age(created: str, now: datetime) -> str:
    """As kubectl writes it: 90s, 12m, 5h, 3d."""
    try:
        then = datetime.fromisoformat(created)
    except ValueError:
        return ""
    return _span((now - then.replace(tzinfo=then.tzinfo or UTC)).total_seconds())


def _span(seconds: float) -> str:
    seconds = max(0.0, seconds)
    for most, unit, size in ((120, "s", 1), (7_200, "m", 60), (172_800, "h", 3_600)):
        if seconds < most:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds // 86_400)}d"
